"""The blackboard in this process's memory: what the one on Redis promises, with a clock that a test can turn."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from kitbash.blackboard.board import (
    OPEN,
    Claim,
    ClaimCode,
    Ended,
    Event,
    EventKind,
    FinishCode,
    NewQuery,
    OpenQuery,
    Pulse,
    RecordCode,
    Trace,
)
from kitbash.blackboard.redis_board import FEED_LENGTH
from kitbash.domain import codec
from kitbash.domain.answer import Answer
from kitbash.domain.ids import QueryId
from kitbash.domain.verdict import Verdict
from tests.twins.memory_lanes import MemoryLanes, system_clock_ms
from tests.twins.memory_query import Held, MemoryQuery, place, pulse_of


class MemoryBlackboard(MemoryLanes):
    """A `Blackboard` for tests. Values go through the codec, as they do on the way to Redis."""

    def __init__(self, *, ttl_s: int, max_deliveries: int, clock_ms: Callable[[], int] = system_clock_ms) -> None:
        super().__init__(clock_ms)
        self._ttl_ms = ttl_s * 1000
        self._max_deliveries = max_deliveries
        self._changed = threading.Condition()
        self._entries = 0
        self._queries: dict[QueryId, MemoryQuery] = {}
        self._open: set[QueryId] = set()
        self._feed: deque[Event] = deque(maxlen=FEED_LENGTH)

    def open(self, query: NewQuery) -> None:
        with self._changed:
            self._open.add(query.query_id)
            self._tell(query.query_id, EventKind.OPENED, query.text)
            if self._query(query.query_id) is None:
                self._log(self._written(query), EventKind.OPENED, query.text)

    def open_answered(self, query: NewQuery, verdict: Verdict, answer: Answer) -> None:
        with self._changed:
            said = codec.answer_to(answer)
            if self._query(query.query_id) is None:
                held = self._written(query)
                self._log(held, EventKind.OPENED, query.text)
                held.verdicts.append(codec.verdict_to(verdict))
                self._log(held, EventKind.VERDICT, held.verdicts[-1])
                self._end(held, answer)
            self._tell(query.query_id, EventKind.FINISHED, said)

    def claim(self, query_id: QueryId, stage: str, *, token: str, lease_ms: int) -> Claim:
        with self._changed:
            query, now_ms = self._query(query_id), self._clock_ms()
            if query is None:
                return Claim(ClaimCode.MISSING)
            if query.state != OPEN:
                return Claim(ClaimCode.ENDED)
            if now_ms >= query.deadline_ms:
                return Claim(ClaimCode.LATE)
            held = query.stages.get(stage, Held())
            if not held.done and held.token not in {"", token} and now_ms < held.until_ms:
                return Claim(ClaimCode.HELD)
            seen = self._seen(query, now_ms)
            if held.done:
                return Claim(ClaimCode.RECORDED, seen)
            count = held.count + (held.token != token)
            query.stages[stage] = Held(token, now_ms + lease_ms, count)
            query.touched_ms = now_ms
            self._log(query, EventKind.STARTED, stage)
            code = ClaimCode.EXHAUSTED if count > self._max_deliveries else ClaimCode.CLAIMED
            return Claim(code, seen)

    def record(
        self,
        query_id: QueryId,
        stage: str,
        *,
        token: str,
        verdict: Verdict | None = None,
        product: str = "",
        answer: Answer | None = None,
    ) -> RecordCode:
        with self._changed:
            query = self._query(query_id)
            if query is None:
                return RecordCode.MISSING
            held = query.stages.get(stage)
            if held is None or held.token != token:
                return RecordCode.NOT_HELD
            if held.done:
                return RecordCode.RECORDED
            if query.state != OPEN:
                return RecordCode.ENDED
            held.done = True
            query.touched_ms = self._clock_ms()
            query.expires_ms = query.touched_ms + self._ttl_ms
            if product:
                query.work[stage] = product
            if verdict is None:
                self._log(query, EventKind.RECORDED, stage)
            else:
                query.verdicts.append(codec.verdict_to(verdict))
                self._log(query, EventKind.VERDICT, query.verdicts[-1])
                self._tell(query_id, EventKind.VERDICT, query.verdicts[-1])
            if answer is not None:
                self._tell(query_id, EventKind.FINISHED, self._end(query, answer))
            return RecordCode.RECORDED

    def finish(self, query_id: QueryId, answer: Answer) -> FinishCode:
        with self._changed:
            query = self._query(query_id)
            self._open.discard(query_id)
            if query is None:
                return FinishCode.MISSING
            if query.state != OPEN:
                return FinishCode.ENDED
            self._tell(query_id, EventKind.FINISHED, self._end(query, answer))
            return FinishCode.FINISHED

    def wait_end(self, query_id: QueryId, *, block_ms: int) -> Ended | None:
        def found() -> Ended | None:
            query = self._query(query_id)
            return None if query is None else query.end

        with self._changed:
            self._changed.wait_for(found, block_ms / 1000)
            return found()

    def events(self, query_id: QueryId, *, after: str, block_ms: int) -> Sequence[Event]:
        def found() -> Iterable[Event]:
            query = self._query(query_id)
            return () if query is None else query.events

        return self._stream(found, after, block_ms)

    def feed(self, *, after: str, block_ms: int) -> Sequence[Event]:
        return self._stream(lambda: self._feed, after, block_ms)

    def trace(self, query_id: QueryId) -> Trace | None:
        with self._changed:
            query = self._query(query_id)
            if query is None:
                return None
            return Trace(
                query_id=query_id,
                text=query.new.text,
                project=query.new.project,
                mode=query.new.mode,
                state=query.state,
                opened_ms=query.opened_ms,
                deadline_ms=query.deadline_ms,
                answer=query.end.answer if query.end else None,
                verdicts=tuple(codec.verdict_from(text) for text in query.verdicts),
                events=tuple(query.events),
                work=dict(query.work),
            )

    def pulses(self, limit: int) -> Sequence[Pulse]:
        with self._changed:
            now_ms = self._clock_ms()
            return [pulse_of(it, self._query(it), now_ms) for it in sorted(self._open)[:limit]]

    def resume(self, pulse: Pulse, *, most: int) -> bool:
        with self._changed:
            query = self._query(pulse.query_id)
            if query is None or query.state != OPEN or query.touched_ms != pulse.touched_ms or query.resumed >= most:
                return False
            query.touched_ms = self._clock_ms()
            query.resumed += 1
            return True

    def forget(self, query_id: QueryId) -> None:
        with self._changed:
            self._open.discard(query_id)

    def _query(self, query_id: QueryId) -> MemoryQuery | None:
        query = self._queries.get(query_id)
        return None if query is None or query.expires_ms <= self._clock_ms() else query

    def _written(self, query: NewQuery) -> MemoryQuery:
        now_ms = self._clock_ms()
        self._queries[query.query_id] = MemoryQuery(query, now_ms, now_ms + self._ttl_ms, now_ms)
        return self._queries[query.query_id]

    def _seen(self, query: MemoryQuery, now_ms: int) -> OpenQuery:
        new = query.new
        left_ms = query.deadline_ms - now_ms
        return OpenQuery(new.query_id, new.text, new.project, new.kappa, left_ms, dict(query.work))

    def _end(self, query: MemoryQuery, answer: Answer) -> str:
        query.state = answer.status.value
        said = codec.answer_to(answer)
        query.end = Ended(codec.answer_from(said), tuple(codec.verdict_from(text) for text in query.verdicts))
        query.expires_ms = self._clock_ms() + self._ttl_ms
        self._log(query, EventKind.FINISHED, said)
        self._open.discard(query.new.query_id)
        return said

    def _log(self, query: MemoryQuery, kind: EventKind, data: str) -> None:
        query.events.append(self._event(kind, data, ""))
        self._changed.notify_all()

    def _tell(self, query_id: QueryId, kind: EventKind, data: str) -> None:
        self._feed.append(self._event(kind, data, query_id))
        self._changed.notify_all()

    def _event(self, kind: EventKind, data: str, query_id: str) -> Event:
        self._entries += 1
        return Event(f"{self._clock_ms()}-{self._entries}", kind, data, query_id)

    def _stream(self, entries: Callable[[], Iterable[Event]], after: str, block_ms: int) -> list[Event]:
        def later() -> list[Event]:
            return [event for event in entries() if place(event.entry_id) > place(after)]

        with self._changed:
            self._changed.wait_for(later, block_ms / 1000)
            return later()
