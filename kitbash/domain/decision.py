"""One decision of triage, as it stands on the bus and in the archive."""

from dataclasses import dataclass
from enum import StrEnum


class DecisionKind(StrEnum):
    """What was decided."""

    CARTRIDGES = "cartridges"
    SPOTLIGHT = "spotlight"
    FOLK_WISDOM = "folk_wisdom"
    SPECULATION = "speculation"
    CONTRADICTION = "contradiction"
    CONTEXT = "context"
    ROUTE = "route"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision: what it was made of, what came out, why, and how sure it is (0 to 1).

    `at_ms` is the server's time of the bus state it was made from, so that the same state gives the same decision.
    """

    decision_id: str
    at_ms: int
    kind: DecisionKind
    rationale: str
    input: tuple[str, ...]
    output: tuple[str, ...]
    confidence: float
