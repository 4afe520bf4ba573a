"""What a key of the bus is, by its name: of which Redis type, and how long it lives at most."""

from dataclasses import dataclass
from typing import Final

from kitbash.swarm import check, conflict, context, finding, proposal, records, task


@dataclass(frozen=True, slots=True)
class KeyKind:
    """The Redis type of some keys, and their time to live; None for what stays."""

    type: str
    ttl_s: int | None


_EXACT: Final = {
    "events": KeyKind("stream", None),
    "tasks:unassigned": KeyKind("zset", None),
    "tasks:leased": KeyKind("zset", None),
    "conflicts:open": KeyKind("zset", None),
    "inbox:open": KeyKind("zset", None),
    "proposals:open": KeyKind("zset", None),
}
_BY_BEGIN: Final = (
    ("packet:conflict:", KeyKind("list", conflict.TTL_S)),
    ("packet:proposal:", KeyKind("list", proposal.TTL_S)),
    ("packet:", KeyKind("string", records.SESSION_TTL_S)),
    ("task:", KeyKind("hash", task.TTL_S)),
    ("findings:of:", KeyKind("list", check.MAX_TTL_S)),
    ("findings:on:", KeyKind("list", check.MAX_TTL_S)),
    ("finding:", KeyKind("hash", finding.TTL_S)),
    ("conflict:", KeyKind("hash", conflict.TTL_S)),
    ("proposal:", KeyKind("hash", proposal.TTL_S)),
    ("context:", KeyKind("hash", context.TTL_S)),
    ("session:infrafabric:", KeyKind("string", records.SESSION_TTL_S)),
    ("swarm:registry:", KeyKind("string", records.REGISTRY_TTL_S)),
    ("swarm:remediation:", KeyKind("string", records.SCAN_TTL_S)),
)
FOREIGN: Final = ("trust:",)
"""Below the prefix, but not the bus's to look after."""


def kind_of(name: str) -> KeyKind | None:
    """Return what a key is by its name without the prefix, or None for one the bus does not know."""
    return _EXACT.get(name) or next((kind for begin, kind in _BY_BEGIN if name.startswith(begin)), None)
