"""Coupling when something goes wrong: damaged spotlights, forgotten scripts, a query that goes, two at once."""

import json
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final, cast

import pytest
from redis.client import Redis
from redis.commands.core import Script

from kitbash.blackboard import keys, scripts
from kitbash.blackboard.board import EventKind, NewQuery
from kitbash.blackboard.bus import CoupleCode, HealthCode, PostCode
from kitbash.blackboard.connection import client_url
from kitbash.blackboard.ending import SettleCode
from kitbash.blackboard.redis_board import RedisBlackboard
from kitbash.cascade import coupling
from kitbash.domain import bus_codec, codec
from kitbash.domain.coupling import Coupled
from kitbash.domain.ids import QueryId
from kitbash.domain.level import Level
from kitbash.domain.lifecycle import Lifecycle
from kitbash.errors import BusError, StoreUnavailable
from tests.boards import (
    ANSWER,
    INTENT,
    LAW,
    LEGEND,
    PEACEFUL,
    RIVAL,
    SPOTLIGHTS,
    TTL_S,
    at_once,
    new_query,
    redis_board,
    timeless,
)
from tests.servers import Server

VERBS: Final = ("post", "couple", "health")
WANTED: Final = coupling.couple(SPOTLIGHTS, 1.5, 0)
HEALTH: Final = coupling.health(WANTED.deltas, 2)


@dataclass(frozen=True, slots=True)
class Node:
    """A server, a board on it, and a client that sees bytes."""

    board: RedisBlackboard
    raw: Any

    def holds(self, query_id: QueryId) -> dict[bytes, bytes]:
        """Return everything under a query's keys, and how long the feed is."""
        held = {key: self.raw.dump(key) for key in self.raw.scan_iter(f"*{query_id}*")}
        return held | {b"feed": str(self.raw.xlen(keys.FEED)).encode()}

    def run(self, verb: str, script_keys: list[str], *args: object) -> Any:
        return self.raw.eval(scripts.source(verb), len(script_keys), *script_keys, *args)

    def told(self, query_id: QueryId) -> list[int]:
        """Return how many contradictions the query's stream tells of, and the feed."""
        own = self.board.events(query_id, after="0", block_ms=0)
        feed = [event for event in self.board.feed(after="0", block_ms=0) if event.query_id == query_id]
        return [[event.kind for event in events].count(EventKind.DELTA) for events in (own, feed)]


@pytest.fixture(params=["plain", "cluster"])
def node(request: pytest.FixtureRequest) -> Generator[Node]:
    """Return each kind of server, emptied."""
    server: Server = request.getfixturevalue(f"fresh_{request.param}")
    with redis_board(server) as board, closing(cast("Any", Redis).from_url(client_url(server.url))) as raw:
        yield Node(board, raw)


@pytest.fixture
def query(node: Node) -> NewQuery:
    """Return a query whose spotlights are filled, that was coupled once and then filled with others."""
    query = new_query()
    node.board.open(query)
    node.board.consider(query.query_id, PEACEFUL, threshold=0)
    node.board.post(query.query_id, SPOTLIGHTS)
    return query


@pytest.fixture
def stale(node: Node, query: NewQuery) -> NewQuery:
    """Return a query with contradictions, whose spotlights were filled with something else since."""
    node.board.couple(query.query_id)
    node.board.post(query.query_id, (*SPOTLIGHTS, RIVAL))
    return query


def coupling_keys(query: NewQuery) -> list[str]:
    at = keys.query_keys(query.query_id)
    return [at.query, *at.levels, at.places, at.checks, at.deltas, at.events]


