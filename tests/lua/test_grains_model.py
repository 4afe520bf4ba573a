"""Grains on the server against the plain model, over any sequence of calls; and what was damaged there."""

import json
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from kitbash.blackboard import keys
from kitbash.blackboard.connection import connect
from kitbash.blackboard.grains import HitCode, MoveCode, VoteCode
from kitbash.blackboard.redis_grains import RedisGrains
from kitbash.blackboard.scripts import AnyRedis
from kitbash.domain.grain import Grain, GrainState, Hit
from kitbash.domain.ids import QueryId, new_query_id
from kitbash.errors import StoreUnavailable
from tests.boards import at_once
from tests.servers import Server
from tests.twins.memory_grains import MemoryGrains
from tests.unit.grain_kit import EDITED, OTHER, SUBJECT, grain

SUBJECTS: Final = (SUBJECT, EDITED, OTHER)
QUERIES: Final = tuple(QueryId(f"{number:032x}") for number in range(3))


@dataclass(frozen=True, slots=True)
class Node:
    """A server with grains on it."""

    client: AnyRedis
    raw: Any
    grains: RedisGrains


@pytest.fixture(scope="module", params=["plain", "cluster"])
def node(request: pytest.FixtureRequest) -> Generator[Node]:
    """Return each kind of server."""
    server: Server = request.getfixturevalue(f"{request.param}_server")
    with closing(server.connect()) as client, closing(server.node()) as raw:
        yield Node(client, raw, RedisGrains(client, server.url))


def emptied(node: Node) -> Node:
    node.raw.delete(*keys.GRAINS, *map(keys.vote, QUERIES), keys.CORRECTIONS)
    return node


CONFIDENCE: Final = st.one_of(st.none(), st.sampled_from([0.0, 1.0, 5e-324]), st.floats(0, 1))
SUBJECT_OF: Final = st.sampled_from(SUBJECTS)
CALL: Final = st.one_of(
    st.tuples(st.just("hit"), SUBJECT_OF, CONFIDENCE, st.integers(0, 4).map(lambda number: number == 0)),
    st.tuples(st.just("vote"), SUBJECT_OF, st.sampled_from(QUERIES), st.booleans()),
    st.tuples(st.just("promote"), SUBJECT_OF, st.sampled_from(GrainState), st.sampled_from(GrainState)),
    st.tuples(st.just("restore"), SUBJECT_OF, st.sampled_from(GrainState), st.floats(0, 1)),
    st.tuples(st.just("drop"), SUBJECT_OF),
    st.tuples(st.just("advance"), st.sampled_from([1, 1, 2, 60])),
    st.tuples(st.just("forget scripts")),
)


def done(call: tuple[Any, ...], grains: RedisGrains | MemoryGrains) -> object:
    """Return what comes of one call."""
    found: object = None
    match call:
        case ("hit", subject, confidence, enters):
            found = grains.hit(Hit(subject, confidence), enters=enters)
        case ("vote", subject, query_id, is_right):
            found = grains.vote(query_id, subject, is_right=is_right)
        case ("promote", subject, was, to):
            found = grains.promote(Grain(subject, was), to)
        case ("restore", subject, state, p):
            found = grains.restore(grain(state, p=p, subject=subject, history=()))
        case ("drop", subject):
            found = grains.drop(subject.grain_id)
        case ("advance", count):
            found = [grains.advance_cycle() for _ in range(count)]
        case _:
            pass
    return found


def rounded(grains: RedisGrains | MemoryGrains) -> tuple[object, ...]:
    """Return all that can be read, fractions to twelve digits."""
    found = [replace(it, mean=round(it.mean, 12), spread=round(it.spread, 12)) for it in grains.every()]
    return found, [it.grain_id for it in grains.crystallised()], grains.version(), grains.cycle(), grains.votes()


@settings(max_examples=80, deadline=None)
@given(st.lists(CALL, max_size=25))
def test_the_scripts_do_what_the_model_says(node: Node, calls: list[tuple[Any, ...]]) -> None:
    emptied(node)
    model = MemoryGrains()
    for call in calls:
        if call[0] == "forget scripts":
            node.raw.script_flush()
        assert done(call, node.grains) == done(call, model)
        assert rounded(node.grains) == rounded(model)


def test_who_votes_and_asks_at_once_is_counted_as_if_one_after_the_other(node: Node) -> None:
    grains = emptied(node).grains
    own = [QueryId(f"{number:032x}") for number in range(100, 108)]
    grains.hit(Hit(SUBJECT, 0.9), enters=True)
    try:
        codes = at_once(
            [
                *(partial(grains.vote, QUERIES[0], SUBJECT, is_right=True) for _ in range(4)),
                *(partial(grains.vote, query_id, SUBJECT, is_right=True) for query_id in own[:4]),
                *(partial(grains.vote, query_id, SUBJECT, is_right=False) for query_id in own[4:]),
            ]
        )
        at_once([partial(grains.hit, Hit(SUBJECT, 0.9)) for _ in range(12)])
    finally:
        for query_id in own:
            node.raw.delete(keys.vote(query_id))
    assert (codes.count(VoteCode.COUNTED), codes.count(VoteCode.BEFORE)) == (9, 3)
    found = grains.get(SUBJECT.grain_id)
    assert found is not None
    assert (found.confirmed, found.refuted, found.hits, found.measured) == (5, 4, 12, 12)
    assert grains.votes() == (5, 9)


