"""How spotlights are filled: who is proposed, who leads, who has room, and that nothing that matters is left out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.cascade.fuse import RELATED
from kitbash.cascade.spotlight import fill, item_of, proposals, ranked_parts, shares
from kitbash.domain import context
from kitbash.domain.candidate import Candidate
from kitbash.domain.item import Item
from kitbash.domain.level import Level
from tests.unit.cascade_kit import WEIGHTS
from tests.unit.facts import SKY, Fixed, candidate

FACTUAL: Final = tuple(level for level in Level if level.states_facts)
ONE: Final = dict.fromkeys(Level, 1)
ITEMS: Final = st.lists(
    st.builds(
        Item,
        level=st.sampled_from(FACTUAL),
        ident=st.integers(1, 30).map(lambda number: f"sky#{number}"),
        probability=st.floats(0, 1),
        leads=st.booleans(),
    ),
    max_size=20,
    unique_by=lambda it: it.ident,
)
WIDTHS: Final = st.fixed_dictionaries(dict.fromkeys(Level, st.integers(2, 12)))


def near(number: int, coverage: float, part: int = 0) -> Candidate:
    return candidate(SKY.fact(number, f"Fact {number}."), part, coverage=coverage)


def facts_of(candidates: list[Candidate]) -> list[Item]:
    return proposals(ranked_parts(candidates, WEIGHTS))


def test_the_likeliest_leads_and_stands_first() -> None:
    first, second = facts_of([near(1, 0.4), near(2, 0.9)])
    assert (first.ident, first.leads, second.ident, second.leads) == ("sky_general#2", True, "sky_general#1", False)
    assert first.probability == round(first.probability, 4) > second.probability


def test_the_likeliest_of_each_thing_asked_leads_and_the_whole_does_not() -> None:
    found = facts_of([near(1, 1.0), near(2, 0.9, 1), near(3, 0.5, 1), near(4, 0.2, 2)])
    assert {it.ident for it in found if it.leads} == {"sky_general#2", "sky_general#4"}
    assert "sky_general#1" not in {it.ident for it in found}


def test_a_fact_proposed_for_two_things_stands_once_and_leads_if_it_leads_one() -> None:
    both = [near(1, 0.6, 1), near(2, 0.9, 1), near(1, 0.5, 2), near(3, 0.1, 2)]
    for order in (both, both[::-1]):
        by_ident = {it.ident: it for it in facts_of(order)}
        assert len(by_ident) == 3
        one = by_ident["sky_general#1"]
        assert one.leads
        assert one.probability == 0.5


def test_equal_texts_stand_once() -> None:
    twin = Fixed("moon_general").fact(9, "Fact 1.")
    found = facts_of([near(1, 0.9), candidate(twin, coverage=0.9)])
    assert [it.ident for it in found] == ["sky_general#1"]


def test_nothing_proposed_is_nothing_to_stand() -> None:
    assert facts_of([]) == []
    assert fill([], [], ONE) == ()


def test_an_item_holds_all_that_coupling_needs() -> None:
    fact = replace(Fixed("tale_fiction", Level.NARRATIVE).fact(3, "Elves sing."), event_time="1900", narrative_time="2")
    item = item_of(fact, probability=0.123456, leads=True)
    assert (item.level, item.ident, item.text, item.confidence) == (Level.NARRATIVE, "tale_fiction#3", fact.text, 0.9)
    assert (item.cartridge, item.probability, item.leads, item.is_fiction) == ("tale_fiction", 0.1235, True, True)
    assert (item.event_time, item.narrative_time) == ("1900", "2")
    assert not item_of(SKY.fact(1, "x")).is_fiction


def test_of_each_level_the_likeliest_have_room() -> None:
    some = facts_of([near(1, 0.9), near(2, 0.8), near(3, 0.7), near(4, 0.6)])
    kept = fill(some, [], ONE | {Level.EMPIRICAL: 2})
    assert [it.ident for it in kept] == ["sky_general#1", "sky_general#2"]


def test_what_is_not_even_near_gets_no_place() -> None:
    far = Item(Level.AXIOMATIC, "far", probability=RELATED - 0.0001)
    near_by = Item(Level.AXIOMATIC, "near", probability=RELATED)
    assert fill([near_by, far], [], dict.fromkeys(Level, 9)) == (near_by,)


@pytest.mark.parametrize("probability", [0.0, 0.01, 0.9])
def test_what_leads_stands_whether_or_not_it_is_near_or_has_room(probability: float) -> None:
    others = [Item(Level.EMPIRICAL, f"first{number}", probability=0.95) for number in range(3)]
    leading = Item(Level.EMPIRICAL, "leads", probability=probability, leads=True)
    assert leading in fill([*others, leading], [], ONE)


def test_a_rival_stands_even_when_search_left_it_without_a_place() -> None:
    leading = Item(Level.EMPIRICAL, "leads", probability=0.9, leads=True)
    faint = Item(Level.NARRATIVE, "rival", probability=0.01)
    rival = replace(faint, probability=0.0)
    assert fill([leading, faint], [rival], ONE) == (leading, rival)
    kept = replace(faint, probability=0.5)
    assert fill([leading, kept], [rival], ONE) == (leading, kept)


@given(ITEMS, ITEMS, WIDTHS)
def test_nothing_that_leads_or_is_pulled_in_is_left_out_and_nobody_stands_twice(
    proposed: list[Item], others: list[Item], room: Mapping[Level, int]
) -> None:
    kept = fill(proposed, others, room)
    idents = [it.ident for it in kept]
    assert len(set(idents)) == len(idents)
    assert {it.ident for it in proposed if it.leads} | {it.ident for it in others} <= set(idents)
    assert [it.level for it in kept] == sorted(it.level for it in kept)
    for level in Level:
        own = [it for it in kept if it not in others and it.level is level and not it.leads]
        assert len(own) <= room[level]


@given(ITEMS, ITEMS, WIDTHS)
def test_what_stands_can_be_filled_in_again_and_stands_the_same(
    proposed: list[Item], others: list[Item], room: Mapping[Level, int]
) -> None:
    """A replay fills from what was proposed and what stood."""
    kept = fill(proposed, others, room)
    assert fill(proposed, kept, room) == kept


def test_the_shares_of_the_levels_sum_to_one() -> None:
    some = [Item(Level.EMPIRICAL, "a", probability=0.6), Item(Level.NARRATIVE, "b", probability=0.2)]
    found = shares(some)
    assert found[Level.EMPIRICAL] == pytest.approx(0.75)
    assert sum(found.values()) == pytest.approx(1)
    assert set(found) == set(Level)
    assert set(shares([]).values()) == {0.0}


@given(ITEMS)
def test_any_shares_may_be_remembered(proposed: list[Item]) -> None:
    context.checked("thing", shares(proposed))
