"""The blackboard on Redis: one script or one pipeline a call."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from redis.cluster import RedisCluster

from kitbash.blackboard import connection, keys
from kitbash.blackboard.board import (
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
from kitbash.blackboard.connection import translated
from kitbash.blackboard.redis_lanes import RedisLanes
from kitbash.blackboard.scripts import AnyRedis
from kitbash.domain import codec
from kitbash.domain.answer import Answer, Mode
from kitbash.domain.ids import QueryId
from kitbash.domain.verdict import Verdict

FEED_LENGTH: Final = 5000

_HAS_QUERY: Final = frozenset({ClaimCode.CLAIMED, ClaimCode.RECORDED, ClaimCode.EXHAUSTED})


class RedisBlackboard(RedisLanes):
    """A `Blackboard` on a Redis or Valkey server, or a cluster of them."""

    def __init__(self, client: AnyRedis, url: str, *, ttl_s: int, max_deliveries: int) -> None:
        """Use a client; `url` is for messages. Nothing is sent yet."""
        super().__init__(client, url)
        self._is_cluster = isinstance(client, RedisCluster)
        self._ttl_s = ttl_s
        self._max_deliveries = max_deliveries

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
        at = keys.query_keys(query.query_id)
        with translated(self._url):
            if self._is_cluster:
                self._client.zadd(keys.OPEN_QUERIES, {query.query_id: int(query.query_id[:12], 16)})
                self._tell(query.query_id, EventKind.OPENED, query.text)
            self._scripts.open(
                keys=[at.query, at.events, *self._beside(keys.FEED, keys.OPEN_QUERIES)],
                args=[*self._opening(query), query.query_id, FEED_LENGTH],
            )

    def open_answered(self, query: NewQuery, verdict: Verdict, answer: Answer) -> None:
        """Have a query written that is already over, in one step."""
        at = keys.query_keys(query.query_id)
        said = codec.answer_to(answer)
        end = [codec.verdict_to(verdict), said, answer.status.value, verdict.stage.value]
        with translated(self._url):
            self._scripts.open_answered(
                keys=[at.query, at.verdicts, at.answer, at.events, at.end, *self._beside(keys.FEED)],
                args=[*self._opening(query), *end, query.query_id, FEED_LENGTH],
            )
            if self._is_cluster:
                self._tell(query.query_id, EventKind.FINISHED, said)

    def _beside(self, *more: str) -> tuple[str, ...]:
        """Return keys of other tags that a script may take too: all of them on one server, none on a cluster."""
        return () if self._is_cluster else more

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

    def claim(self, query_id: QueryId, stage: str, *, token: str, lease_ms: int) -> Claim:
        """Own one stage of one query until the lease ends, unless it is owned, done, or the query is over."""
        at = keys.query_keys(query_id)
        with translated(self._url):
            reply: Any = self._scripts.claim(
                keys=[at.query, at.claims, at.work, at.events],
                args=[stage, token, lease_ms, self._max_deliveries, self._ttl_s],
            )
        code = ClaimCode(reply[0])
        if code not in _HAS_QUERY:
            return Claim(code)
        _, remaining_ms, text, project, kappa, work = reply
        query = OpenQuery(query_id, text, project, float(kappa), int(remaining_ms), _mapping(work))
        return Claim(code, query)

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
        """Keep what the owner of a stage found; with an answer the query is over."""
        at = keys.query_keys(query_id)
        said = "" if verdict is None else codec.verdict_to(verdict)
        end = "" if answer is None else codec.answer_to(answer)
        state = "" if answer is None else answer.status.value
        own = [at.query, at.claims, at.verdicts, at.work, at.answer, at.events, at.end]
        with translated(self._url):
            reply: Any = self._scripts.record(
                keys=[*own, *self._beside(keys.FEED, keys.OPEN_QUERIES)],
                args=[stage, token, said, product, end, state, self._ttl_s, query_id, FEED_LENGTH],
            )
            code = RecordCode(reply)
            if self._is_cluster and code is RecordCode.RECORDED:
                if said:
                    self._tell(query_id, EventKind.VERDICT, said)
                if end:
                    self._ended(query_id, end)
        return code

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

    def _ended(self, query_id: QueryId, said: str) -> None:
        self._tell(query_id, EventKind.FINISHED, said)
        self._client.zrem(keys.OPEN_QUERIES, query_id)

    def wait_end(self, query_id: QueryId, *, block_ms: int) -> Ended | None:
        """Return how a query ended, waiting up to `block_ms` for it, or None if it is still open."""
        with translated(self._url):
            reply: Any = self._client.xread({keys.query_keys(query_id).end: "0"}, block=self._block(block_ms))
        entries = _first_stream(reply)
        if not entries:
            return None
        _, fields = entries[0]
        said = [text for text in fields["verdicts"].split("\n") if text]
        return Ended(codec.answer_from(fields["answer"]), tuple(codec.verdict_from(text) for text in said))

    def events(self, query_id: QueryId, *, after: str, block_ms: int) -> Sequence[Event]:
        """Return the query's events after an entry id, waiting up to `block_ms` for the first."""
        return self._stream(keys.query_keys(query_id).events, after, block_ms)

    def feed(self, *, after: str, block_ms: int) -> Sequence[Event]:
        """Return what happened to all queries after an entry id, waiting up to `block_ms`."""
        return self._stream(keys.FEED, after, block_ms)

    def _stream(self, key: str, after: str, block_ms: int) -> list[Event]:
        with translated(self._url):
            reply: Any = self._client.xread({key: after}, block=self._block(block_ms))
        return [_event(entry) for entry in _first_stream(reply)]

    def _block(self, block_ms: int) -> int | None:
        """Return how long a read may block: never so long that the socket gives up first, None for not at all."""
        longest_ms = int(float(self._client.get_connection_kwargs()["socket_timeout"]) * 500)
        return min(block_ms, longest_ms) or None

    def last_event(self) -> str:
        """Return the id of the newest entry of the feed, `0` if there is none."""
        with translated(self._url):
            entries: Any = self._client.xrevrange(keys.FEED, count=1)
        return entries[0][0] if entries else "0"

    def trace(self, query_id: QueryId) -> Trace | None:
        """Return everything known about a query, or None if there is none of this id."""
        at = keys.query_keys(query_id)
        with translated(self._url):
            pipe = self._client.pipeline(transaction=False)
            pipe.hgetall(at.query)
            pipe.lrange(at.verdicts, 0, -1)
            pipe.get(at.answer)
            pipe.xrange(at.events)
            pipe.hgetall(at.work)
            query, verdicts, answer, entries, work = pipe.execute()
        if not query:
            return None
        return Trace(
            query_id=query_id,
            text=query["text"],
            project=query["project"],
            mode=Mode(query["mode"]),
            state=query["state"],
            opened_ms=int(query["opened_ms"]),
            deadline_ms=int(query["deadline_ms"]),
            answer=codec.answer_from(answer) if answer else None,
            verdicts=tuple(codec.verdict_from(text) for text in verdicts),
            events=tuple(_event(entry) for entry in entries),
            work=work,
        )

    def pulses(self, limit: int) -> Sequence[Pulse]:
        """Return the oldest open queries as the sweep sees them."""
        with translated(self._url):
            ids: Any = self._client.zrange(keys.OPEN_QUERIES, 0, limit - 1)
            if not ids:
                return []
            seconds, microseconds = self._now()
            pipe = self._client.pipeline(transaction=False)
            for query_id in ids:
                at = keys.query_keys(QueryId(query_id))
                pipe.hmget(at.query, ["state", "deadline_ms", "touched_ms", "resumed"])
                pipe.hgetall(at.claims)
            replies = pipe.execute()
        now_ms = seconds * 1000 + microseconds // 1000
        return [
            _pulse(QueryId(query_id), now_ms, fields, claims)
            for query_id, fields, claims in zip(ids, replies[::2], replies[1::2], strict=True)
        ]

    def resume(self, pulse: Pulse, *, most: int) -> bool:
        """Return whether the caller may send this query's canvas again; at most one caller may."""
        with translated(self._url):
            at = keys.query_keys(pulse.query_id)
            return bool(self._scripts.resume(keys=[at.query], args=[most, str(pulse.touched_ms)]))

    def forget(self, query_id: QueryId) -> None:
        """Drop a query from the open ones; its trace stays until it expires."""
        with translated(self._url):
            self._client.zrem(keys.OPEN_QUERIES, query_id)

    def _tell(self, query_id: QueryId, kind: EventKind, data: str) -> None:
        entry = {"query_id": query_id, "kind": kind.value, "data": data}
        self._client.xadd(keys.FEED, entry, maxlen=FEED_LENGTH, approximate=True)


