"""The spotlights of a query on Redis: one script a verb, and the three that every query needs in one round trip."""

from collections.abc import Sequence
from typing import Any, Final

from redis.cluster import RedisCluster
from redis.commands.core import Script
from redis.exceptions import NoScriptError

from kitbash.blackboard import keys
from kitbash.blackboard.board import EventKind
from kitbash.blackboard.bus import CoupleCode, HealthCode, PostCode
from kitbash.blackboard.connection import translated
from kitbash.blackboard.redis_lanes import RedisLanes
from kitbash.blackboard.scripts import AnyRedis
from kitbash.domain import bus_codec, codec
from kitbash.domain.coupling import Coupled, Delta, Health, Response
from kitbash.domain.ids import QueryId
from kitbash.domain.item import Item, Place, Placement
from kitbash.domain.level import Level
from kitbash.domain.lifecycle import Lifecycle
from kitbash.errors import BusError

FEED_LENGTH: Final = 5000
MOST_ITEMS: Final = 400
"""More items than this are no spotlight; a script could not push them at once either."""
_NO_DELTAS: Final = "the contradictions of a query are not what coupling writes; something else wrote to their key"


class RedisBus(RedisLanes):
    """The part of a `Blackboard` on which a query is thought through."""

    def __init__(self, client: AnyRedis, url: str, *, ttl_s: int) -> None:
        """Use a client; `url` is for messages. Nothing is sent yet."""
        super().__init__(client, url)
        self._is_cluster = isinstance(client, RedisCluster)
        self._ttl_s = ttl_s

    def post(self, query_id: QueryId, items: Sequence[Item]) -> PostCode:
        """Have the six spotlights of a query hold exactly these items."""
        with translated(self._url):
            code = PostCode(self._run(self._scripts.post, *self._posting(query_id, items)))
        return _checked(code, query_id)

    def couple(self, query_id: QueryId) -> Coupled | None:
        """Have the rules applied to a query's spotlights with its kappa; None when it has ended or is gone."""
        with translated(self._url):
            reply = self._run(self._scripts.couple, *self._coupling(query_id))
        return self._coupled(query_id, reply)

    def health(self, query_id: QueryId, *, threshold: int) -> Health:
        """Return how a query's contradictions stand; coherent up to `threshold` critical and high ones."""
        with translated(self._url):
            return _health(self._run(self._scripts.health, [keys.query_keys(query_id).deltas], [threshold]))

    def consider(self, query_id: QueryId, items: Sequence[Item], *, threshold: int) -> tuple[Coupled, Health] | None:
        """Post, couple and take the health, in one round trip where all keys are on one server."""
        at = keys.query_keys(query_id)
        with translated(self._url):
            posted, reply, health = self._together(
                (self._scripts.post, *self._posting(query_id, items)),
                (self._scripts.couple, *self._coupling(query_id)),
                (self._scripts.health, [at.deltas], [threshold]),
            )
        if _checked(PostCode(posted), query_id) is not PostCode.POSTED:
            return None
        coupled = self._coupled(query_id, reply)
        return None if coupled is None else (coupled, _health(health))

    def resolve(self, query_id: QueryId, delta_id: str, resolution: str) -> bool:
        """Have a contradiction resolved, with what was decided; False if the query has none of this name."""
        key = keys.query_keys(query_id).deltas
        with translated(self._url):
            while True:
                texts: list[str] = self._client.lrange(key, 0, -1)
                found = [(at, text) for at, text in enumerate(texts) if _delta(text).delta_id == delta_id]
                if not found:
                    return False
                place, text = found[0]
                record = codec.json.loads(text) | {"resolution": resolution}
                # Somebody else may have resolved it between the two calls: then it is read again.
                if self._run(self._scripts.amend, [key], [place, text, codec.dumps(record)]):
                    return True

    def advance(self, query_id: QueryId, lifecycle: Lifecycle) -> None:
        """Note that a query came this far in its life; it never goes back."""
        at = keys.query_keys(query_id)
        with translated(self._url):
            came = self._run(
                self._scripts.advance,
                [at.query, at.events, *self._beside(keys.FEED)],
                [lifecycle.value, earlier(lifecycle), query_id, FEED_LENGTH],
            )
            if self._is_cluster and came == 1:
                self._tell(query_id, EventKind.LIFECYCLE, lifecycle.value)

    def _posting(self, query_id: QueryId, items: Sequence[Item]) -> tuple[list[str], list[Any]]:
        if len(items) > MOST_ITEMS:
            message = f"{len(items)} items are too many for the spotlights of one query; at most {MOST_ITEMS} fit"
            raise BusError(message)
        at = keys.query_keys(query_id)
        texts = [f"{item.level.value}{bus_codec.item_to(item)}" for item in items]
        return [at.query, *at.levels], [self._ttl_s, codec.dumps(texts)]

    def _coupling(self, query_id: QueryId) -> tuple[list[str], list[Any]]:
        at = keys.query_keys(query_id)
        own = [at.query, *at.levels, at.places, at.checks, at.deltas, at.events]
        return [*own, *self._beside(keys.FEED)], [self._ttl_s, query_id, FEED_LENGTH]

    def _coupled(self, query_id: QueryId, reply: Any) -> Coupled | None:
        code, *rest = reply
        match CoupleCode(code):
            case CoupleCode.ENDED | CoupleCode.MISSING:
                return None
            case CoupleCode.BAD_KAPPA:
                raise BusError(_bad_kappa(query_id))
            case CoupleCode.NOT_A_LIST:
                message = f"spotlight L{rest[0]} of query {query_id} is no list; something else wrote to its key"
                raise BusError(message)
            case CoupleCode.BAD_ITEM:
                message = f"item {rest[1] + 1} in spotlight L{rest[0]} of query {query_id} is not what Kitbash writes"
                raise BusError(message)
            case CoupleCode.COUPLED:
                at_ms, flat, checks, deltas, is_fresh = rest
        if self._is_cluster and is_fresh:
            for text in deltas:
                self._tell(query_id, EventKind.DELTA, text)
        return coupled_of(int(at_ms), dict(zip(flat[::2], flat[1::2], strict=True)), checks, deltas)

    def _beside(self, *more: str) -> tuple[str, ...]:
        """Return keys of other tags that a script may take too: all of them on one server, none on a cluster."""
        return () if self._is_cluster else more

    def _tell(self, query_id: QueryId, kind: EventKind, data: str) -> None:
        entry = {"query_id": query_id, "kind": kind.value, "data": data}
        self._client.xadd(keys.FEED, entry, maxlen=FEED_LENGTH, approximate=True)

    def _run(self, script: Script, script_keys: Sequence[str], args: Sequence[Any]) -> Any:
        return script(keys=script_keys, args=args)

    def _together(self, *calls: tuple[Script, list[str], list[Any]]) -> list[Any]:
        """Run scripts one after the other in one round trip; where that cannot be, in one each."""
        if not self._is_cluster:
            pipe = self._client.pipeline(transaction=False)
            for script, script_keys, args in calls:
                pipe.evalsha(script.sha, len(script_keys), *script_keys, *args)
            replies: list[Any] = pipe.execute(raise_on_error=False)
            if not any(isinstance(reply, NoScriptError) for reply in replies):
                for reply in replies:
                    if isinstance(reply, Exception):
                        raise reply
                return replies
        # The server has forgotten a script: each loads itself. Running them again gives the same.
        return [self._run(*call) for call in calls]


