"""Queries that have ended, in memory: waiting to be archived, counted once, decaying."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

from kitbash.blackboard.board import OPEN, EventKind, LaterCode
from kitbash.blackboard.ending import SettleCode
from kitbash.blackboard.redis_ending import MOST_LATER
from kitbash.domain.ids import QueryId
from kitbash.domain.lifecycle import Lifecycle
from tests.twins.memory_bus import MemoryBus


class MemoryEnding(MemoryBus):
    """The part of a `Blackboard` about queries that are over."""

    def __init__(self, clock_ms: Callable[[], int], *, ttl_s: int) -> None:
        super().__init__(clock_ms, ttl_s=ttl_s)
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._told: set[tuple[QueryId | None, EventKind, str]] = set()
        self._relayed = "0"

    def ended(self, limit: int) -> Sequence[QueryId]:
        with self._changed:
            return sorted(self._ended, key=lambda it: (self._ended[it], it))[:limit]

    def settle(self, query_id: QueryId, *, decay_s: int, is_logged: bool) -> SettleCode:
        with self._changed:
            query = self._query(query_id)
            if query is None:
                return SettleCode.MISSING
            if query.state == OPEN:
                return SettleCode.OPEN
            if query.is_settled:
                return SettleCode.BEFORE
            query.is_settled = True
            if is_logged:
                query.lifecycle = Lifecycle.LOGGED.value
                self._log(query, EventKind.LIFECYCLE, query.lifecycle)
                self._tell(query_id, EventKind.LIFECYCLE, query.lifecycle)
            query.stages.clear()
            query.work.clear()
            query.events = [event for event in query.events if event.kind is not EventKind.TEXT]
            query.spotlights.decay(self._clock_ms() + decay_s * 1000)
            return SettleCode.SETTLED

    def tell_later(self, query_id: QueryId | None, kind: EventKind, data: str, *, name: str) -> LaterCode:
        with self._changed:
            code = self._tell_query(query_id, kind, data, name)
            if (query_id, kind, name) not in self._told:
                self._told.add((query_id, kind, name))
                self._tell(query_id or QueryId(""), kind, data)
            return code

    def _tell_query(self, query_id: QueryId | None, kind: EventKind, data: str, name: str) -> LaterCode:
        query = None if query_id is None else self._query(query_id)
        if query is None:
            return LaterCode.MISSING
        if not query.is_settled:
            return LaterCode.NOT_SETTLED
        if (kind, name) in query.later:
            return LaterCode.BEFORE
        if len(query.later) >= MOST_LATER:
            return LaterCode.TOO_MUCH
        query.later.add((kind, name))
        self._log(query, kind, data)
        return LaterCode.TOLD

    def relayed(self) -> str:
        with self._changed:
            return self._relayed

    def note_relayed(self, entry_id: str) -> None:
        with self._changed:
            self._relayed = entry_id

    def tally(self, query_id: QueryId, day: str, counts: Mapping[str, int]) -> bool:
        with self._changed:
            if self._ended.pop(query_id, None) is None:
                return False
            self.count(day, counts)
            return True

    def count(self, day: str, counts: Mapping[str, int]) -> None:
        with self._changed:
            self._counts[day].update(counts)

    def counts(self, days: Sequence[str]) -> Mapping[str, int]:
        with self._changed:
            sums: Counter[str] = Counter()
            for day in days:
                sums.update(self._counts[day])
            return dict(sums)

    def forget(self, query_id: QueryId) -> None:
        with self._changed:
            self._move_to_ended(query_id)