def test_of_two_who_change_a_state_at_once_one_does(node: Node) -> None:
    grains = emptied(node).grains
    grains.hit(Hit(SUBJECT, 0.9))
    read = grains.get(SUBJECT.grain_id)
    assert read is not None
    codes = at_once([partial(grains.promote, read, GrainState.CRYSTALLISED) for _ in range(8)])
    assert (codes.count(MoveCode.MOVED), codes.count(MoveCode.OTHER)) == (1, 7)
    assert grains.version() == 1


def test_a_record_keeps_fifty_cycles_and_no_more(node: Node) -> None:
    grains = emptied(node).grains
    for _ in range(3):
        grains.hit(Hit(SUBJECT, 0.9))
        for _ in range(60):
            grains.advance_cycle()
    grains.hit(Hit(SUBJECT, 0.9))
    record = json.loads(node.raw.hget(keys.GRAINS.records, SUBJECT.grain_id))
    assert record["history"].split(",") == ["0"] * 50


DAMAGED: Final = {
    "no-json": "{",
    "no-record": "[]",
    "a-number": "7",
    "empty": "{}",
    "null": "null",
    "counts-that-are-none": '{"history": "", "hits": {}, "state": "crystallised"}',
    "no-history": '{"hits": 1, "history": 3}',
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_record_is_passed_over_and_the_next_hit_begins_anew(node: Node, text: str) -> None:
    grains = emptied(node).grains
    grains.hit(Hit(OTHER, 0.9))
    node.raw.hset(keys.GRAINS.records, SUBJECT.grain_id, text)
    node.raw.sadd(keys.GRAINS.crystallised, SUBJECT.grain_id)
    with capture_logs() as logs:
        assert grains.get(SUBJECT.grain_id) is None
        assert [it.subject for it in grains.every()] == [OTHER]
        assert list(grains.crystallised()) == []
    assert [it["event"] for it in logs] == ["grains.unreadable"] * 3
    assert grains.promote(Grain(SUBJECT), GrainState.LOCKED) in {MoveCode.MISSING, MoveCode.OTHER}
    assert grains.hit(Hit(SUBJECT, None)) is HitCode.UNKNOWN
    assert grains.vote(new_query_id(), SUBJECT, is_right=True) is VoteCode.COUNTED
    assert grains.get(SUBJECT.grain_id) == Grain(SUBJECT, confirmed=1)
    assert grains.version() == 1


def test_damaged_corrections_are_passed_over(node: Node) -> None:
    emptied(node)
    node.raw.lpush(keys.CORRECTIONS, "{", "[]", "{}", '{"query_id": 1}')
    with capture_logs() as logs:
        assert list(node.grains.corrections(9)) == []
    assert len(logs) == 4


def test_a_vote_is_forgotten_in_time(node: Node) -> None:
    emptied(node).grains.vote(QUERIES[0], SUBJECT, is_right=True)
    assert 39 * 86_400 < node.raw.ttl(keys.vote(QUERIES[0])) <= 40 * 86_400


def test_a_record_takes_less_than_half_a_kilobyte(node: Node) -> None:
    grains = emptied(node).grains
    subject = replace(SUBJECT, form="how long do a goldfish rememb its own name in cold water")
    grains.hit(Hit(subject, 1 / 3))
    before = node.raw.memory_usage(keys.GRAINS.records)
    for number in range(1000):
        grains.hit(Hit(replace(subject, fact_id=number + 2), 1 / 3))
    assert (node.raw.memory_usage(keys.GRAINS.records, samples=0) - before) / 1000 < 512


def test_a_server_that_is_gone_is_said(node: Node) -> None:
    assert node
    url = "redis://:secret@127.0.0.1:1/0"
    with closing(connect(url, connect_timeout_s=0.2, socket_timeout_s=0.5)) as client:
        grains = RedisGrains(client, url)
        for call in (
            lambda: grains.hit(Hit(SUBJECT, 0.9)),
            lambda: grains.vote(QUERIES[0], SUBJECT, is_right=True),
            lambda: grains.promote(Grain(SUBJECT), GrainState.LOCKED),
            lambda: grains.restore(Grain(SUBJECT)),
            lambda: grains.drop(SUBJECT.grain_id),
            grains.every,
            grains.crystallised,
            grains.version,
            grains.advance_cycle,
            lambda: grains.corrections(1),
        ):
            with pytest.raises(StoreUnavailable, match=r"\*\*\*@127") as refusal:
                call()
            assert "secret" not in str(refusal.value)