CLAIM: Final = ["water|boil at|degC", 1, 50, 50]
FACT: Final = {"fact_id": "sky#9"}
ASKS: Final = {"intent_signal": "asks", "allows_folk_wisdom": True, "allows_speculation": True}
DAMAGED: Final[dict[str, tuple[Level, object]]] = {
    "no JSON": (Level.MASK, "{"),
    "nothing": (Level.EMPIRICAL, ""),
    "text": (Level.AXIOMATIC, '"fact_id"'),
    "null": (Level.AXIOMATIC, "null"),
    "half a character": (Level.AXIOMATIC, '{"axiom_id":"\\ud800"}'),
    "a list": (Level.NARRATIVE, ["narrative_event_id"]),
    "without its id": (Level.HEURISTIC, {"text": "who am I"}),
    "with another level's id": (Level.AXIOMATIC, FACT),
    "with a number for an id": (Level.EMPIRICAL, {"fact_id": 9}),
    "with null for an id": (Level.EMPIRICAL, {"fact_id": None}),
    "claims are text": (Level.EMPIRICAL, FACT | {"claims": "none"}),
    "claims are null": (Level.EMPIRICAL, FACT | {"claims": None}),
    "claims are an object": (Level.EMPIRICAL, FACT | {"claims": {"1": CLAIM}}),
    "a claim is text": (Level.EMPIRICAL, FACT | {"claims": [CLAIM, "water"]}),
    "a claim is null": (Level.EMPIRICAL, FACT | {"claims": [None]}),
    "a claim is an object": (Level.EMPIRICAL, FACT | {"claims": [{"1": "k", "2": 1}]}),
    "a claim is empty": (Level.EMPIRICAL, FACT | {"claims": [[]]}),
    "a claim without a sign": (Level.EMPIRICAL, FACT | {"claims": [["k"]]}),
    "a claim with another sign": (Level.EMPIRICAL, FACT | {"claims": [["k", 0]]}),
    "a claim with a true sign": (Level.EMPIRICAL, FACT | {"claims": [["k", True]]}),
    "a claim with a number for a key": (Level.EMPIRICAL, FACT | {"claims": [[7, 1]]}),
    "a claim with one end": (Level.EMPIRICAL, FACT | {"claims": [["k", 1, 5]]}),
    "a claim with an end of null": (Level.EMPIRICAL, FACT | {"claims": [["k", 1, 5, None]]}),
    "a claim with ends of text": (Level.EMPIRICAL, FACT | {"claims": [["k", 1, "5", "6"]]}),
    "a claim with three ends": (Level.EMPIRICAL, FACT | {"claims": [[*CLAIM, 60]]}),
    "fiction is text": (Level.EMPIRICAL, FACT | {"fiction": "no"}),
    "fiction is a number": (Level.EMPIRICAL, FACT | {"fiction": 0}),
    "fiction is null": (Level.EMPIRICAL, FACT | {"fiction": None}),
    "folk wisdom is text": (Level.INTENT, ASKS | {"allows_folk_wisdom": "yes"}),
    "speculation is null": (Level.INTENT, ASKS | {"allows_speculation": None}),
    "permissions are missing": (Level.INTENT, {"intent_signal": "asks"}),
}


