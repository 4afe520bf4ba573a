"""Whose public keys count, as one document that an admin's key signed.

The document is signed as a whole, by a key that each machine has pinned (`kitbash swarm keys trust`). Whoever can write
to Redis can therefore take the registry away, and every agent is unknown then; but cannot add a key to it, change a
role, or take back a revocation without also showing a serial number lower than one already seen.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from kitbash.swarm import check
from kitbash.swarm.errors import Invalid, Refused
from kitbash.swarm.trust.canonical import canonical_bytes
from kitbash.swarm.trust.key_files import KeyPair, key_id
from kitbash.swarm.trust.roles import Role

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DAY_MS: Final = 86_400_000
LIFETIME_MS: Final = 90 * DAY_MS
MAX_KEYS: Final = 10_000
_KIND: Final = "kitbash swarm keys 1"
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
    def public_text(public: str) -> str:
    """Return a public key of 32 bytes as it is, in base64 that has one form only. Raises Invalid for anything else."""
    _raw(public)
    return public


def sign(registry: Registry, admin: KeyPair) -> Signed:
    """Return the registry as a document that an admin's key signed."""
    keys = [{**asdict(key), "role": key.role.value} for key in registry.keys]
    document = canonical_bytes({"kind": _KIND, "serial": registry.serial, "keys": keys})
    return Signed(document.decode(), registry.serial, admin.public, b64encode(admin.private.sign(document)).decode())


def opened(stored: Signed, roots: Iterable[str], *, least_serial: int) -> Registry:
    """Return the registry of a stored document.

    Raises Refused if it is not signed by one of the pinned roots (public keys in base64), was changed, or its number is
    lower than `least_serial`, the highest one seen before.
    """
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - loaded where something is verified

    if stored.root not in set(roots):
        message = "the key registry is signed by a key that is not pinned here; kitbash swarm keys trust pins it"
        raise Refused(message)
    try:
        _public_key(stored.root).verify(b64decode(stored.signature, validate=True), stored.document.encode())
        registry = _read(json.loads(stored.document))
    except (InvalidSignature, ValueError, KeyError, TypeError) as error:
        message = (
            "the key registry is not what its admin signed; put back what was seen last: kitbash swarm keys publish"
        )
        raise Refused(message) from error
    if registry.serial < least_serial:
        message = (
            f"the key registry has number {registry.serial}, {least_serial} was seen before: somebody put an old one "
            "back; put back what was seen last: kitbash swarm keys publish"
        )
        raise Refused(message)
    return registry


def _read(value: Any) -> Registry:
    if value["kind"] != _KIND:
        message = "another kind of document"
        raise Invalid(message)
    return Registry(value["serial"], tuple(KeyEntry(**key) for key in value["keys"]))


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


def _public_key(public: str) -> "Ed25519PublicKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - as above

    return Ed25519PublicKey.from_public_bytes(_raw(public))
