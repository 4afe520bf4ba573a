"""The key registry as it is stored and travels: one document, signed by a root that each machine has pinned.

Whoever can write to Redis can take the registry away, and every agent is unknown then; but cannot add a key to it,
change a role, or take back a revocation: an older document has a lower number than one already seen.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

from kitbash.swarm.errors import Invalid, Refused
from kitbash.swarm.trust.canonical import canonical_bytes
from kitbash.swarm.trust.key_files import KeyPair
from kitbash.swarm.trust.registry import KeyEntry, Registry, public_key

_KIND: Final = "kitbash swarm keys 1"


@dataclass(frozen=True, slots=True)
class Signed:
    """A registry as it is stored: the document, its number, the key that signed it, and the signature in base64."""

    document: str
    serial: int
    root: str
    signature: str


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
        public_key(stored.root).verify(b64decode(stored.signature, validate=True), stored.document.encode())
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


def refuse_ended_root(root: str, newest: Signed) -> None:
    """Return if a root may have signed what follows the newest registry seen. Raises Refused otherwise.

    It may not once its key is revoked there, nor once it was rotated there and the key after it has signed: until then
    the rotation may have been broken off, and is repeated with the old key.
    """
    keys = _read(json.loads(newest.document)).keys
    key = next((key for key in keys if key.public == root), None)
    if key is None:
        return
    if key.revoked_ms is not None:
        what = "was revoked"
    elif newest.root != root and any(it.agent == key.agent and it.since_ms >= key.until_ms for it in keys if it != key):
        what = "was rotated"
    else:
        return
    message = (
        f"the key registry is signed by a key of {key.agent!r} that {what}; put back what was seen last: kitbash swarm "
        f"keys publish, and let go of that key: kitbash swarm keys trust {root} --remove"
    )
    raise Refused(message)


def _read(value: Any) -> Registry:
    if value["kind"] != _KIND:
        message = "another kind of document"
        raise Invalid(message)
    return Registry(value["serial"], tuple(KeyEntry(**key) for key in value["keys"]))
