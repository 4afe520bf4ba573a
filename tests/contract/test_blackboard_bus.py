"""What every blackboard promises about a query's spotlights: filled, coupled, healthy or not, resolved."""

import math
from dataclasses import replace

import pytest

from kitbash.blackboard.board import Blackboard, NewQuery, Trace
from kitbash.blackboard.bus import PostCode
from kitbash.blackboard.redis_bus import MOST_ITEMS
from kitbash.domain.coupling import FLAGGED, UNRESOLVED, Check, Coupled, Delta, Health, Mask, Response, Severity
from kitbash.domain.ids import new_query_id
from kitbash.domain.item import UNOPPOSED, Item, Place, Placement
from kitbash.domain.level import Level
from kitbash.errors import BusError
from tests.boards import (
    ANSWER,
    CALM,
    INTENT,
    LAW,
    LEGEND,
    MASK,
    PEACEFUL,
    PROVERB,
    RIVAL,
    SPOTLIGHTS,
    STORY,
    boils_at,
    new_query,
    timeless,
)
from tests.contract.conftest import Stand

COUPLED = Coupled(
    at_ms=0,
    checks=(
        Check(Level.EMPIRICAL, Level.AXIOMATIC, ("d1",)),
        Check(Level.EMPIRICAL, Level.NARRATIVE, ("d2",)),
        Check(Level.AXIOMATIC, Level.NARRATIVE),
        Check(Level.NARRATIVE, Level.INTENT, ("d3",), Mask((CALM.key,), "1", "0", "1")),
        Check(Level.INTENT, Level.HEURISTIC, ("d4",)),
        Check(Level.INTENT, Level.MASK, ("d5",)),
    ),
    deltas=(
        Delta("d1", LAW.level, RIVAL.level, LAW.ident, RIVAL.ident, boils_at(0).key, 0.5, Severity.CRITICAL),
        Delta("d2", LAW.level, LEGEND.level, LAW.ident, LEGEND.ident, boils_at(0).key, 0.4, Severity.HIGH),
        Delta("d3", STORY.level, INTENT.level, STORY.ident, INTENT.ident, CALM.key, 1.0, Severity.MEDIUM),
        Delta("d4", INTENT.level, PROVERB.level, INTENT.ident, PROVERB.ident, "folk_wisdom", 1.0, Severity.LOW),
        Delta("d5", INTENT.level, MASK.level, INTENT.ident, MASK.ident, "speculation", 1.0, Severity.LOW),
    ),
    placements={
        RIVAL.ident: Placement(Place.BLOCKED, "contradicts sky#1 (d1)"),
        LEGEND.ident: Placement(Place.BLOCKED, "contradicts sky#1 (d2)"),
        INTENT.ident: Placement(Place.MASKED, "contradicts sky#4 (d3)"),
        PROVERB.ident: Placement(Place.BLOCKED, "forbidden by a storm — please (d4)"),
        MASK.ident: Placement(Place.BLOCKED, "forbidden by a storm — please (d5)"),
    },
)
"""What the rules make of SPOTLIGHTS, by hand."""

HEALTH = Health(1, 1, 1, 2, 0, is_coherent=False, response=Response.REFUSE)
TEXTS = ("chosen by a person", 'quo"tes \\ and «unicode» 𝄞', "100 % of %s and %1\nin two lines\r\n\t", "")


@pytest.fixture
def query(board: Blackboard) -> NewQuery:
    """Return an open query."""
    query = new_query()
    board.open(query)
    return query


def traced(board: Blackboard, query: NewQuery) -> Trace:
    trace = board.trace(query.query_id)
    assert trace is not None
    return trace


def deltas(board: Blackboard, query: NewQuery) -> tuple[Delta, ...]:
    coupled = traced(board, query).coupled
    assert coupled is not None
    return coupled.deltas


def test_posted_items_are_all_there_with_everything_they_say(board: Blackboard, query: NewQuery) -> None:
    assert board.post(query.query_id, SPOTLIGHTS) is PostCode.POSTED
    assert traced(board, query).items == SPOTLIGHTS


