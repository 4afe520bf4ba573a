"""The blackboard on Redis: one script or one pipeline a call."""

from typing import Any

from kitbash.blackboard import connection, keys
from kitbash.blackboard.board import (
    Claim,
    Claiming,
    EventKind,
    FinishCode,
    NewQuery,
    Pulse,
)
from kitbash.blackboard.connection import server_time_ms, translated
from kitbash.blackboard.redis_bus import FEED_LENGTH
from kitbash.blackboard.redis_stages import RedisStages
from kitbash.blackboard.scripts import AnyRedis
from kitbash.domain import codec
from kitbash.domain.answer import Answer
from kitbash.domain.ids import QueryId
from kitbash.domain.strategy import Strategy
from kitbash.domain.verdict import Verdict


class RedisBlackboard(RedisStages):
    """A `Blackboard` on a Redis or Valkey server, or a cluster of them."""

    def __init__(self, client: AnyRedis, url: str, *, ttl_s: int, max_deliveries: int) -> None:
        """Use a client; `url` is for messages. Nothing is sent yet."""
        super().__init__(client, url, ttl_s=ttl_s, max_deliveries=max_deliveries)

    def close(self) -> None:
        """Close the connections; the board cannot be used afterwards."""
        self._client.close()

    def server(self) -> str:
        """Return the server's name and version."""
        return connection.check(self._client, self._url)

    def count_open(self) -> int:
        """Return how many queries have not ended."""
        with translated(self._url):
            reply: Any = self._client.zcard(keys.OPEN_QUERIES)
        return int(reply)

    def size_bytes(self, query_id: QueryId) -> int:
        """Return how much memory a query's keys take on the server."""
        with translated(self._url):
            sizes = [self._client.memory_usage(key) for key in keys.query_keys(query_id)]
        return sum(size or 0 for size in sizes)

    def open(self, query: NewQuery) -> None:
        """Have the query written and its event stream begun; the sweep knows of it no later than it exists."""
        with translated(self._url):
            if self._is_cluster:
                self._client.zadd(keys.OPEN_QUERIES, {query.query_id: int(query.query_id[:12], 16)})
                self._tell(query.query_id, EventKind.OPENED, query.text)
            self._run(self._scripts.open, *self._written(query))

    def begin(self, query: NewQuery, claiming: Claiming) -> Claim:
        """Open a query and claim its first stage, in one round trip where all keys are on one server."""
        if self._is_cluster:
            self.open(query)
        with translated(self._url):
            _, claimed = self._together(
                (self._scripts.open, *self._written(query)),
                (self._scripts.claim, *self._claiming(query.query_id, claiming)),
            )
            return self._claimed(query.query_id, claiming, claimed)

    def _written(self, query: NewQuery) -> tuple[list[str], list[Any]]:
        at = keys.query_keys(query.query_id)
        return (
            [at.query, at.events, *self._beside(keys.FEED, keys.OPEN_QUERIES)],
            [*self._opening(query), query.query_id, FEED_LENGTH, _voting(query)],
        )

    def open_answered(self, query: NewQuery, verdict: Verdict, answer: Answer) -> None:
        """Have a query written that is already over, in one step."""
        at = keys.query_keys(query.query_id)
        said = codec.answer_to(answer)
        end = [codec.verdict_to(verdict), said, answer.status.value, verdict.stage.value]
        own = [at.query, at.verdicts, at.answer, at.events, at.end]
        with translated(self._url):
            self._scripts.open_answered(
                keys=[*own, *self._beside(keys.FEED, keys.ENDED_QUERIES)],
                args=[*self._opening(query), *end, query.query_id, FEED_LENGTH, int(verdict.latency_ms * 1000)],
            )
            if self._is_cluster:
                now_ms = server_time_ms(self._client)
                self._tell(query.query_id, EventKind.FINISHED, said)
                self._client.zadd(keys.ENDED_QUERIES, {query.query_id: now_ms})

    def _opening(self, query: NewQuery) -> list[str | int | float]:
        return [
            query.text,
            query.project,
            query.user,
            query.session,
            query.kappa,
            query.timeout_ms,
            self._ttl_s,
            query.mode.value,
        ]

    def finish(self, query_id: QueryId, answer: Answer) -> FinishCode:
        """End a query from outside its layers; the first to end it wins."""
        at = keys.query_keys(query_id)
        said = codec.answer_to(answer)
        with translated(self._url):
            reply: Any = self._scripts.finish(
                keys=[at.query, at.verdicts, at.answer, at.events, at.end],
                args=[said, answer.status.value, self._ttl_s],
            )
            code = FinishCode(reply)
            if code is FinishCode.FINISHED:
                self._ended(query_id, said)
        return code

    def resume(self, pulse: Pulse, *, most: int) -> bool:
        """Return whether the caller may send this query's canvas again; at most one caller may."""
        with translated(self._url):
            at = keys.query_keys(pulse.query_id)
            return bool(self._scripts.resume(keys=[at.query], args=[most, str(pulse.touched_ms)]))

    def forget(self, query_id: QueryId) -> None:
        """Move a query from the open ones to the ended ones; its trace stays until it expires."""
        with translated(self._url):
            self._scripts.retire(keys=[keys.OPEN_QUERIES, keys.ENDED_QUERIES], args=[query_id])


def _voting(query: NewQuery) -> str:
    return "" if query.consensus is Strategy.NONE else query.consensus.value