def _mapping(flat: Sequence[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _first_stream(reply: Any) -> list[Any]:
    """Return the entries of the one stream that was read: RESP3 replies with a mapping, RESP2 with a list of pairs."""
    if not reply:
        return []
    if isinstance(reply, dict):
        entries: Any = next(iter(cast("dict[str, Any]", reply).values()))
        return entries[0] if entries and isinstance(entries[0], list) else entries
    return reply[0][1]


def _event(entry: tuple[str, Mapping[str, str]]) -> Event:
    entry_id, fields = entry
    return Event(entry_id, EventKind(fields["kind"]), fields["data"], fields.get("query_id", ""))


def _pulse(query_id: QueryId, now_ms: int, fields: Sequence[str | None], claims: Mapping[str, str]) -> Pulse:
    state, deadline_ms, touched_ms, resumed = fields
    done = frozenset(name.removesuffix(".done") for name in claims if name.endswith(".done"))
    leases = {name.removesuffix(".until_ms"): int(end) for name, end in claims.items() if name.endswith(".until_ms")}
    undone = {stage: until_ms for stage, until_ms in leases.items() if stage not in done}
    touched = int(touched_ms or 0)
    return Pulse(
        query_id=query_id,
        state=state,
        now_ms=now_ms,
        deadline_ms=int(deadline_ms or 0),
        touched_ms=touched,
        lease_until_ms=max(undone.values(), default=0),
        resumed=int(resumed or 0),
        done=done,
        died=tuple(sorted(stage for stage, until_ms in undone.items() if touched < until_ms <= now_ms)),
    )
