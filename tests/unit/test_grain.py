"""A grain: what is believed of it, and when that is enough to answer."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.domain.grain import HISTORY, Grain, GrainState, by_form
from kitbash.domain.grain_codec import correction_from, grain_from, grain_to
from kitbash.errors import BusError
from tests.unit.grain_kit import EDITED, OTHER, SUBJECT, grain

TARGET = 0.95


def test_an_id_names_the_question_and_the_fact_but_not_its_wording() -> None:
    assert SUBJECT.grain_id == EDITED.grain_id != OTHER.grain_id
    assert len({replace(SUBJECT, fact_id=it, cartridge=name).grain_id for it in (1, 2) for name in ("a", "b")}) == 4
    assert SUBJECT.grain_id.startswith("sg_")
    assert len(SUBJECT.grain_id) == 19


@pytest.mark.parametrize(
    ("p", "confirmations"), [(0.99, 0), (0.97, 0), (0.95, 1), (0.9, 2), (0.8, 5), (0.6, 10)], ids=str
)
def test_the_surer_it_was_found_the_fewer_confirmations_it_takes(p: float, confirmations: int) -> None:
    needed = next(count for count in range(99) if grain(p=p, confirmed=count).is_served(TARGET))
    assert needed == confirmations


@pytest.mark.parametrize("hits", [1, 12, 10**6])
def test_hits_without_a_word_confirm_nothing(hits: int) -> None:
    assert grain(p=0.94, hits=hits).lower_bound == grain(p=0.94).lower_bound
    assert not grain(p=0.94, hits=hits).is_served(TARGET)


def test_one_refutation_takes_a_fresh_grain_out_of_service_and_confirmations_bring_it_back() -> None:
    assert grain().is_served(TARGET)
    refuted = grain(refuted=1)
    assert not refuted.is_served(TARGET)
    assert refuted.lower_bound < 0.1
    assert not replace(refuted, confirmed=16).is_served(TARGET)
    assert replace(refuted, confirmed=17).is_served(TARGET)


@pytest.mark.parametrize("state", [it for it in GrainState if it is not GrainState.CRYSTALLISED])
def test_only_what_crystallised_is_served(state: GrainState) -> None:
    assert not grain(state, confirmed=1000).is_served(TARGET)


def test_a_grain_that_nothing_measured_has_an_even_chance() -> None:
    fresh = Grain(SUBJECT)
    assert (fresh.precision.mean, fresh.variance) == (0.5, 0.0)
    assert Grain(SUBJECT, confirmed=1).precision.mean == pytest.approx(11 / 12)


def test_as_many_refutations_as_wrong_votes_explain_count_for_nothing() -> None:
    judged_often = grain(confirmed=190, refuted=10)
    assert judged_often.precision == grain(confirmed=200).precision
    assert judged_often.is_served(TARGET)
    assert not grain(confirmed=180, refuted=20).is_served(TARGET)


@given(st.integers(0, 300), st.integers(0, 300))
def test_votes_allowed_for_are_still_votes(right: int, wrong: int) -> None:
    believed, prior = grain(confirmed=right, refuted=wrong).precision, grain().precision
    assert believed.right + believed.wrong == pytest.approx(prior.right + prior.wrong + right + wrong)
    assert believed.right >= prior.right
    assert believed.wrong >= prior.wrong


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_no_confidence_is_beyond_any_vote(p: float) -> None:
    assert 0 < grain(p=p).precision.mean < 1
    assert grain(p=1.0, refuted=1).precision.mean < 0.2


@given(st.floats(0.01, 0.99), st.integers(0, 200), st.integers(0, 20), st.floats(0.5, 0.999))
def test_served_is_that_the_lower_bound_reaches_the_target(p: float, right: int, wrong: int, target: float) -> None:
    it = grain(p=p, confirmed=right, refuted=wrong)
    if abs(it.lower_bound - target) > 1e-9:
        assert it.is_served(target) == (it.lower_bound >= target)


def test_cycles_that_ended_are_history_with_none_where_nothing_was_asked() -> None:
    asked = Grain(SUBJECT, hits=2, cycle=3, cycle_hits=2, history=(1,))
    assert asked.at(3) == asked.at(1) == asked
    assert asked.at(4) == replace(asked, cycle=4, cycle_hits=0, history=(1, 2))
    assert asked.at(7).history == (1, 2, 0, 0, 0)
    assert asked.at(10**9).history == (0,) * HISTORY


@given(st.lists(st.integers(1, 70), max_size=5))
def test_it_does_not_matter_how_often_one_looks(steps: list[int]) -> None:
    asked = Grain(SUBJECT, cycle_hits=2, history=(1, 3))
    looked, cycle = asked, 0
    for step in steps:
        cycle += step
        looked = looked.at(cycle)
    assert looked == asked.at(cycle)


def test_grains_of_one_form_are_found_together() -> None:
    other = grain(subject=replace(SUBJECT, fact_id=2))
    assert by_form([grain(), grain(subject=OTHER), other]) == {
        SUBJECT.form: (grain(), other),
        OTHER.form: (grain(subject=OTHER),),
    }


@given(st.floats(0, 1), st.lists(st.integers(0, 99), max_size=HISTORY), st.text(min_size=1))
def test_json_gives_back_the_same_grain(p: float, history: list[int], form: str) -> None:
    it = grain(p=p, history=tuple(history), variance=p / 3, subject=replace(SUBJECT, form=form))
    assert grain_from(grain_to(it)) == it


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "null", "{}", '{"form": "x"}'])
def test_what_is_no_grain_is_refused(text: str) -> None:
    with pytest.raises(BusError, match="something else wrote"):
        grain_from(text)
    with pytest.raises(BusError, match="something else wrote"):
        correction_from(text)
