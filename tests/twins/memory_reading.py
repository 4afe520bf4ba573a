"""How a query stands and what happened to it, read from memory."""

from collections.abc import Iterable, Sequence

from kitbash.blackboard.board import Ended, Event, Pulse, Trace
from kitbash.domain import bus_codec, codec
from kitbash.domain.ids import QueryId
from tests.twins.memory_ending import MemoryEnding
from tests.twins.memory_query import pulse_of


class MemoryReading(MemoryEnding):
    """The part of a `Blackboard` that only reads."""

    def wait_end(self, query_id: QueryId, *, block_ms: int) -> Ended | None:
        def found() -> Ended | None:
            query = self._query(query_id)
            if query is None or query.answer is None:
                return None
            verdicts = tuple(codec.verdict_from(text) for text in query.verdicts)
            return Ended(codec.answer_from(query.answer), verdicts)

        with self._changed:
            self._changed.wait_for(found, block_ms / 1000)
            return found()

    def events(self, query_id: QueryId, *, after: str, block_ms: int) -> Sequence[Event]:
        def found() -> Iterable[Event]:
            query = self._query(query_id)
            return () if query is None else query.told(self._clock_ms())

        return self._stream(found, after, block_ms)

    def feed(self, *, after: str, block_ms: int) -> Sequence[Event]:
        return self._stream(lambda: self._feed, after, block_ms)

    def trace(self, query_id: QueryId) -> Trace | None:
        with self._changed:
            query, now_ms = self._query(query_id), self._clock_ms()
            if query is None:
                return None
            return Trace(
                query_id=query_id,
                text=query.new.text,
                project=query.new.project,
                mode=query.new.mode,
                state=query.state,
                opened_ms=query.opened_us // 1000,
                deadline_ms=query.deadline_ms,
                answer=codec.answer_from(query.answer) if query.answer else None,
                verdicts=tuple(codec.verdict_from(text) for text in query.verdicts),
                events=tuple(query.told(now_ms)),
                work=dict(query.work),
                kappa=query.new.kappa,
                user=query.new.user,
                session=query.new.session,
                lifecycle=query.lifecycle,
                took_us=query.took_us,
                items=query.spotlights.items_at(now_ms),
                coupled=query.spotlights.coupled_at(now_ms),
                decisions=tuple(bus_codec.decision_from(codec.json.loads(text)) for text in query.decisions),
            )

    def pulses(self, limit: int) -> Sequence[Pulse]:
        with self._changed:
            now_ms = self._clock_ms()
            return [pulse_of(it, self._query(it), now_ms) for it in sorted(self._open)[:limit]]