def _checked(code: PostCode, query_id: QueryId) -> PostCode:
    if code is PostCode.BAD_KAPPA:
        raise BusError(_bad_kappa(query_id))
    return code


def _bad_kappa(query_id: QueryId) -> str:
    return f"query {query_id} has a kappa that is no number above 0; ask it again with another"


def earlier(lifecycle: Lifecycle | None) -> str:
    """Return the stages of life before one, as the scripts read them: a space before and after each."""
    return " ".join(["", *(stage.value for stage in lifecycle.earlier), ""]) if lifecycle else ""


def coupled_of(at_ms: int, places: dict[str, str], checks: Sequence[str], deltas: Sequence[str]) -> Coupled:
    """Return what `lua/couple.lua` wrote, as a value."""
    placements = {
        ident: Placement(Place(text.partition(" ")[0]), text.partition(" ")[2]) for ident, text in places.items()
    }
    try:
        return Coupled(
            at_ms=at_ms,
            checks=tuple(map(bus_codec.check_from, _all(checks))),
            deltas=tuple(map(bus_codec.delta_from, _all(deltas))),
            placements=placements,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BusError(_NO_DELTAS) from error


def items_of(lists: Sequence[Sequence[str]]) -> tuple[Item, ...]:
    """Return the items of six spotlights, level by level."""
    return tuple(bus_codec.item_from(level, text) for level, texts in zip(Level, lists, strict=True) for text in texts)


def _all(texts: Sequence[str]) -> list[codec.Json]:
    """Return JSON texts as values, read at once."""
    return codec.json.loads(f"[{','.join(texts)}]")


def _delta(text: str) -> Delta:
    try:
        return bus_codec.delta_from(codec.json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BusError(_NO_DELTAS) from error


def _health(reply: Any) -> Health:
    code, *counts = reply
    match HealthCode(code):
        case HealthCode.COHERENT | HealthCode.DISSONANT:
            critical, high, medium, low, settled, response = counts
            return Health(critical, high, medium, low, settled, code == HealthCode.COHERENT, Response(response))
        case HealthCode.NOT_A_LIST | HealthCode.BAD_DELTA:
            raise BusError(_NO_DELTAS)
