"""Stages on Redis: claimed by one delivery, recorded once, and from one to the next in a single round trip."""

from collections.abc import Sequence
from typing import Any, Final

from kitbash.blackboard import keys
from kitbash.blackboard.board import (
    Claim,
    ClaimCode,
    Claiming,
    EventKind,
    OpenQuery,
    RecordCode,
    Recording,
    SayCode,
)
from kitbash.blackboard.connection import translated
from kitbash.blackboard.redis_bus import FEED_LENGTH, earlier
from kitbash.blackboard.redis_reading import RedisReading, number_of
from kitbash.blackboard.scripts import AnyRedis
from kitbash.domain import bus_codec, codec
from kitbash.domain.answer import Answer
from kitbash.domain.coupling import Delta
from kitbash.domain.decision import Decision
from kitbash.domain.ids import QueryId
from kitbash.domain.lifecycle import Lifecycle
from kitbash.domain.strategy import Strategy
from kitbash.domain.verdict import Verdict

_HAS_QUERY: Final = frozenset({ClaimCode.CLAIMED, ClaimCode.RECORDED, ClaimCode.EXHAUSTED})


class RedisStages(RedisReading):
    """The part of a `Blackboard` that the layers work through."""

    def __init__(self, client: AnyRedis, url: str, *, ttl_s: int, max_deliveries: int) -> None:
        """Use a client; `url` is for messages. Nothing is sent yet."""
        super().__init__(client, url, ttl_s=ttl_s)
        self._max_deliveries = max_deliveries

    def claim(
        self, query_id: QueryId, stage: str, *, token: str, lease_ms: int, lifecycle: Lifecycle | None = None
    ) -> Claim:
        """Own one stage of one query until the lease ends, unless it is owned, done, or the query is over."""
        claiming = Claiming(stage, token, lease_ms, lifecycle)
        with translated(self._url):
            reply = self._run(self._scripts.claim, *self._claiming(query_id, claiming))
            return self._claimed(query_id, claiming, reply)

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
        """Keep what the owner of a stage found; with an answer the query is over."""
        recording = Recording(stage, token, verdict, product, answer, tuple(decisions), tuple(deltas), opinion)
        with translated(self._url):
            reply = self._run(self._scripts.record, *self._recording(query_id, recording))
            return self._recorded(query_id, recording, reply)

    def say(self, query_id: QueryId, stage: str, *, token: str, text: str, lease_ms: int) -> SayCode:
        """Append to the query's stream what has come of a reply, and hold the stage until a new lease ends."""
        at = keys.query_keys(query_id)
        with translated(self._url):
            reply = self._run(self._scripts.say, [at.query, at.claims, at.events], [stage, token, text, lease_ms])
        return SayCode(reply)

    def pass_on(self, query_id: QueryId, recording: Recording, claiming: Claiming) -> tuple[RecordCode, Claim]:
        """Record one stage and claim the next, in one round trip where all keys are on one server."""
        with translated(self._url):
            recorded, claimed = self._together(
                (self._scripts.record, *self._recording(query_id, recording)),
                (self._scripts.claim, *self._claiming(query_id, claiming)),
            )
            code = self._recorded(query_id, recording, recorded)
            return code, self._claimed(query_id, claiming, claimed)

    def _claiming(self, query_id: QueryId, claiming: Claiming) -> tuple[list[str], list[Any]]:
        at = keys.query_keys(query_id)
        wanted = [claiming.stage, claiming.token, claiming.lease_ms, self._max_deliveries, self._ttl_s]
        life = claiming.lifecycle
        noted = [life.value if life else "", earlier(life), query_id, FEED_LENGTH]
        return [at.query, at.claims, at.work, at.events, *self._beside(keys.FEED)], [*wanted, *noted]

    def _claimed(self, query_id: QueryId, claiming: Claiming, reply: Any) -> Claim:
        code = ClaimCode(reply[0])
        if code not in _HAS_QUERY:
            return Claim(code)
        _, remaining_ms, text, project, kappa, user, work, now_ms, is_new, consensus = reply
        if self._is_cluster and is_new and claiming.lifecycle:
            self._tell(query_id, EventKind.LIFECYCLE, claiming.lifecycle.value)
        query = OpenQuery(
            query_id,
            text,
            project,
            number_of(kappa),
            int(remaining_ms),
            _mapping(work),
            user,
            at_ms=int(now_ms),
            token=claiming.token,
            consensus=Strategy(consensus or Strategy.NONE),
        )
        return Claim(code, query)

    def _recording(self, query_id: QueryId, recording: Recording) -> tuple[list[str], list[Any]]:
        at = keys.query_keys(query_id)
        said = "" if recording.verdict is None else codec.verdict_to(recording.verdict)
        answer = recording.answer
        end = ["", ""] if answer is None else [codec.answer_to(answer), answer.status.value]
        own = [at.query, at.claims, at.verdicts, at.work, at.answer, at.events, at.end, at.decisions, at.deltas]
        decided = codec.dumps(_decided(recording)) if recording.decisions else ""
        kept = [recording.stage, recording.token, said, recording.product, *end, self._ttl_s, query_id, FEED_LENGTH]
        opposed = codec.dumps(_opposed(recording)) if recording.deltas else ""
        return [*own, *self._beside(keys.FEED, keys.OPEN_QUERIES, keys.ENDED_QUERIES)], [
            *kept,
            decided,
            opposed,
            recording.opinion,
        ]

    def _recorded(self, query_id: QueryId, recording: Recording, reply: Any) -> RecordCode:
        code = RecordCode(reply)
        if self._is_cluster and code is RecordCode.RECORDED:
            for decision in _decided(recording):
                self._tell(query_id, EventKind.DECISION, decision)
            for delta in _opposed(recording):
                self._tell(query_id, EventKind.DELTA, delta)
            if recording.verdict is not None:
                self._tell(query_id, EventKind.VERDICT, codec.verdict_to(recording.verdict))
            if recording.answer is not None:
                self._ended(query_id, codec.answer_to(recording.answer))
        return code

    def _ended(self, query_id: QueryId, said: str) -> None:
        self._tell(query_id, EventKind.FINISHED, said)
        self._scripts.retire(keys=[keys.OPEN_QUERIES, keys.ENDED_QUERIES], args=[query_id])


def _decided(recording: Recording) -> list[str]:
    return [codec.dumps(bus_codec.decision_to(decision)) for decision in recording.decisions]


def _opposed(recording: Recording) -> list[str]:
    return [codec.dumps(bus_codec.delta_to(delta)) for delta in recording.deltas]


def _mapping(flat: Sequence[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))
