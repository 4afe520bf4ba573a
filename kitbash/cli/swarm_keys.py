"""What `kitbash swarm keys` does."""

import getpass
import sys
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from kitbash.cli import output
from kitbash.errors import ConfigError, KitbashError, NotFound
from kitbash.runtime import Runtime
from kitbash.settings import Settings, load
from kitbash.swarm.trust import key_files
from kitbash.swarm.trust.assemble import keys_folder
from kitbash.swarm.trust.key_files import KeyPair
from kitbash.swarm.trust.passwords import password
from kitbash.swarm.trust.pinned import Pinned
from kitbash.swarm.trust.registry import DAY_MS, KeyEntry, Registry
from kitbash.swarm.trust.registry_store import RegistryStore
from kitbash.swarm.trust.roles import Role

_DAYS_SHOWN: Final = "%Y-%m-%d %H:%M"


def new(agent: str, *, role: str, days: int, admin: str, public: str | None) -> None:
    """Make a key, or take a public one, and have it be in the registry if an admin's key is here."""
    settings, its_role = load().settings, Role(role)
    folder, pinned = keys_folder(settings), Pinned(keys_folder(settings))
    is_made = public is None
    secret = _password(settings, is_new=is_made)
    if public is None:
        if key_files.path_of(folder, agent).exists():
            message = f"{agent!r} has a key here already; give it a new one: kitbash swarm keys rotate {agent}"
            raise ConfigError(message)
        pair = key_files.generate(agent)
        key_files.write(folder, pair, secret)
        public = pair.public
        # The first admin enrols itself.
        if its_role is Role.ADMIN and not pinned.roots():
            admin = agent
    if not key_files.path_of(folder, admin).exists():
        output.line(f"made the key of {agent}; no key of {admin!r} is here, so have an admin enrol it:")
        output.line(f"  kitbash swarm keys new {agent} --role {role} --public {public}")
        return
    chief = key_files.read(folder, admin, secret)
    try:
        with _registry(settings) as store:
            registry = store.change(chief, lambda it: it.with_key(_entry(agent, its_role, public, days)))
    except KitbashError:
        if is_made:
            key_files.path_of(folder, agent).unlink()
        raise
    if admin == agent:
        # Not before: a root whose key is not kept would stay pinned, and no other admin be the first.
        pinned.trust(public)
    _tell(f"{agent} is {role}", registry, agent)
    if its_role is Role.ADMIN:
        output.line(f"  other machines trust it after: kitbash swarm keys trust {public}")


def list_(*, as_json: bool) -> None:
    """Print the registry and what is pinned here."""
    settings = load().settings
    with _registry(settings) as store:
        registry = store.read()
    pinned, folder = Pinned(keys_folder(settings)).roots(), keys_folder(settings)
    now_ms = _now_ms()
    keys = [
        {
            "agent": key.agent,
            "role": key.role.value,
            "key": key.key_id,
            "state": _state(key, now_ms),
            "since": _shown(key.since_ms),
            "until": _shown(key.until_ms),
            "reason": key.reason,
            "public": key.public,
            "is_here": key_files.path_of(folder, key.agent).exists(),
            "is_trusted": key.public in pinned,
        }
        for key in registry.keys
    ]
    if as_json:
        output.print_json({"serial": registry.serial, "keys": keys, "trusted": list(pinned)})
        return
    columns = ("agent", "role", "key", "state", "since", "until", "public")
    output.table(f"Keys, registry {registry.serial}", columns, [[key[it] for it in columns] for key in keys])
    for root in pinned:
        output.line(f"trusted here: {root}")