def test_items_keep_their_order_within_their_level(board: Blackboard, query: NewQuery) -> None:
    mixed = [Item(level, f"{level.name}{number}") for number in range(12) for level in reversed(Level)]
    board.post(query.query_id, mixed)
    assert [it.ident for it in traced(board, query).items] == [f"{it.name}{n}" for it in Level for n in range(12)]


def test_posting_replaces_what_stood_there(board: Blackboard, query: NewQuery) -> None:
    board.post(query.query_id, SPOTLIGHTS)
    board.post(query.query_id, [PROVERB])
    assert traced(board, query).items == (PROVERB,)
    board.post(query.query_id, [])
    assert traced(board, query).items == ()


def test_what_is_posted_is_not_coupled_yet(board: Blackboard, query: NewQuery) -> None:
    board.post(query.query_id, SPOTLIGHTS)
    assert traced(board, query).coupled is None
    board.couple(query.query_id)
    assert traced(board, query).coupled is not None
    board.post(query.query_id, PEACEFUL)
    assert traced(board, query).coupled is None


def test_as_many_items_as_fit_are_posted_and_no_more(board: Blackboard, query: NewQuery) -> None:
    many = [Item(Level.EMPIRICAL, str(number)) for number in range(MOST_ITEMS + 1)]
    assert board.post(query.query_id, many[:-1]) is PostCode.POSTED
    with pytest.raises(BusError, match=f"{MOST_ITEMS + 1} items are too many"):
        board.post(query.query_id, many)
    with pytest.raises(BusError, match=f"{MOST_ITEMS + 1} items are too many"):
        board.consider(query.query_id, many, threshold=0)
    assert len(traced(board, query).items) == MOST_ITEMS


def test_more_contradictions_than_a_call_takes_arguments_are_all_kept(board: Blackboard, query: NewQuery) -> None:
    # Lua 5.1 unpacks no more than 8,000.
    side = 90
    laws = [replace(LAW, ident=f"a{number}") for number in range(side)]
    rivals = [replace(RIVAL, ident=f"b{number}") for number in range(side)]
    considered = board.consider(query.query_id, laws + rivals, threshold=0)
    assert considered is not None
    coupled, health = considered
    assert (len(coupled.deltas), len(coupled.placements), health.critical) == (side * side, side, side * side)


@pytest.mark.parametrize(
    "item",
    [
        replace(LAW, confidence=math.nan),
        replace(LAW, probability=math.inf),
        replace(LAW, claims=(boils_at(-math.inf, 5),)),
        replace(LAW, claims=(CALM, boils_at(5, math.nan))),
    ],
)
def test_a_number_that_is_not_finite_is_refused_and_nothing_is_posted(
    board: Blackboard, query: NewQuery, item: Item
) -> None:
    board.post(query.query_id, [PROVERB])
    with pytest.raises(BusError, match="'sky#1' of L0_EMPIRICAL holds a number that is not finite"):
        board.post(query.query_id, [MASK, item])
    assert traced(board, query).items == (PROVERB,)


def test_nothing_is_posted_coupled_or_considered_after_the_end(board: Blackboard, query: NewQuery) -> None:
    board.post(query.query_id, PEACEFUL)
    board.finish(query.query_id, ANSWER)
    before = traced(board, query)
    assert board.post(query.query_id, SPOTLIGHTS) is PostCode.ENDED
    assert board.couple(query.query_id) is None
    assert board.consider(query.query_id, SPOTLIGHTS, threshold=0) is None
    assert traced(board, query) == before


def test_a_query_that_is_not_there_is_not_thought_through(board: Blackboard) -> None:
    unknown = new_query_id()
    assert board.post(unknown, SPOTLIGHTS) is PostCode.MISSING
    assert board.couple(unknown) is None
    assert board.consider(unknown, SPOTLIGHTS, threshold=0) is None
    assert not board.resolve(unknown, "d1", "gone")
    assert board.health(unknown, threshold=0) == Health(0, 0, 0, 0, 0, is_coherent=True, response=Response.NONE)
    assert board.trace(unknown) is None
    assert list(board.events(unknown, after="0", block_ms=0)) == []
    assert list(board.feed(after="0", block_ms=0)) == []


def test_a_query_that_expired_before_it_was_coupled_is_gone(stand: Stand) -> None:
    query = new_query()
    stand.short_lived.open(query)
    stand.short_lived.post(query.query_id, SPOTLIGHTS)
    stand.pass_ms(1001)
    assert stand.short_lived.couple(query.query_id) is None
    assert list(stand.short_lived.events(query.query_id, after="0", block_ms=0)) == []


