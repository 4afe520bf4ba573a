"""The blackboard in this process's memory: what the one on Redis promises, with a clock that a test can turn."""

from collections.abc import Callable, Sequence

from kitbash.blackboard.board import (
    OPEN,
    Claim,
    ClaimCode,
    Claiming,
    EventKind,
    FinishCode,
    NewQuery,
    OpenQuery,
    Pulse,
    RecordCode,
    Recording,
    SayCode,
)
from kitbash.domain import bus_codec, codec
from kitbash.domain.answer import Answer
from kitbash.domain.coupling import Delta
from kitbash.domain.decision import Decision
from kitbash.domain.ids import QueryId
from kitbash.domain.lifecycle import Lifecycle
from kitbash.domain.verdict import Verdict
from tests.twins.memory_lanes import system_clock_ms
from tests.twins.memory_query import Held, MemoryQuery
from tests.twins.memory_reading import MemoryReading


class MemoryBlackboard(MemoryReading):
    """A `Blackboard` for tests. Values go through the codecs, as they do on the way to Redis."""

    def __init__(self, *, ttl_s: int, max_deliveries: int, clock_ms: Callable[[], int] = system_clock_ms) -> None:
        super().__init__(clock_ms, ttl_s=ttl_s)
        self._max_deliveries = max_deliveries

    def open(self, query: NewQuery) -> None:
        with self._changed:
            if self._query(query.query_id) is None:
                self._log(self._written(query), EventKind.OPENED, "")
                self._tell(query.query_id, EventKind.OPENED, query.text)
                self._open.add(query.query_id)

    def begin(self, query: NewQuery, claiming: Claiming) -> Claim:
        with self._changed:
            self.open(query)
            return self.claim(
                query.query_id,
                claiming.stage,
                token=claiming.token,
                lease_ms=claiming.lease_ms,
                lifecycle=claiming.lifecycle,
            )

    def open_answered(self, query: NewQuery, verdict: Verdict, answer: Answer) -> None:
        with self._changed:
            if self._query(query.query_id) is None:
                held = self._written(query, took_us=int(verdict.latency_ms * 1000))
                self._log(held, EventKind.OPENED, "")
                self._say(held, verdict)
                self._open.add(query.query_id)
                self._end(held, answer)

    def claim(
        self, query_id: QueryId, stage: str, *, token: str, lease_ms: int, lifecycle: Lifecycle | None = None
    ) -> Claim:
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
            seen = self._seen(query, now_ms, token)
            if held.done:
                return Claim(ClaimCode.RECORDED, seen)
            count = held.count + (held.token != token)
            query.stages[stage] = Held(token, now_ms + lease_ms, count)
            query.touched_ms = now_ms
            self._log(query, EventKind.STARTED, stage)
            if lifecycle is not None:
                self._come(query, lifecycle)
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
        decisions: Sequence[Decision] = (),
        deltas: Sequence[Delta] = (),
        opinion: str = "",
    ) -> RecordCode:
        with self._changed:
            query = self._query(query_id)
            if query is None:
                return RecordCode.MISSING
            held = query.stages.get(stage)
            if held is None or held.token != token:
                return RecordCode.NOT_HELD
            if held.done:
                return RecordCode.BEFORE
            if query.state != OPEN:
                return RecordCode.ENDED
            held.done = True
            query.touched_ms = self._clock_ms()
            query.expires_ms = query.touched_ms + self._ttl_ms
            if product:
                query.work[stage] = product
            query.work |= {f"{stage}.opinion": opinion} if opinion else {}
            for decision in decisions:
                query.decisions.append(codec.dumps(bus_codec.decision_to(decision)))
                self._log(query, EventKind.DECISION, str(len(query.decisions) - 1))
                self._tell(query_id, EventKind.DECISION, query.decisions[-1])
            for delta in deltas:
                query.spotlights.deltas.append(codec.dumps(bus_codec.delta_to(delta)))
                query.spotlights.coupling_until_ms = query.expires_ms
                self._log(query, EventKind.DELTA, str(len(query.spotlights.deltas) - 1))
                self._tell(query_id, EventKind.DELTA, query.spotlights.deltas[-1])
            if verdict is None:
                self._log(query, EventKind.RECORDED, stage)
            else:
                self._say(query, verdict)
                self._tell(query_id, EventKind.VERDICT, query.verdicts[-1])
            if answer is not None:
                self._end(query, answer)
            return RecordCode.RECORDED

    def say(self, query_id: QueryId, stage: str, *, token: str, text: str, lease_ms: int) -> SayCode:
        with self._changed:
            query = self._query(query_id)
            if query is None:
                return SayCode.MISSING
            if query.state != OPEN:
                return SayCode.ENDED
            held = query.stages.get(stage)
            if held is None or held.token != token:
                return SayCode.NOT_HELD
            held.until_ms = self._clock_ms() + lease_ms
            if text:
                self._log(query, EventKind.TEXT, text)
            return SayCode.SAID

    def pass_on(self, query_id: QueryId, recording: Recording, claiming: Claiming) -> tuple[RecordCode, Claim]:
        with self._changed:
            code = self.record(
                query_id,
                recording.stage,
                token=recording.token,
                verdict=recording.verdict,
                product=recording.product,
                answer=recording.answer,
                decisions=recording.decisions,
                deltas=recording.deltas,
                opinion=recording.opinion,
            )
            claim = self.claim(
                query_id,
                claiming.stage,
                token=claiming.token,
                lease_ms=claiming.lease_ms,
                lifecycle=claiming.lifecycle,
            )
            return code, claim

    def finish(self, query_id: QueryId, answer: Answer) -> FinishCode:
        with self._changed:
            query = self._query(query_id)
            if query is None:
                return FinishCode.MISSING
            if query.state != OPEN:
                return FinishCode.ENDED
            self._end(query, answer)
            return FinishCode.FINISHED

    def resume(self, pulse: Pulse, *, most: int) -> bool:
        with self._changed:
            query = self._query(pulse.query_id)
            if query is None or query.state != OPEN or query.touched_ms != pulse.touched_ms or query.resumed >= most:
                return False
            query.touched_ms = self._clock_ms()
            query.resumed += 1
            return True

    def _written(self, query: NewQuery, *, took_us: int = 0) -> MemoryQuery:
        now_ms = self._clock_ms()
        opened_us = now_ms * 1000 - took_us
        written = MemoryQuery(query, opened_us, now_ms + query.timeout_ms, now_ms + self._ttl_ms, now_ms)
        self._queries[query.query_id] = written
        return written

    def _seen(self, query: MemoryQuery, now_ms: int, token: str) -> OpenQuery:
        new = query.new
        left_ms = query.deadline_ms - now_ms
        work = dict(query.work)
        return OpenQuery(
            new.query_id, new.text, new.project, new.kappa, left_ms, work, new.user, now_ms, token, new.consensus
        )

    def _say(self, query: MemoryQuery, verdict: Verdict) -> None:
        query.verdicts.append(codec.verdict_to(verdict))
        self._log(query, EventKind.VERDICT, str(len(query.verdicts) - 1))

    def _end(self, query: MemoryQuery, answer: Answer) -> None:
        now_ms = self._clock_ms()
        query.state = answer.status.value
        query.answer = codec.answer_to(answer)
        query.took_us = now_ms * 1000 - query.opened_us
        query.expires_ms = now_ms + self._ttl_ms
        self._log(query, EventKind.FINISHED, "")
        self._tell(query.new.query_id, EventKind.FINISHED, query.answer)
        self._move_to_ended(query.new.query_id)
