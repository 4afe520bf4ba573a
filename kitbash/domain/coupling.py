"""What comes of coupling the levels of one query: checks, contradictions and the health of the whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from kitbash.domain.item import UNOPPOSED, Placement
from kitbash.domain.level import Level

COUNTS_ABOVE: Final = 0.3
"""A contradiction counts when its size exceeds this over kappa."""


class Severity(StrEnum):
    """How much a contradiction matters, by the levels it is between."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


SEVERITIES: Final[Mapping[tuple[Level, Level], Severity]] = {
    (Level.EMPIRICAL, Level.AXIOMATIC): Severity.CRITICAL,
    (Level.EMPIRICAL, Level.NARRATIVE): Severity.HIGH,
    (Level.AXIOMATIC, Level.NARRATIVE): Severity.HIGH,
    (Level.NARRATIVE, Level.INTENT): Severity.MEDIUM,
    (Level.INTENT, Level.HEURISTIC): Severity.LOW,
    (Level.INTENT, Level.MASK): Severity.LOW,
}
"""The pairs that are coupled, in the order in which the rules run: the first constrains the second."""

UNRESOLVED: Final = "unresolved"
OF_REPLY: Final = "r"
"""How the ids of contradictions begin that a model's reply brought; those of coupling begin otherwise."""
STRUCK: Final = "struck"
"""The resolution of a contradiction of a model's reply that was kept out of the answer."""
FLAGGED: Final = "flagged"
"""A contradiction of fiction in a project with kappa below 1: seen, and nothing follows."""


@dataclass(frozen=True, slots=True)
class Mask:
    """History (L2) against intent (L4), one bit a proposition; `disagreement` is their XOR."""

    propositions: tuple[str, ...]
    history: str
    intent: str
    disagreement: str


@dataclass(frozen=True, slots=True)
class Check:
    """One pair of levels that both had items. `deltas` names what it found; it passed if nothing."""

    a: Level
    b: Level
    deltas: tuple[str, ...] = ()
    mask: Mask | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    """A contradiction between two items of different levels. `size` is 0 to 1, in thousandths.

    `key` is what both speak about, or for a gate the permission that was not given.
    """

    delta_id: str
    a: Level
    b: Level
    item_a: str
    item_b: str
    key: str
    size: float
    severity: Severity
    resolution: str = UNRESOLVED

    @property
    def is_of_reply(self) -> bool:
        """Return whether a model's reply brought it, on top of what coupling found."""
        return self.delta_id.startswith(OF_REPLY)


@dataclass(frozen=True, slots=True)
class Coupled:
    """The outcome of one coupling. Items without a placement are approved. `at_ms` is the server's time."""

    at_ms: int
    checks: tuple[Check, ...] = ()
    deltas: tuple[Delta, ...] = ()
    placements: Mapping[str, Placement] = field(default_factory=dict[str, Placement])

    def placement(self, ident: str) -> Placement:
        """Return where an item ended, and why."""
        return self.placements.get(ident, UNOPPOSED)


class Response(StrEnum):
    """What follows from the contradictions of a query."""

    REFUSE = "refuse"
    ASK = "ask"
    LOWER = "lower"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Health:
    """How many unresolved contradictions there are of each severity, and what follows from the worst.

    `settled` counts those that are flagged or resolved. The query is coherent while critical and high ones together
    do not exceed the threshold.
    """

    critical: int
    high: int
    medium: int
    low: int
    settled: int
    is_coherent: bool
    response: Response
