"""Archives for tests: of one query in memory, to be tampered with; one that refuses, and a board that breaks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typing_extensions import override

from kitbash.archive import line
from kitbash.archive.entry import Entry, Kind
from kitbash.archive.writer import Archive
from kitbash.blackboard.board import Trace
from kitbash.blackboard.ending import SettleCode
from kitbash.cascade.compare import Differing, Digests, compare
from kitbash.cascade.confidence import Weights
from kitbash.cascade.overrides import overrides
from kitbash.cascade.policy import Policy
from kitbash.cascade.record import THOUGHT, entries_of
from kitbash.domain.ids import QueryId
from kitbash.errors import StoreUnavailable, UsageError
from tests.twins.memory_board import MemoryBlackboard
from tests.unit.cascade_kit import POLICY, WEIGHTS

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one query by kind, amendments last."""

    of: dict[Kind, list[Line]]

    @property
    def trace(self) -> Line:
        """Return the line of the query's trace."""
        (trace,) = self.of[Kind.QUERY_TRACES]
        return trace

    def replayed(self, *settings: str) -> Differing | None:
        """Return what comes out otherwise with these settings."""
        digests = Digests()
        for kind in THOUGHT:
            for it in self.of[kind]:
                digests.add(kind, it)
        return compare(self.trace, digests, overrides(settings))

    def what(self, *settings: str) -> list[str]:
        """Return which kinds of lines come out otherwise."""
        differing = self.replayed(*settings)
        return [] if differing is None else [it.value for it in differing.what]


def archived(trace: Trace, policy: Policy = POLICY, weights: Weights = WEIGHTS) -> Lines:
    """Return a query's lines, written and read."""
    found: dict[Kind, list[Line]] = {kind: [] for kind in Kind}
    for entry in entries_of(trace, policy, weights):
        for kind, data in line.encode(entry):
            value = line.decode(data, Path(), 1)
            assert value is not None
            found[kind].append(value)
    return Lines(found)


class Refusing(Archive):
    """An archive that refuses when it is told to, and keeps what it took."""

    error: Exception | None = None
    never: str = ""

    @override
    def append(self, entries: Sequence[Entry]) -> None:
        if self.error is not None:
            raise self.error
        if any(entry.query_id == self.never for entry in entries):
            message = "a line is too long"
            raise UsageError(message)
        super().append(entries)


class Foreign(MemoryBlackboard):
    """A board on which something else wrote to some queries' keys, or which goes away in the middle."""

    broken: dict[QueryId, Exception]
    dies_at: str = ""

    @override
    def trace(self, query_id: QueryId) -> Trace | None:
        if query_id in self.broken:
            raise self.broken[query_id]
        return super().trace(query_id)

    @override
    def settle(self, query_id: QueryId, **more: Any) -> SettleCode:
        self._die("settle")
        return super().settle(query_id, **more)

    @override
    def tally(self, query_id: QueryId, day: str, counts: Mapping[str, int]) -> bool:
        self._die("tally")
        return super().tally(query_id, day, counts)

    def _die(self, verb: str) -> None:
        if self.dies_at == verb:
            raise StoreUnavailable(verb)