@pytest.mark.parametrize(("level", "item"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_item_is_named_and_nothing_is_written(
    node: Node, stale: NewQuery, level: Level, item: object
) -> None:
    text = item if isinstance(item, str) else json.dumps(item)
    at = node.raw.rpush(keys.query_keys(stale.query_id).levels[level], text)
    before = node.holds(stale.query_id)
    with pytest.raises(BusError, match=rf"item {at} in spotlight L{level.value} of query {stale.query_id}"):
        node.board.couple(stale.query_id)
    assert node.holds(stale.query_id) == before
    assert node.run("couple", coupling_keys(stale), TTL_S, stale.query_id, 10) == [CoupleCode.BAD_ITEM, level, at - 1]


@pytest.mark.parametrize("level", Level)
def test_a_spotlight_that_is_no_list_is_named_and_nothing_is_written(node: Node, stale: NewQuery, level: Level) -> None:
    key = keys.query_keys(stale.query_id).levels[level]
    node.raw.delete(key)
    node.raw.hset(key, "a", "hash")
    before = node.holds(stale.query_id)
    with pytest.raises(BusError, match=rf"L{level.value} of query {stale.query_id} is no list"):
        node.board.couple(stale.query_id)
    assert node.holds(stale.query_id) == before


def test_posting_mends_a_spotlight_that_is_no_list(node: Node, query: NewQuery) -> None:
    for key in keys.query_keys(query.query_id).levels:
        node.raw.set(key, "no list")
    considered = node.board.consider(query.query_id, SPOTLIGHTS, threshold=2)
    assert considered is not None
    assert (timeless(considered[0]), considered[1]) == (WANTED, HEALTH)


@pytest.mark.parametrize("kappa", ["0", "-0.0", "-1", "nan", "inf", "-inf", "abc", "", "1,5"])
def test_a_kappa_that_is_no_number_above_zero_is_refused_and_nothing_is_written(
    node: Node, stale: NewQuery, kappa: str
) -> None:
    node.raw.hset(keys.query_keys(stale.query_id).query, "kappa", kappa)
    before = node.holds(stale.query_id)
    with pytest.raises(BusError, match=f"{stale.query_id} has a kappa that is no number above 0"):
        node.board.couple(stale.query_id)
    assert node.holds(stale.query_id) == before


def test_a_query_without_a_kappa_is_refused(node: Node, query: NewQuery) -> None:
    node.raw.hdel(keys.query_keys(query.query_id).query, "kappa")
    with pytest.raises(BusError, match="kappa"):
        node.board.couple(query.query_id)


DELTAS: Final = {
    "no list": None,
    "no JSON": "{",
    "a list": "[]",
    "null": "null",
    "without a severity": "{}",
    "another severity": '{"severity":"grave","resolution":"unresolved","delta_id":"d1"}',
}


@pytest.mark.parametrize("text", DELTAS.values(), ids=DELTAS)
def test_contradictions_that_coupling_did_not_write_have_no_health(
    node: Node, query: NewQuery, text: str | None
) -> None:
    node.board.couple(query.query_id)
    key = keys.query_keys(query.query_id).deltas
    if text is None:
        node.raw.delete(key)
        node.raw.set(key, "no list")
    else:
        node.raw.rpush(key, text)
    before = node.holds(query.query_id)
    with pytest.raises(BusError, match="not what coupling writes"):
        node.board.health(query.query_id, threshold=0)
    with pytest.raises((BusError, StoreUnavailable)):
        node.board.resolve(query.query_id, "d9", "it is so")
    assert node.holds(query.query_id) == before
    wanted = HealthCode.NOT_A_LIST if text is None else HealthCode.BAD_DELTA
    assert node.run("health", [key], 0) == [wanted]


def test_coupling_mends_what_it_writes(node: Node, query: NewQuery) -> None:
    at = keys.query_keys(query.query_id)
    for key in (at.places, at.checks, at.deltas):
        node.raw.delete(key)
        node.raw.set(key, "something else")
    assert timeless(node.board.couple(query.query_id)) == WANTED
    assert node.board.health(query.query_id, threshold=2) == HEALTH


@pytest.mark.parametrize("digit", ["", "6", "9", "-", "x", "{"])
def test_an_item_without_a_level_is_refused_and_nothing_is_posted(node: Node, stale: NewQuery, digit: str) -> None:
    at = keys.query_keys(stale.query_id)
    texts = [f"0{bus_codec.item_to(LAW)}", f"{digit}{bus_codec.item_to(INTENT)}"]
    before = node.holds(stale.query_id)
    assert node.run("post", [at.query, *at.levels], TTL_S, codec.dumps(texts)) == PostCode.NO_LEVEL == -4
    assert node.holds(stale.query_id) == before


@pytest.mark.parametrize("is_deleted", [False, True], ids=["ended", "expired"])
def test_a_query_that_goes_between_posting_and_coupling_is_left_alone(
    node: Node, stale: NewQuery, is_deleted: bool
) -> None:
    if is_deleted:
        node.raw.delete(keys.query_keys(stale.query_id).query)
    else:
        node.board.finish(stale.query_id, ANSWER)
    before = node.holds(stale.query_id)
    assert node.board.couple(stale.query_id) is None
    assert node.board.consider(stale.query_id, PEACEFUL, threshold=0) is None
    node.board.post(stale.query_id, PEACEFUL)
    assert node.holds(stale.query_id) == before
    said = node.run("couple", coupling_keys(stale), TTL_S, stale.query_id, 10)
    assert said == [CoupleCode.MISSING if is_deleted else CoupleCode.ENDED]


def test_coupling_again_writes_the_same_once_more(node: Node, query: NewQuery) -> None:
    node.board.couple(query.query_id)
    before = node.holds(query.query_id)
    node.board.couple(query.query_id)
    node.board.post(query.query_id, SPOTLIGHTS)
    node.board.couple(query.query_id)
    after = node.holds(query.query_id)
    # A hash is dumped in the order of its table, which is no promise.
    places = keys.query_keys(query.query_id).places.encode()
    assert after | {places: b""} == before | {places: b""}
    assert node.told(query.query_id) == [len(WANTED.deltas)] * 2


@pytest.mark.parametrize("_round", range(5))
def test_of_two_couplings_at_once_one_tells_and_both_return_the_same(node: Node, query: NewQuery, _round: int) -> None:
    def couple() -> Coupled | None:
        return node.board.couple(query.query_id)

    first, *others = at_once([couple] * 4)
    assert timeless(first) == WANTED
    assert others == [first] * 3
    assert node.told(query.query_id) == [len(WANTED.deltas)] * 2


LOADED: Final = [list(some) for number in range(len(VERBS) + 1) for some in combinations(VERBS, number)]


@pytest.mark.parametrize("loaded", LOADED, ids=lambda loaded: "+".join(loaded) or "none")
@pytest.mark.parametrize("is_posted", [False, True], ids=["other", "same"])
def test_considering_is_the_same_whichever_scripts_the_server_forgot_on_its_way(
    node: Node, query: NewQuery, loaded: list[str], is_posted: bool
) -> None:
    if not is_posted:
        node.board.post(query.query_id, PEACEFUL)
    node.raw.script_flush()
    for verb in loaded:
        node.raw.script_load(scripts.source(verb))
    considered = node.board.consider(query.query_id, SPOTLIGHTS, threshold=2)
    assert considered is not None
    assert (timeless(considered[0]), considered[1]) == (WANTED, HEALTH)
    assert node.told(query.query_id) == [len(WANTED.deltas)] * 2
    trace = node.board.trace(query.query_id)
    assert trace is not None
    assert (trace.items, trace.coupled) == (SPOTLIGHTS, considered[0])


def test_a_server_that_forgets_its_scripts_between_any_two_calls_is_told_them_again(
    node: Node, query: NewQuery
) -> None:
    board, query_id = node.board, query.query_id
    for call in (
        lambda: board.post(query_id, SPOTLIGHTS) is PostCode.POSTED,
        lambda: timeless(board.couple(query_id)) == WANTED,
        lambda: board.health(query_id, threshold=2) == HEALTH,
        lambda: board.resolve(query_id, "d1", "it is so"),
        lambda: board.advance(query_id, Lifecycle.TRIAGE) is None,
        lambda: board.settle(query_id, decay_s=1, is_logged=True) is SettleCode.OPEN,
        lambda: board.finish(query_id, ANSWER),
        lambda: board.settle(query_id, decay_s=1, is_logged=True) is SettleCode.SETTLED,
        lambda: board.tally(query_id, "2026-02-28", {"queries": 1}),
    ):
        node.raw.script_flush()
        assert call()
    trace = board.trace(query_id)
    assert trace is not None
    assert trace.lifecycle == Lifecycle.LOGGED
    assert node.told(query_id) == [len(WANTED.deltas)] * 2


def test_a_contradiction_that_changed_meanwhile_is_not_amended(node: Node, query: NewQuery) -> None:
    node.board.couple(query.query_id)
    key = keys.query_keys(query.query_id).deltas
    seen = node.raw.lindex(key, 0)
    node.board.resolve(query.query_id, "d1", "by another")
    before = node.holds(query.query_id)
    assert node.run("amend", [key], 0, seen, "too late") == 0
    assert node.run("amend", [key], 99, "", "nowhere") == 0
    assert node.holds(query.query_id) == before


def test_a_contradiction_coupled_anew_while_it_is_resolved_is_not_overwritten(
    node: Node, query: NewQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.board.couple(query.query_id)
    run: Any = getattr(RedisBlackboard, "_run")  # noqa: B009 - it is wrapped for this test only
    meanwhile = iter([lambda: node.board.consider(query.query_id, [LAW, LEGEND], threshold=0)])

    def run_late(board: RedisBlackboard, script: Script, *given: Any) -> Any:
        if script.script == scripts.source("amend"):
            next(meanwhile, lambda: None)()
        return run(board, script, *given)

    monkeypatch.setattr(RedisBlackboard, "_run", run_late)
    assert node.board.resolve(query.query_id, "d1", "it is so")
    trace = node.board.trace(query.query_id)
    assert trace is not None
    assert trace.coupled is not None
    assert [(it.item_b, it.resolution) for it in trace.coupled.deltas] == [(LEGEND.ident, "it is so")]


def test_what_coupling_writes_is_spelt_as_the_codec_does(node: Node, query: NewQuery) -> None:
    node.board.couple(query.query_id)
    at = keys.query_keys(query.query_id)
    checks, deltas = ([json.loads(text) for text in node.raw.lrange(key, 0, -1)] for key in (at.checks, at.deltas))
    assert checks == [bus_codec.check_to(check) for check in WANTED.checks]
    assert deltas == [bus_codec.delta_to(delta) for delta in WANTED.deltas]


def test_of_many_resolutions_at_once_none_is_lost(node: Node, query: NewQuery) -> None:
    node.board.couple(query.query_id)
    ids = [delta.delta_id for delta in WANTED.deltas]
    assert at_once([lambda it=it: node.board.resolve(query.query_id, it, f"{it} is so") for it in ids]) == [True] * 5
    trace = node.board.trace(query.query_id)
    assert trace is not None
    assert trace.coupled is not None
    assert [delta.resolution for delta in trace.coupled.deltas] == [f"{it} is so" for it in ids]
