"""Trust put together from the settings: what seals and checks packets, who may do what, and where keys are."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kitbash.blackboard.scripts import AnyRedis
from kitbash.settings import Settings
from kitbash.swarm.sealing import Guard, NoGuard, NoSealer, Sealer
from kitbash.swarm.trust import key_files
from kitbash.swarm.trust.audit import Audit
from kitbash.swarm.trust.keys import trust_keys
from kitbash.swarm.trust.passwords import password
from kitbash.swarm.trust.pinned import Pinned
from kitbash.swarm.trust.registry_store import RegistryStore
from kitbash.swarm.trust.replay import Admission
from kitbash.swarm.trust.sealer import PacketSealer, RoleGuard, TrustMode


@dataclass(frozen=True, slots=True)
class Trust:
    """What one client of the bus seals and checks with, and asks for leave."""

    mode: TrustMode
    sealer: Sealer
    guard: Guard


def keys_folder(settings: Settings) -> Path:
    """Return the folder of the private keys and of what is pinned."""
    return (settings.trust.keys_dir or settings.paths.data_dir / "swarm" / "keys").expanduser()


def registry_store(settings: Settings, client: AnyRedis, url: str, prefix: str) -> RegistryStore:
    """Return the key registry below a prefix; nothing is read yet."""
    pinned = Pinned(keys_folder(settings))
    return RegistryStore(client, url, trust_keys(prefix), pinned, cache_s=settings.trust.cache_s)


def trust(
    settings: Settings, client: AnyRedis, url: str, prefix: str, *, asked: Callable[[], str] | None = None
) -> Trust:
    """Return how much the settings trust. The client stays its owner's to close; `url` is for messages.

    Off, everything is taken. Warning, roles are not asked. `asked` asks a person for the password where none is set.
    Raises NotFound or ConfigError if the agent's key cannot be used.
    """
    mode = TrustMode(settings.trust.mode)
    if mode is TrustMode.OFF:
        return Trust(mode, NoSealer(), NoGuard())
    agent = settings.trust.agent
    pair = key_files.read(keys_folder(settings), agent, password(settings, asked)) if agent else None
    keys = trust_keys(prefix)
    registry = registry_store(settings, client, url, prefix).cached
    sealer = PacketSealer(
        registry,
        Admission(client, url, keys, window_ms=int(settings.trust.window_s * 1000)),
        Audit(client, url, keys, is_kept=pair is not None),
        pair=pair,
        is_enforced=mode is TrustMode.ENFORCE,
    )
    return Trust(mode, sealer, RoleGuard(registry) if mode is TrustMode.ENFORCE else NoGuard())
