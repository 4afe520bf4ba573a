"""The keys of what trust keeps in Redis, below the bus's own prefix."""

from typing import NamedTuple


class TrustKeys(NamedTuple):
    """The registry (hash), nonces that passed (sorted set), what was forgotten of them (string), faults (stream)."""

    registry: str
    seen: str
    floor: str
    audit: str


def trust_keys(prefix: str) -> TrustKeys:
    """Return the keys below a prefix, which ends in whatever separates it."""
    return TrustKeys(*(f"{prefix}trust:{name}" for name in TrustKeys._fields))
