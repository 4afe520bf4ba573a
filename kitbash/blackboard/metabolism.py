"""What the blackboard promises about the metabolism: one cycle at a time, and all or nothing of what it found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Protocol

from kitbash.domain.metabolism import CycleKind, CycleResult, Settled, State
from kitbash.domain.resonance import Pattern

MOST_RECENT: Final = 1000
"""How many settled queries are noted; beyond them the oldest goes."""
MOST_CYCLES: Final = 100


class BeginCode(IntEnum):
    """What came of taking the lease; mirrors `lua/begin_cycle.lua`."""

    BEGUN = 1
    HELD = 0


class KeepCode(IntEnum):
    """What came of writing what a cycle found; mirrors `lua/keep_cycle.lua`."""

    KEPT = 1
    LOST = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run a cycle. `cycle` is its fencing number: whoever holds a later lease has a larger one."""

    cycle: int
    token: str
    kind: CycleKind
    begun_ms: int


@dataclass(frozen=True, slots=True)
class Running:
    """A cycle that somebody else runs; its lease ends in `left_ms` unless it is lengthened."""

    cycle: int
    kind: CycleKind
    left_ms: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What is to be written of a cycle. Without a state the old one stands, without a result the cycle goes on."""

    state: State | None = None
    result: CycleResult | None = None
    faded: Sequence[str] = ()
    asked: Mapping[str, Pattern] = field(default_factory=dict[str, Pattern])


class MetabolismStore(Protocol):
    """Where the metabolism's memory is. All raise StoreUnavailable when it does not answer.

    What cannot be read is as if it were not there, with a warning in the log.
    """

    def note(self, settled: Sequence[Settled]) -> None:
        """Have queries that were settled noted and counted, in the order given."""
        ...

    def recent(self, limit: int) -> Sequence[Settled]:
        """Return the queries settled last, the newest first; at most a thousand are known."""
        ...

    def count_settled(self) -> int:
        """Return how many queries were ever noted."""
        ...

    def now_ms(self) -> int:
        """Return the time by the store's clock, in ms since 1970."""
        ...

    def begin(self, kind: CycleKind, *, token: str, lease_ms: int) -> Lease | Running:
        """Take the lease of a new cycle, or return the cycle that runs."""
        ...

    def running(self) -> Running | None:
        """Return the cycle that runs, None if none does."""
        ...

    def keep(self, lease: Lease, findings: Findings, *, lease_ms: int) -> KeepCode:
        """Write what a cycle found, in one step, if it still holds the lease; 0 ms more end the cycle."""
        ...

    def state(self) -> State:
        """Return what the metabolism remembers; a fresh state when there is nothing."""
        ...

    def patterns(self) -> Mapping[str, Pattern]:
        """Return the question forms that resonate, by digest."""
        ...

    def cycles(self, limit: int) -> Sequence[CycleResult]:
        """Return what cycles did, the newest first; at most a hundred are known."""
        ...
