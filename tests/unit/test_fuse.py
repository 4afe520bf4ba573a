"""Layers 2 and 3: which fact answers, how sure that is, and when it is left to the next layer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.cascade import confidence
from kitbash.cascade.confidence import NAMES, Weights, rank
from kitbash.cascade.fuse import NEAREST, fuse, nearest
from kitbash.cascade.synthesis import synthesise
from kitbash.domain.calibration import EXACT
from kitbash.domain.candidate import FEATURE_NAMES, Candidate, Features
from kitbash.domain.plan import Plan
from tests.unit.facts import SHARE, SKY, Fixed, candidate, features

COMET = SKY.fact(1, "Comets are ice.")
STAR = SKY.fact(2, "Stars are hot gas.")
MOON = SKY.fact(3, "Moons orbit planets.")
STRONG = {"coverage": 1.0, "text": 1.0, "subject": 1.0, "alias": 1.0, "order": 1.0}
SHIPPED = confidence.load()
BY_COVERAGE = Weights(tuple(8.0 if name == "coverage" else 0.0 for name in NAMES), -4.0)
"""Coverage alone decides: 0 gives 2 %, a half 50 %, all of it 98 %."""


def test_the_best_fact_answers_and_is_its_own_evidence() -> None:
    found = fuse([candidate(STAR, coverage=0.2), candidate(COMET, coverage=1)], BY_COVERAGE, 0.8)
    assert found.answer == "Comets are ice."
    assert found.evidence == (COMET,)
    assert found.confidence == pytest.approx(0.982, abs=0.001)
    assert found.reason == "sky_general#1 covers 100% of the question"


def test_a_fact_that_is_not_sure_enough_is_shown_as_evidence_only() -> None:
    found = fuse([candidate(STAR, coverage=0.3), candidate(COMET, coverage=0.6)], BY_COVERAGE, 0.8)
    assert found.answer is None
    assert found.evidence == (COMET, STAR)
    assert "nearest is sky_general#1" in found.reason


def test_a_question_that_shares_no_word_has_no_evidence() -> None:
    found = fuse([], SHIPPED, 0.8)
    assert (found.answer, found.confidence, found.evidence) == (None, 0.0, ())


def test_a_question_for_several_things_is_passed_on_with_the_nearest_facts() -> None:
    found = fuse([candidate(COMET, coverage=1), candidate(STAR, 2, coverage=1)], BY_COVERAGE, 0.0, parts=3)
    assert found.answer is None
    assert found.confidence == 0
    assert found.reason == "the question asks for 2 things"
    assert set(found.evidence) == {COMET, STAR}


def test_candidates_for_a_part_do_not_answer_the_whole_question() -> None:
    assert fuse([candidate(COMET, 1, coverage=1)], BY_COVERAGE, 0.0).answer is None


def test_the_order_of_shards_makes_no_difference() -> None:
    some = [candidate(COMET, coverage=0.7), candidate(STAR, coverage=0.7), candidate(MOON, coverage=0.7)]
    assert fuse(some, BY_COVERAGE, 0.5) == fuse(some[::-1], BY_COVERAGE, 0.5)


def test_the_same_text_in_two_cartridges_is_no_rival_of_itself() -> None:
    twin = Fixed("moon_general").fact(9, COMET.text)
    alone = rank([candidate(COMET, **STRONG)], SHIPPED)[0].probability
    found = fuse([candidate(COMET, **STRONG), candidate(twin, **STRONG)], SHIPPED, 0.0)
    assert found.confidence == alone
    assert found.evidence == (COMET,)


@pytest.mark.parametrize("rival", [0.99, 0.8, 0.5])
def test_near_ties_are_less_sure(rival: float) -> None:
    best = candidate(COMET, **STRONG)
    alone = rank([best], SHIPPED)[0].probability
    near = rank([best, candidate(STAR, **dict.fromkeys(STRONG, rival))], SHIPPED)[0]
    far = rank([best, candidate(STAR, coverage=0.1)], SHIPPED)[0]
    assert near.candidate is best
    assert near.probability < far.probability < alone


def test_two_equal_facts_are_both_unsure() -> None:
    ranked = rank([candidate(COMET, **STRONG), candidate(STAR, **STRONG)], SHIPPED)
    assert ranked[0].probability == ranked[1].probability
    assert [it.candidate.fact.fact_id for it in ranked] == [1, 2]


def test_a_word_for_word_question_is_as_sure_as_a_reflex() -> None:
    exact = Candidate(0, STAR, features(coverage=1, alias=1, order=1), is_exact=True)
    ranked = rank([candidate(COMET, coverage=1, alias=1, order=0.9), exact], SHIPPED)
    assert (ranked[0].candidate.fact, ranked[0].probability) == (STAR, EXACT)
    assert ranked[1].probability < EXACT


@given(st.lists(SHARE, min_size=len(FEATURE_NAMES), max_size=len(FEATURE_NAMES)), st.floats(-1, 1))
def test_a_probability_is_between_0_and_1(values: list[float], margin: float) -> None:
    assert 0 <= SHIPPED.probability(Features(*values), margin) <= 1
    extreme = Weights((1e300,) * len(NAMES), -1e300)
    assert 0 <= extreme.probability(Features(*values), margin) <= 1


def test_the_shipped_weights_reward_coverage_and_a_lead_and_punish_unknown_words() -> None:
    weight = dict(zip(NAMES, SHIPPED.values, strict=True))
    assert weight["coverage"] > 0
    assert weight["margin"] > 0
    assert weight["unknown"] < 0
    assert weight["numbers"] < 0
    assert SHIPPED.probability(candidate(COMET).features, 0.0) < 0.05


def test_the_nearest_facts_are_few_different_and_not_far_away() -> None:
    some = [candidate(SKY.fact(number, f"Fact {number}."), coverage=0.5 + number / 100) for number in range(1, 9)]
    far = candidate(SKY.fact(99, "Far."), coverage=0.0)
    again = candidate(some[7].fact, 1, coverage=0.9)
    assert [fact.fact_id for fact in nearest([far, again, *some], BY_COVERAGE)] == [8, 7, 6]
    assert NEAREST == 3
    assert nearest([far], BY_COVERAGE) == ()


BOTH = Plan(("Comets and stars?", "What are comets?", "What are stars?"), (("sky_general",),))


def test_synthesis_composes_one_fact_for_each_part_and_cites_them_in_order() -> None:
    some = [candidate(STAR, 2, coverage=1), candidate(COMET, 1, coverage=1), candidate(MOON, 1, coverage=0.2)]
    found = synthesise(BOTH, some, BY_COVERAGE)
    assert found.answer == "Comets are ice. [1] Stars are hot gas. [2]"
    assert found.evidence == (COMET, STAR)
    assert found.confidence == pytest.approx(0.982**2, abs=0.001)


def test_synthesis_is_as_sure_as_that_all_of_its_facts_fit() -> None:
    found = synthesise(BOTH, [candidate(STAR, 2, coverage=0.5), candidate(COMET, 1, coverage=0.5)], BY_COVERAGE)
    assert found.confidence == pytest.approx(0.25)


def test_synthesis_leaves_a_question_for_one_thing_alone() -> None:
    found = synthesise(Plan(("What are comets?",), ()), [candidate(COMET, coverage=1)], BY_COVERAGE)
    assert (found.answer, found.reason) == (None, "the question asks for one thing")
    assert found.evidence == (COMET,)


def test_synthesis_names_the_part_that_no_fact_answers() -> None:
    found = synthesise(BOTH, [candidate(COMET, 1, coverage=1)], BY_COVERAGE)
    assert (found.answer, found.confidence) == (None, 0)
    assert found.reason == "no fact for 'What are stars?'"


def test_synthesis_does_not_pass_one_fact_off_as_two() -> None:
    found = synthesise(BOTH, [candidate(COMET, 1, coverage=1), candidate(COMET, 2, coverage=1)], BY_COVERAGE)
    assert found.answer is None
    assert "one fact stands for several" in found.reason
