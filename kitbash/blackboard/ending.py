"""What the blackboard promises about queries that have ended: they wait to be archived, are counted once, and decay."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Protocol

from kitbash.domain.ids import QueryId


class SettleCode(IntEnum):
    """What came of settling an ended query; mirrors `lua/settle.lua`."""

    SETTLED = 1
    BEFORE = 0
    OPEN = -1
    MISSING = -2


class Ending(Protocol):
    """The part of the blackboard about queries that are over. All raise StoreUnavailable when it does not answer."""

    def ended(self, limit: int) -> Sequence[QueryId]:
        """Return the queries that ended first and are not yet archived."""
        ...

    def settle(self, query_id: QueryId, *, decay_s: int, is_logged: bool) -> SettleCode:
        """Let what only the layers of an ended query needed go; its spotlights live `decay_s` longer."""
        ...

    def tally(self, query_id: QueryId, day: str, counts: Mapping[str, int]) -> bool:
        """Count an ended query and drop it from those that wait, both or neither; False if it was counted before."""
        ...

    def count(self, day: str, counts: Mapping[str, int]) -> None:
        """Add to the counts of a day."""
        ...

    def counts(self, days: Sequence[str]) -> Mapping[str, int]:
        """Return the sums of what was counted on these days."""
        ...