def rotate(agent: str, *, days: int, admin: str, public: str | None) -> None:
    """Give an agent a new key. What was published first is written to disk last: a broken rotation is repeated."""
    settings = load().settings
    folder = keys_folder(settings)
    secret = _password(settings)
    chief = key_files.read(folder, admin, secret)
    pair: KeyPair | None = None
    if public is None:
        # Opened before it is replaced: with another password the folder's keys would not all open.
        key_files.read(folder, agent, secret)
        pair = key_files.generate(agent)
    with _registry(settings) as store:

        def rotated(registry: Registry) -> Registry:
            before = registry.of(agent)
            if not before:
                message = f"{agent!r} has no key in the registry; make one: kitbash swarm keys new {agent}"
                raise NotFound(message)
            return registry.with_key(_entry(agent, before[-1].role, pair.public if pair else str(public), days))

        registry = store.change(chief, rotated)
        if pair is not None:
            key_files.write(folder, pair, secret, replace=True)
            if agent == admin:
                # The new key signs at once: from then on the old one rules no more where that was seen.
                Pinned(folder).trust(pair.public)
                registry = store.change(pair, lambda it: replace(it, serial=it.serial + 1))
                output.line(f"other machines trust the new registry after: kitbash swarm keys trust {pair.public}")
    _let_go(folder, [key.public for key in registry.of(agent)[:-1]])
    _tell(f"{agent} has a new key", registry, agent)


def revoke(agent: str, *, key: str | None, reason: str, admin: str) -> None:
    """Have an agent's keys count for nothing."""
    settings = load().settings
    folder = keys_folder(settings)
    chief = key_files.read(folder, admin, _password(settings))
    with _registry(settings) as store:
        at_ms = _now_ms()

        def revoked(registry: Registry) -> Registry:
            after = registry.revoking(agent, at_ms=at_ms, reason=reason, name=key)
            if any(it.public == chief.public and it.revoked_ms is not None for it in after.keys):
                message = f"{admin!r} cannot revoke the key it signs with; sign as another admin: --admin NAME"
                raise ConfigError(message)
            return after

        registry = store.change(chief, revoked)
    _let_go(folder, [it.public for it in registry.of(agent) if it.revoked_ms is not None])
    within_s = settings.trust.cache_s
    output.line(
        f"revoked {key or 'all keys'} of {agent}; registry {registry.serial} counts everywhere in {within_s:g} s"
    )


def trust(root: str, *, remove: bool) -> None:
    """Pin a root on this machine, or let go of it."""
    pinned = Pinned(keys_folder(load().settings))
    if remove:
        output.line("it is not trusted any more" if pinned.distrust(root) else "it was not trusted")
    else:
        output.line("it is trusted from now on" if pinned.trust(root) else "it was trusted already")


def publish() -> None:
    """Put the newest registry seen here back into Redis."""
    with _registry(load().settings) as store:
        registry = store.put_back()
    output.line(f"registry {registry.serial} with {len(registry.keys)} keys is in Redis again")


def _let_go(folder: Path, roots: Iterable[str]) -> None:
    """Have keys that were revoked or rotated rule no more on this machine, and say what others are to do."""
    pinned = Pinned(folder)
    for root in roots:
        if pinned.distrust(root):
            output.line(f"other machines let go of the old key after: kitbash swarm keys trust {root} --remove")


@contextmanager
def _registry(settings: Settings) -> Generator[RegistryStore]:
    runtime = Runtime(settings)
    try:
        yield runtime.swarm_keys
    finally:
        runtime.close()


def _password(settings: Settings, *, is_new: bool = False) -> SecretStr:
    return password(settings, _asked(is_new=is_new) if sys.stdin.isatty() else None)


def _asked(*, is_new: bool) -> Callable[[], str]:
    def asked() -> str:
        typed = getpass.getpass("Password of the keys in this folder: ")
        if is_new and getpass.getpass("Again: ") != typed:
            message = "the two are not the same; try again"
            raise ConfigError(message)
        return typed

    return asked


def _entry(agent: str, role: Role, public: str, days: int) -> KeyEntry:
    since_ms = _now_ms()
    return KeyEntry(agent, role, public, since_ms, since_ms + days * DAY_MS)


def _tell(what: str, registry: Registry, agent: str) -> None:
    key = registry.of(agent)[-1]
    output.line(f"{what}; key {key.key_id} counts until {_shown(key.until_ms)} (registry {registry.serial})")


def _state(key: KeyEntry, now_ms: int) -> str:
    if key.revoked_ms is not None:
        return "revoked"
    if key.counts_at(now_ms):
        return "counts"
    return "ended" if now_ms >= key.until_ms else "not yet"


def _shown(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime(_DAYS_SHOWN)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
