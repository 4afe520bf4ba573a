"""Queries that have ended, on Redis: waiting to be archived, counted once, decaying."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kitbash.blackboard import keys
from kitbash.blackboard.board import EventKind, LaterCode
from kitbash.blackboard.connection import translated
from kitbash.blackboard.ending import SettleCode
from kitbash.blackboard.packing import Packed, pack
from kitbash.blackboard.redis_bus import RedisBus
from kitbash.domain.ids import QueryId
from kitbash.domain.lifecycle import Lifecycle

COUNTS_TTL_S: Final = 40 * 86_400
"""Counts of a day are kept for 40 days."""
MOST_LATER: Final = 50
"""How much a settled query is told."""
TOLD_TTL_S: Final = 86_400
"""How long the feed remembers what it was told: as long as tasks and findings live."""


class RedisEnding(RedisBus):
    """The part of a `Blackboard` about queries that are over."""

    def ended(self, limit: int) -> Sequence[QueryId]:
        """Return the queries that ended first and are not yet archived."""
        with translated(self._url):
            ids: Any = self._client.zrange(keys.ENDED_QUERIES, 0, limit - 1)
        return [QueryId(query_id) for query_id in ids]

    def count_ended(self) -> int:
        """Return how many queries wait to be archived."""
        with translated(self._url):
            reply: Any = self._client.zcard(keys.ENDED_QUERIES)
        return int(reply)

    def settle(self, query_id: QueryId, *, decay_s: int, is_logged: bool) -> SettleCode:
        """Let what only the layers of an ended query needed go; its spotlights live `decay_s` longer."""
        at = keys.query_keys(query_id)
        logged = Lifecycle.LOGGED.value if is_logged else ""
        with translated(self._url):
            pipe = self._client.pipeline(transaction=False)
            pipe.xrange(at.events)
            for kept in (at.verdicts, at.decisions, at.checks):
                pipe.lrange(kept, 0, -1)
            # An ended query changes no more: what is read here is what the script lets go.
            events, *lists = pipe.execute()
            told = [event for event in events if event[1]["kind"] != EventKind.TEXT.value]
            packed = pack(Packed(told, *lists))
            own = [at.query, at.events, at.record, at.claims, at.work, at.verdicts, at.decisions, at.checks]
            code = SettleCode(self._run(self._scripts.settle, [*own, *at.levels, at.places], [decay_s, logged, packed]))
            if code is SettleCode.SETTLED and logged:
                self._tell(query_id, EventKind.LIFECYCLE, logged)
        return code

    def tell_later(self, query_id: QueryId | None, kind: EventKind, data: str, *, name: str) -> LaterCode:
        """Have something told of a settled query in its event stream, and of any or none in the feed; once by its name.

        A query is told 50 events at most, which go with its keys.
        """
        code = LaterCode.MISSING
        with translated(self._url):
            if query_id is not None:
                at = keys.query_keys(query_id)
                code = LaterCode(
                    self._run(self._scripts.tell_later, [at.query, at.events], [kind.value, data, name, MOST_LATER])
                )
            if self._client.set(keys.told(f"{kind.value}:{query_id}:{name}"), 1, nx=True, ex=TOLD_TTL_S):
                self._tell(query_id or QueryId(""), kind, data)
        return code

    def relayed(self) -> str:
        """Return up to which event of the findings bus all is told, `0` if nothing is."""
        with translated(self._url):
            found: Any = self._client.get(keys.RELAYED)
        return str(found or "0")

    def note_relayed(self, entry_id: str) -> None:
        """Note up to which event of the findings bus all is told."""
        with translated(self._url):
            self._client.set(keys.RELAYED, entry_id)

    def tally(self, query_id: QueryId, day: str, counts: Mapping[str, int]) -> bool:
        """Count an ended query and drop it from those that wait, both or neither; False if it was counted before."""
        args = [part for pair in counts.items() for part in pair]
        with translated(self._url):
            reply = self._run(
                self._scripts.tally, [keys.ENDED_QUERIES, keys.stats(day)], [query_id, COUNTS_TTL_S, *args]
            )
        return bool(reply)

    def count(self, day: str, counts: Mapping[str, int]) -> None:
        """Add to the counts of a day."""
        with translated(self._url):
            pipe = self._client.pipeline(transaction=False)
            for name, number in counts.items():
                pipe.hincrby(keys.stats(day), name, number)
            pipe.expire(keys.stats(day), COUNTS_TTL_S)
            pipe.execute()

    def counts(self, days: Sequence[str]) -> Mapping[str, int]:
        """Return the sums of what was counted on these days."""
        with translated(self._url):
            pipe = self._client.pipeline(transaction=False)
            for day in days:
                pipe.hgetall(keys.stats(day))
            found: list[dict[str, str]] = pipe.execute()
        sums: dict[str, int] = {}
        for counted in found:
            for name, number in counted.items():
                sums[name] = sums.get(name, 0) + int(number)
        return sums
