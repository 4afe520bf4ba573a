"""Where the twin keeps its queries and what it tells of them, in this process's memory."""

import threading
from collections import deque
from collections.abc import Callable, Iterable

from kitbash.blackboard.board import Event, EventKind
from kitbash.blackboard.redis_bus import FEED_LENGTH
from kitbash.domain.ids import QueryId
from kitbash.domain.lifecycle import Lifecycle
from tests.twins.memory_lanes import MemoryLanes
from tests.twins.memory_query import MemoryQuery, place


class MemoryStore(MemoryLanes):
    """What every part of the twin stands on. Whoever calls a method with an underscore holds the lock."""

    def __init__(self, clock_ms: Callable[[], int], *, ttl_s: int) -> None:
        super().__init__(clock_ms)
        self._ttl_ms = ttl_s * 1000
        self._changed = threading.Condition()
        self._entries = 0
        self._queries: dict[QueryId, MemoryQuery] = {}
        self._open: set[QueryId] = set()
        self._ended: dict[QueryId, int] = {}
        self._feed: deque[Event] = deque(maxlen=FEED_LENGTH)

    def _query(self, query_id: QueryId) -> MemoryQuery | None:
        query = self._queries.get(query_id)
        return None if query is None or query.expires_ms <= self._clock_ms() else query

    def _move_to_ended(self, query_id: QueryId) -> None:
        if query_id in self._open:
            self._open.discard(query_id)
            self._ended[query_id] = self._clock_ms()

    def _come(self, query: MemoryQuery, lifecycle: Lifecycle) -> None:
        """Note that a query came this far, unless it had."""
        if query.lifecycle and Lifecycle(query.lifecycle) not in lifecycle.earlier:
            return
        query.lifecycle = lifecycle.value
        self._log(query, EventKind.LIFECYCLE, lifecycle.value)
        self._tell(query.new.query_id, EventKind.LIFECYCLE, lifecycle.value)

    def _log(self, query: MemoryQuery, kind: EventKind, data: str) -> None:
        query.events.append(self._event(kind, data, ""))

    def _tell(self, query_id: QueryId, kind: EventKind, data: str) -> None:
        self._feed.append(self._event(kind, data, query_id))

    def _event(self, kind: EventKind, data: str, query_id: str) -> Event:
        self._entries += 1
        self._changed.notify_all()
        return Event(f"{self._clock_ms()}-{self._entries}", kind, data, query_id)

    def _stream(self, entries: Callable[[], Iterable[Event]], after: str, block_ms: int) -> list[Event]:
        def later() -> list[Event]:
            return [event for event in entries() if place(event.entry_id) > place(after)]

        with self._changed:
            self._changed.wait_for(later, block_ms / 1000)
            return later()
