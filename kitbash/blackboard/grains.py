"""What the blackboard promises about grains: counters that are changed atomically, and a version that tells of it."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, Protocol

from kitbash.domain.grain import Correction, Grain, GrainState, Hit, Subject
from kitbash.domain.ids import QueryId

MOST_GRAINS: Final = 10_000
"""How many grains are kept that are not crystallised; beyond them the one longest untouched goes."""
MOST_CORRECTIONS: Final = 1_000
VOTES_TTL_S: Final = 40 * 86_400
"""How long it is remembered how a query was voted on: longer than the archive keeps it by default."""


class HitCode(IntEnum):
    """What came of a hit; mirrors `lua/hit.lua`."""

    COUNTED = 1
    BEGUN = 2
    """a new record, or one anew because the fact changed"""
    UNKNOWN = 0
    """a grain is said to have answered that is not there"""


class VoteCode(IntEnum):
    """What came of a vote; mirrors `lua/vote.lua`."""

    COUNTED = 1
    MOVED = 2
    """the query was voted on before, the other way; that vote counts no more"""
    BEFORE = 0
    """the query was voted on before, the same way"""
    MISSING = -2


class MoveCode(IntEnum):
    """What came of a change of state; mirrors `lua/promote.lua`."""

    MOVED = 1
    OTHER = 0
    """it is in another state, or about another wording of its fact"""
    MISSING = -2


class Grains(Protocol):
    """The grains' records. Every method is atomic for one grain; all raise StoreUnavailable when it does not answer."""

    def hit(self, hit: Hit, *, enters: bool = False) -> HitCode:
        """Count one query. A record is begun where there is none, and anew where the fact's wording is another.

        One that the grain itself answered counts only where that grain stands crystallised. With `enters` nothing is
        counted, only a record begun if need be.
        """
        ...

    def vote(self, query_id: QueryId, subject: Subject, *, is_right: bool) -> VoteCode:
        """Have a query count once, right or wrong, for what answered it; a record is begun where there is none."""
        ...

    def votes(self) -> tuple[int, int]:
        """Return how many queries were voted right, and how many voted on at all, since the blackboard began."""
        ...

    def promote(self, grain: Grain, to: GrainState) -> MoveCode:
        """Change the state of a grain, if it is still in the state and about the wording that was read."""
        ...

    def restore(self, grain: Grain) -> bool:
        """Put a grain in place as it is given, unless there is a record of it."""
        ...

    def drop(self, grain_id: str) -> bool:
        """Have a grain and its counters gone; False if there was none."""
        ...

    def get(self, grain_id: str) -> Grain | None:
        """Return a grain as it stands in the current cycle."""
        ...

    def every(self) -> Sequence[Grain]:
        """Return all grains as they stand in the current cycle, in order of their ids."""
        ...

    def crystallised(self) -> Sequence[Grain]:
        """Return the crystallised grains, in order of their ids."""
        ...

    def version(self) -> int:
        """Return a number that grows with every change of what crystallised grains there are, or are worth."""
        ...

    def cycle(self) -> int:
        """Return the number of the current cycle, from 0."""
        ...

    def advance_cycle(self) -> int:
        """Begin a new cycle and return its number."""
        ...

    def propose(self, correction: Correction) -> None:
        """Keep a correction for review; of more than 1,000 the oldest goes."""
        ...

    def corrections(self, limit: int) -> Sequence[Correction]:
        """Return what is to be reviewed, the newest first."""
        ...