def test_the_levels_are_coupled_by_the_rules(board: Blackboard, query: NewQuery) -> None:
    board.post(query.query_id, SPOTLIGHTS)
    coupled = board.couple(query.query_id)
    assert timeless(coupled) == COUPLED
    assert traced(board, query).coupled == coupled


def test_coupling_again_gives_the_same(board: Blackboard, query: NewQuery) -> None:
    board.post(query.query_id, SPOTLIGHTS)
    first = board.couple(query.query_id)
    assert first is not None
    assert board.couple(query.query_id) == first
    assert board.consider(query.query_id, SPOTLIGHTS, threshold=0) == (first, HEALTH)


def test_items_that_agree_are_all_approved(board: Blackboard, query: NewQuery) -> None:
    board.post(query.query_id, SPOTLIGHTS)
    board.couple(query.query_id)
    board.post(query.query_id, PEACEFUL)
    coupled = board.couple(query.query_id)
    assert timeless(coupled) == Coupled(0, (Check(Level.EMPIRICAL, Level.AXIOMATIC),))
    assert traced(board, query).coupled == coupled
    assert board.health(query.query_id, threshold=0) == Health(0, 0, 0, 0, 0, is_coherent=True, response=Response.NONE)


def test_nothing_posted_is_coupled_to_nothing(board: Blackboard, query: NewQuery) -> None:
    assert timeless(board.couple(query.query_id)) == Coupled(0)


def test_no_item_is_lost_and_each_ends_in_one_place(board: Blackboard, query: NewQuery) -> None:
    board.post(query.query_id, SPOTLIGHTS)
    board.couple(query.query_id)
    trace = traced(board, query)
    assert trace.coupled is not None
    assert [(it.ident, it.level) for it in trace.items] == [(it.ident, it.level) for it in SPOTLIGHTS]
    assert set(trace.coupled.placements) < {it.ident for it in SPOTLIGHTS}
    assert {it.ident: trace.coupled.placement(it.ident).place for it in trace.items} == {
        LAW.ident: Place.APPROVED,
        RIVAL.ident: Place.BLOCKED,
        LEGEND.ident: Place.BLOCKED,
        STORY.ident: Place.APPROVED,
        PROVERB.ident: Place.BLOCKED,
        INTENT.ident: Place.MASKED,
        MASK.ident: Place.BLOCKED,
    }
    assert trace.coupled.placement(LAW.ident) == UNOPPOSED


def test_kappa_is_that_of_the_query(board: Blackboard) -> None:
    # 50 against 100 is half: more than 0.3 / 1, less than 0.3 / 0.5.
    found: dict[float, int] = {}
    for kappa in (0.5, 1.0):
        query = new_query(kappa=kappa)
        board.open(query)
        board.post(query.query_id, [LAW, RIVAL])
        coupled = board.couple(query.query_id)
        assert coupled is not None
        found[kappa] = len(coupled.deltas)
    assert found == {0.5: 0, 1.0: 1}


def test_fiction_is_only_flagged_in_a_fluid_project(board: Blackboard) -> None:
    query = new_query(kappa=0.9)
    board.open(query)
    board.post(query.query_id, [LAW, replace(RIVAL, is_fiction=True)])
    coupled = board.couple(query.query_id)
    assert coupled is not None
    assert ([delta.resolution for delta in coupled.deltas], coupled.placements) == ([FLAGGED], {})
    assert board.health(query.query_id, threshold=0) == Health(0, 0, 0, 0, 1, is_coherent=True, response=Response.NONE)


@pytest.mark.parametrize("kappa", [0.0, -1.0, math.nan, math.inf, -math.inf])
def test_a_kappa_that_is_no_number_above_zero_couples_nothing(board: Blackboard, kappa: float) -> None:
    query = new_query(kappa=kappa)
    board.open(query)
    with pytest.raises(BusError, match=query.query_id):
        board.post(query.query_id, SPOTLIGHTS)
    with pytest.raises(BusError, match=query.query_id):
        board.couple(query.query_id)
    with pytest.raises(BusError, match=query.query_id):
        board.consider(query.query_id, SPOTLIGHTS, threshold=0)
    trace = traced(board, query)
    assert (trace.items, trace.coupled, len(trace.events)) == ((), None, 1)


