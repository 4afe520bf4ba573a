"""What the metabolism counts, decides and remembers: digests of question forms, never their text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from kitbash.domain.coupling import Severity
from kitbash.domain.homeostasis import Balance
from kitbash.domain.layer import Layer

SURE: Final = 0.7
"""An answer at this confidence or above counts as a success."""
WINDOW: Final = 100
"""How many settled queries the statistics are about."""
MOST_PROPOSALS: Final = 100


class CycleKind(StrEnum):
    """The cycles; at most one runs at a time."""

    BACKGROUND = "background"
    IDLE = "idle"
    SLEEP = "sleep"


@dataclass(frozen=True, slots=True)
class Settled:
    """What is noted of a query that has ended. `form` is the digest of its normal form.

    `clashes` are the contradictions that mattered to its answer: two facts' names, joined by a bar, and the size.
    """

    query_id: str
    form: str
    layer: Layer | None
    confidence: float
    ended_ms: int
    is_asked_back: bool = False
    severities: Mapping[Severity, int] = field(default_factory=dict[Severity, int])
    clashes: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the last settled queries say; rates are shares of them, 0 to 1, and all are 0 when there are none."""

    queries: int = 0
    answered: Mapping[Layer, int] = field(default_factory=dict[Layer, int])
    success_rate: float = 0.0
    question_rate: float = 0.0
    critical_rate: float = 0.0
    severities: Mapping[Severity, int] = field(default_factory=dict[Severity, int])
    clashing: tuple[tuple[str, int], ...] = ()

    def share(self, layer: Layer) -> float:
        """Return which share a layer answered."""
        return self.answered.get(layer, 0) / self.queries if self.queries else 0.0


@dataclass(frozen=True, slots=True)
class Precision:
    """How many of the judged answers were right."""

    right: int = 0
    judged: int = 0

    @property
    def share(self) -> float:
        """Return the share, 0 when nothing was judged."""
        return self.right / self.judged if self.judged else 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """How well search knew how sure it was: the mean confidence of judged answers against the share that was right."""

    judged: int
    confidence: float
    right: float

    @property
    def gap(self) -> float:
        """Return how much surer search was than it was right, -1 to 1."""
        return self.confidence - self.right


class ProposalKind(StrEnum):
    """What a person is asked to decide."""

    LEVEL = "level"
    THRESHOLD = "threshold"
    CONTRADICTION = "contradiction"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something for a person to do; nothing is changed by itself. `about` names what, in Kitbash's own words.

    A later proposal of the same kind about the same thing takes the place of the earlier one.
    """

    kind: ProposalKind
    about: str
    action: str
    reason: str
    cycle: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What a sleep cycle did to what is served. `precision` is all that was judged before it: the baseline to hold."""

    cycle: int
    at_ms: int
    grains: tuple[str, ...]
    precision: Precision


@dataclass(frozen=True, slots=True)
class State:
    """What the metabolism remembers. `settled` is how many queries were settled when it last looked at them.

    `turn` counts background cycles, `crystallised` the grains made since the last one. Times are the server's, in ms
    since 1970, 0 for never. `pending` is what a sleep cycle is about to change: it stands here before anything is
    changed, so that a cycle that dies at it is known.
    """

    turn: int = 0
    settled: int = 0
    background_ms: int = 0
    idle_ms: int = 0
    sleep_ms: int = 0
    calibration: Calibration | None = None
    statistics: Statistics = field(default_factory=Statistics)
    balance: Balance = field(default_factory=Balance)
    crystallised: int = 0
    pending: Changes | None = None
    review: Changes | None = None
    proposals: tuple[Proposal, ...] = ()


@dataclass(frozen=True, slots=True)
class CycleResult:
    """What one cycle did. `cycle` is the fencing number of its lease: a later cycle has a larger one.

    `analysed` counts what it looked at, `found` what of it mattered; `changed` says in words what is different now.
    """

    cycle: int
    kind: CycleKind
    started_ms: int
    completed_ms: int
    success: bool
    analysed: int = 0
    found: int = 0
    changed: tuple[str, ...] = ()
    error: str = ""
