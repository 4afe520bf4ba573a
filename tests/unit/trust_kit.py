"""Keys, registries and packets that tests of trust sign and judge with; made once, since a key is a key."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from kitbash.swarm.packet import Packet
from kitbash.swarm.trust import key_files
from kitbash.swarm.trust.key_files import KeyPair
from kitbash.swarm.trust.registry import DAY_MS, LIFETIME_MS, KeyEntry, Registry
from kitbash.swarm.trust.roles import Role
from kitbash.swarm.trust.sealer import signed

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW_MS: Final = int(NOW.timestamp() * 1000)
WINDOW_MS: Final = 300_000
ANN: Final = key_files.generate("ann")
BOB: Final = key_files.generate("bob")
ADMIN: Final = key_files.generate("chief")
CONTENTS: Final[Mapping[str, Any]] = {
    "claim": "it's «near» — 🜁",
    "confidence": 0.92,
    "citations": ["a", "b"],
    "n": [1, None],
}


def entry(pair: KeyPair, role: Role = Role.AGENT, *, since_ms: int = NOW_MS - DAY_MS) -> KeyEntry:
    """Return a key's entry that began a day ago and ends 90 days later."""
    return KeyEntry(pair.agent, role, pair.public, since_ms, since_ms + LIFETIME_MS)


def registry(*pairs: KeyPair, role: Role = Role.AGENT) -> Registry:
    """Return a registry of these keys."""
    found = Registry()
    for pair in pairs:
        found = found.with_key(entry(pair, role))
    return found


def packet(origin: str = "ann", *, at: datetime = NOW) -> Packet:
    """Return a packet with contents of several kinds."""
    return Packet(origin, CONTENTS, dispatched_at=at)


def sealed(pair: KeyPair = ANN, action: str = "post_finding", *, at: datetime = NOW) -> Packet:
    """Return a packet that went through two hands of its origin's, the second of which signed it."""
    first = signed(packet(pair.agent, at=at - timedelta(seconds=2)), "post_task", pair)
    return signed(replace(first, dispatched_at=at, signature=None), action, pair)
