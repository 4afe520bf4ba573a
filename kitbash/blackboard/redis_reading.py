"""How a query stands and what happened to it, read from Redis."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from kitbash.blackboard import keys
from kitbash.blackboard.board import Ended, Event, EventKind, Pulse, Trace
from kitbash.blackboard.connection import server_time_ms, translated
from kitbash.blackboard.packing import unpack
from kitbash.blackboard.redis_bus import coupled_of, items_of
from kitbash.blackboard.redis_ending import RedisEnding
from kitbash.domain import bus_codec, codec
from kitbash.domain.answer import Mode
from kitbash.domain.ids import QueryId

_ELSEWHERE: Final = frozenset(
    {EventKind.OPENED, EventKind.DELTA, EventKind.DECISION, EventKind.VERDICT, EventKind.FINISHED}
)
"""Events of which a query's own stream only says where what they tell stands."""

_LATER: Final = frozenset({EventKind.FOUND, EventKind.CONFLICT})
"""Events that only a settled query's stream begins with."""


class RedisReading(RedisEnding):
    """The part of a `Blackboard` that only reads."""

    def wait_end(self, query_id: QueryId, *, block_ms: int) -> Ended | None:
        """Return how a query ended, waiting up to `block_ms` for it, or None if it is still open."""
        end = keys.query_keys(query_id).end
        block_s = (self._block(block_ms) or 1) / 1000
        ended = self._end(query_id)
        if ended is not None:
            return ended
        with translated(self._url):
            # The entry is put back where it was taken: whoever else waits finds it too.
            is_over = self._client.blmove(end, end, block_s) is not None
        return self._end(query_id) if is_over else None

    def _end(self, query_id: QueryId) -> Ended | None:
        at = keys.query_keys(query_id)
        with translated(self._url):
            pipe = self._client.pipeline(transaction=False)
            pipe.get(at.answer)
            pipe.get(at.record)
            pipe.lrange(at.verdicts, 0, -1)
            answer, record, verdicts = pipe.execute()
        if answer is None:
            return None
        said = unpack(record).verdicts if record else verdicts
        return Ended(codec.answer_from(answer), tuple(codec.verdict_from(text) for text in said))

    def events(self, query_id: QueryId, *, after: str, block_ms: int) -> Sequence[Event]:
        """Return the query's events after an entry id, waiting up to `block_ms` for the first."""
        at = keys.query_keys(query_id)
        entries = self._stream(at.events, after, 0)
        is_settled = False
        if not entries or entries[0].kind in _LATER:
            with translated(self._url):
                is_settled = bool(self._client.exists(at.record))
            entries = [] if is_settled else entries or self._stream(at.events, after, block_ms)
        if entries and not any(event.kind in _ELSEWHERE for event in entries):
            return entries
        trace = self.trace(query_id)
        if trace is None:
            return []
        # The stream of a settled query holds only what came later: its events are part of its record.
        found = [event for event in trace.events if _place(event) > _place_of(after)][: len(entries) or None]
        return found or (self._stream(at.events, after, block_ms) if is_settled and block_ms else [])

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
            pipe.get(at.answer)
            pipe.xrange(at.events)
            pipe.hgetall(at.work)
            pipe.hgetall(at.places)
            pipe.get(at.record)
            for kept in (at.verdicts, at.decisions, at.checks, at.deltas, *at.levels):
                pipe.lrange(kept, 0, -1)
            query, answer, entries, work, places, record, *lists = pipe.execute()
        if not query:
            return None
        verdicts, decisions, checks, deltas, *levels = lists
        if record:
            packed = unpack(record)
            verdicts, decisions, checks = packed.verdicts, packed.decisions, packed.checks
            later, entries = entries, packed.events
            if "logged_id" in query:
                logged = {"kind": EventKind.LIFECYCLE.value, "data": query["lifecycle"]}
                entries = [*entries, (query["logged_id"], logged)]
            entries = [*entries, *later]
        events = [_event(entry) for entry in entries]
        coupled_ms = query.get("coupled_ms")
        return Trace(
            query_id=query_id,
            text=query["text"],
            project=query["project"],
            mode=Mode(query["mode"]),
            state=query["state"],
            opened_ms=int(query.get("opened_us", 0)) // 1000,
            deadline_ms=int(query["deadline_ms"]),
            answer=codec.answer_from(answer) if answer else None,
            verdicts=tuple(codec.verdict_from(text) for text in verdicts),
            events=tuple(_told(events, query["text"], answer, verdicts, deltas, decisions)),
            work=work,
            kappa=number_of(query["kappa"]),
            user=query["user"],
            session=query["session"],
            lifecycle=query.get("lifecycle", ""),
            took_us=int(query.get("took_us", 0)),
            items=items_of(levels),
            coupled=coupled_of(int(coupled_ms), places, checks, deltas) if coupled_ms else None,
            decisions=tuple(bus_codec.decision_from(codec.json.loads(text)) for text in decisions),
        )

    def pulses(self, limit: int) -> Sequence[Pulse]:
        """Return the oldest open queries as the sweep sees them."""
        with translated(self._url):
            ids: Any = self._client.zrange(keys.OPEN_QUERIES, 0, limit - 1)
            if not ids:
                return []
            now_ms = server_time_ms(self._client)
            pipe = self._client.pipeline(transaction=False)
            for query_id in ids:
                at = keys.query_keys(QueryId(query_id))
                pipe.hmget(at.query, ["state", "deadline_ms", "touched_ms", "resumed"])
                pipe.hgetall(at.claims)
            replies = pipe.execute()
        return [
            _pulse(QueryId(query_id), now_ms, fields, claims)
            for query_id, fields, claims in zip(ids, replies[::2], replies[1::2], strict=True)
        ]


def number_of(kappa: str) -> float:
    """Return a kappa; what is no number is found out when levels are coupled, and said there."""
    try:
        return float(kappa)
    except ValueError:
        return math.nan


def _told(events: Sequence[Event], text: str | None, answer: str | None, *lists_of: Sequence[str]) -> list[Event]:
    """Return events with what they tell: a query's own stream says only where it stands, so that it stands once.

    The lists are the verdicts, the contradictions and the decisions.
    """
    kinds: tuple[EventKind, ...] = (EventKind.VERDICT, EventKind.DELTA, EventKind.DECISION)
    lists: dict[EventKind, Sequence[str]] = dict(zip(kinds, lists_of, strict=True))
    whole = {EventKind.OPENED: text or "", EventKind.FINISHED: answer or ""}
    told: list[Event] = []
    for event in events:
        kept = lists.get(event.kind)
        if event.kind in whole:
            told.append(replace(event, data=whole[event.kind]))
        elif kept is None:
            told.append(event)
        elif int(event.data) < len(kept):
            told.append(replace(event, data=kept[int(event.data)]))
    return told


def _first_stream(reply: Any) -> list[Any]:
    """Return the entries of the one stream that was read: RESP3 replies with a mapping, RESP2 with a list of pairs."""
    if not reply:
        return []
    if isinstance(reply, dict):
        entries: Any = next(iter(cast("dict[str, Any]", reply).values()))
        return entries[0] if entries and isinstance(entries[0], list) else entries
    return reply[0][1]


def _place(event: Event) -> tuple[int, int]:
    return _place_of(event.entry_id)


def _place_of(entry_id: str) -> tuple[int, int]:
    ms, _, number = entry_id.partition("-")
    return int(ms), int(number or 0)


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
