"""Whose public keys count, in what role, and when: the rules of adding, rotating and revoking them."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from kitbash.swarm import check
from kitbash.swarm.errors import Invalid
from kitbash.swarm.trust.key_files import key_id
from kitbash.swarm.trust.roles import Role

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DAY_MS: Final = 86_400_000
LIFETIME_MS: Final = 90 * DAY_MS
MAX_KEYS: Final = 10_000
_PUBLIC_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One public key: whose, in what role, and when it counts. Times are milliseconds since 1970.

    It counts for what was dispatched from `since_ms` to before `until_ms`; rotation brings `until_ms` forward. Once
    `revoked_ms` is set it counts for nothing, whenever that was signed.
    """

    agent: str
    role: Role
    public: str
    since_ms: int
    until_ms: int
    revoked_ms: int | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        """Check the fields. Raises Invalid."""
        check.name_in_key(self.agent, "agent")
        check.text(self.reason, "reason", most_chars=200)
        check.put(self, role=Role(self.role), public=public_text(self.public))
        if self.until_ms < self.since_ms:
            message = f"the key of {self.agent} would end before it begins; give it a later end"
            raise Invalid(message)

    @property
    def key_id(self) -> str:
        """Return the name that signatures give the key."""
        return key_id(_raw(self.public))

    def counts_at(self, at_ms: int) -> bool:
        """Return whether the key counts for what was dispatched at this time, revocation aside."""
        return self.since_ms <= at_ms < self.until_ms


@dataclass(frozen=True)
class Registry:
    """All keys there are or were, in the order they were added, and the document's number, which only grows."""

    serial: int = 0
    keys: tuple[KeyEntry, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, KeyEntry]:
        """Return the keys by their names."""
        return {key.key_id: key for key in self.keys}

    @cached_property
    def _by_agent(self) -> Mapping[str, tuple[KeyEntry, ...]]:
        found: dict[str, tuple[KeyEntry, ...]] = {}
        for key in self.keys:
            found[key.agent] = (*found.get(key.agent, ()), key)
        return found

    @cached_property
    def _verifying(self) -> dict[str, "Ed25519PublicKey"]:
        return {}

    def verifying(self, key: KeyEntry) -> "Ed25519PublicKey":
        """Return a key that verifies; made once."""
        if key.public not in self._verifying:
            self._verifying[key.public] = public_key(key.public)
        return self._verifying[key.public]

    def of(self, agent: str) -> tuple[KeyEntry, ...]:
        """Return an agent's keys, the oldest first."""
        return self._by_agent.get(agent, ())

    def current(self, agent: str, at_ms: int) -> KeyEntry | None:
        """Return the key that an agent signs with at a time, or None."""
        counting = [key for key in self.of(agent) if key.counts_at(at_ms) and key.revoked_ms is None]
        return counting[-1] if counting else None

    def with_key(self, entry: KeyEntry) -> "Registry":
        """Return the registry with one more key. An earlier key of the agent ends where the new one begins.

        Raises Invalid if the key is there already, or the agent has another role.
        """
        if entry.key_id in self.by_id:
            message = f"the key {entry.key_id} is in the registry already; make a new one"
            raise Invalid(message)
        if any(key.role is not entry.role for key in self.of(entry.agent) if key.revoked_ms is None):
            message = f"{entry.agent} has another role; revoke its keys first, or give the new agent another name"
            raise Invalid(message)
        if len(self.keys) >= MAX_KEYS:
            message = f"the registry holds {MAX_KEYS:,} keys; use another prefix for another swarm"
            raise Invalid(message)
        earlier = tuple(_ended(key, entry.since_ms) if key.agent == entry.agent else key for key in self.keys)
        return Registry(self.serial + 1, (*earlier, entry))

    def revoking(self, agent: str, *, at_ms: int, reason: str, name: str | None = None) -> "Registry":
        """Return the registry with an agent's keys revoked, or only the named one. Raises Invalid if there is none."""
        hit = [key.key_id for key in self.of(agent) if key.revoked_ms is None and name in {None, key.key_id}]
        if not hit:
            message = f"{agent} has no key {name or ''} that could be revoked; see `kitbash swarm keys list`"
            raise Invalid(message)
        gone = (replace(key, revoked_ms=at_ms, reason=reason) if key.key_id in hit else key for key in self.keys)
        return Registry(self.serial + 1, tuple(gone))


def public_text(public: str) -> str:
    """Return a public key of 32 bytes as it is, in base64 that has one form only. Raises Invalid for anything else."""
    _raw(public)
    return public


def public_key(public: str) -> "Ed25519PublicKey":
    """Return a public key that verifies, of base64. Raises Invalid for anything else."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - as above

    return Ed25519PublicKey.from_public_bytes(_raw(public))


def _ended(key: KeyEntry, at_ms: int) -> KeyEntry:
    return replace(key, until_ms=max(key.since_ms, min(key.until_ms, at_ms)))


def _raw(public: str) -> bytes:
    try:
        raw = b64decode(public, validate=True)
    except ValueError:
        raw = b""
    if len(raw) != _PUBLIC_BYTES or b64encode(raw).decode() != public:
        message = "this is no public key: it must be 32 bytes in base64, as `kitbash swarm keys list` shows it"
        raise Invalid(message)
    return raw