@pytest.mark.parametrize("threshold", range(4))
def test_a_query_is_coherent_up_to_the_threshold(board: Blackboard, query: NewQuery, threshold: int) -> None:
    board.post(query.query_id, SPOTLIGHTS)
    board.couple(query.query_id)
    assert board.health(query.query_id, threshold=threshold) == replace(HEALTH, is_coherent=threshold >= 2)


def test_considering_is_posting_coupling_and_taking_the_health(board: Blackboard, query: NewQuery) -> None:
    one_by_one = new_query()
    board.open(one_by_one)
    for items in (SPOTLIGHTS, PEACEFUL, (), SPOTLIGHTS):
        considered = board.consider(query.query_id, items, threshold=1)
        assert considered is not None
        coupled, health = considered
        board.post(one_by_one.query_id, items)
        assert timeless(coupled) == timeless(board.couple(one_by_one.query_id))
        assert health == board.health(one_by_one.query_id, threshold=1)
        trace, other = traced(board, query), traced(board, one_by_one)
        assert (trace.items, trace.coupled) == (items, coupled)
        assert timeless(trace.coupled) == timeless(other.coupled)
        assert [(it.kind, it.data) for it in trace.events] == [(it.kind, it.data) for it in other.events]


@pytest.mark.parametrize("text", TEXTS)
def test_a_resolved_contradiction_says_so_and_counts_no_more(board: Blackboard, query: NewQuery, text: str) -> None:
    board.consider(query.query_id, SPOTLIGHTS, threshold=0)
    assert board.resolve(query.query_id, "d1", text)
    assert deltas(board, query) == (replace(COUPLED.deltas[0], resolution=text), *COUPLED.deltas[1:])
    assert board.health(query.query_id, threshold=1) == Health(0, 1, 1, 2, 1, is_coherent=True, response=Response.ASK)


def test_a_contradiction_is_resolved_again_with_another_text(board: Blackboard, query: NewQuery) -> None:
    board.consider(query.query_id, SPOTLIGHTS, threshold=0)
    for text in TEXTS:
        assert board.resolve(query.query_id, "d2", text)
        assert [delta.resolution for delta in deltas(board, query)] == [UNRESOLVED, text, *[UNRESOLVED] * 3]
    assert board.health(query.query_id, threshold=1).settled == 1


def test_an_unknown_contradiction_is_not_resolved(board: Blackboard, query: NewQuery) -> None:
    assert not board.resolve(query.query_id, "d1", "too early")
    board.consider(query.query_id, SPOTLIGHTS, threshold=0)
    for unknown in ("d6", "d", "", "1", "D1"):
        assert not board.resolve(query.query_id, unknown, "nothing of this name")
    assert deltas(board, query) == COUPLED.deltas


def test_all_contradictions_resolved_is_as_good_as_none(board: Blackboard, query: NewQuery) -> None:
    board.consider(query.query_id, SPOTLIGHTS, threshold=0)
    for delta in COUPLED.deltas:
        assert board.resolve(query.query_id, delta.delta_id, "it is so")
    assert board.health(query.query_id, threshold=0) == Health(0, 0, 0, 0, 5, is_coherent=True, response=Response.NONE)


def test_what_was_resolved_is_open_again_when_coupled_again(board: Blackboard, query: NewQuery) -> None:
    considered = board.consider(query.query_id, SPOTLIGHTS, threshold=0)
    board.resolve(query.query_id, "d1", "it is so")
    assert considered is not None
    assert board.couple(query.query_id) == considered[0]
    assert board.health(query.query_id, threshold=0) == HEALTH


def test_an_ended_query_keeps_its_contradictions_and_they_can_be_resolved(board: Blackboard, query: NewQuery) -> None:
    board.consider(query.query_id, SPOTLIGHTS, threshold=0)
    board.finish(query.query_id, ANSWER)
    assert board.health(query.query_id, threshold=0) == HEALTH
    assert board.resolve(query.query_id, "d5", "afterwards")
    assert deltas(board, query)[-1].resolution == "afterwards"
