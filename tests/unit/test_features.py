"""What a question and a fact share, in absolute numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.cascade.features import Asked, features
from kitbash.domain.candidate import Features
from kitbash.domain.fact import Fact
from kitbash.domain.normal_form import stem
from kitbash.domain.words import content_stems, is_negated, numbers
from tests.unit.facts import PHRASE, SKY, STEMS, WORDED

COMET = SKY.fact(1, "A comet is a body of ice.", "What is a comet?", "Which body in space is made of ice?")
ROUNDING = 1e-9


def of(question: str, fact: Fact = COMET, unknown: frozenset[str] = frozenset()) -> Features:
    return features(Asked.of(question, dict.fromkeys(content_stems(question), 2.0), unknown), fact)


def test_a_question_in_the_words_of_an_alias_shares_everything_with_it() -> None:
    found = of("What is a comet?")
    assert (found.coverage, found.alias, found.order, found.subject) == (1, 1, 1, 1)
    assert (found.unknown, found.missing, found.numbers, found.negation) == (0, 0, 0, 0)


def test_a_question_about_something_else_shares_nothing() -> None:
    found = of("Who wrote Hamlet?")
    assert (found.coverage, found.text, found.alias, found.order, found.subject) == (0, 0, 0, 0, 0)
    assert found.missing == 1


def test_coverage_is_the_share_of_the_weight_that_the_fact_holds() -> None:
    question = "comet tail ice"
    weights = {stem("comet"): 1.0, stem("tail"): 3.0, stem("ice"): 2.0}
    found = features(Asked.of(question, weights, frozenset()), COMET)
    assert found.coverage == pytest.approx(0.5)
    assert found.text == pytest.approx(0.5)
    assert found.missing == 1
    assert found.brief == pytest.approx(1 / 3)


def test_a_word_in_an_alias_or_the_topic_is_covered_but_not_in_the_text() -> None:
    assert (of("space").coverage, of("space").text) == (1, 0)
    assert (of("sky").coverage, of("sky").text) == (1, 0)


def test_a_fact_is_about_its_first_content_words() -> None:
    fact = SKY.fact(1, "The planet Mars has two moons.")
    assert of("planet", fact).subject == of("mars", fact).subject == 1
    assert of("moons", fact).subject == 0


def test_words_in_another_order_are_less_alike() -> None:
    fact = SKY.fact(1, "x", "Does a wolf hunt a deer?")
    assert of("Does a wolf hunt a deer?", fact).order == 1
    assert of("Does a deer hunt a wolf?", fact).order == pytest.approx(1 / 3)


def test_the_closest_single_alias_counts() -> None:
    fact = SKY.fact(1, "x", "What is a comet made of?", "Where do tails of dust point?")
    assert of("Where do tails of dust point?", fact).alias == 1
    assert of("comet dust", fact).alias < 1


def test_a_fact_without_aliases_is_compared_by_its_text() -> None:
    assert of("comets of ice", SKY.fact(1, "Comets of ice.")).alias == 1


def test_a_number_that_the_fact_does_not_hold_is_noticed() -> None:
    fact = SKY.fact(1, "Rome fell in 476.", "When did Rome fall?")
    assert of("Did Rome fall in 476?", fact).numbers == 0
    assert of("Did Rome fall in 410?", fact).numbers == 1
    assert of("Did Rome fall?", fact).numbers == 0


def test_a_negation_on_one_side_is_noticed() -> None:
    fact = SKY.fact(1, "x", "Why is Pluto not a planet?")
    assert of("Why is Pluto a planet?", fact).negation == 1
    assert of("Why isn't Pluto a planet?", fact).negation == 0


def test_words_that_no_cartridge_knows_are_weighed() -> None:
    assert of("comet zorgon", unknown=frozenset({"zorgon"})).unknown == pytest.approx(0.5)


def test_a_question_without_content_words_is_all_unknown() -> None:
    found = of("What is it?")
    assert (found.coverage, found.unknown, found.missing, found.brief) == (0, 1, 1, 1)


@given(
    PHRASE,
    WORDED,
    st.dictionaries(st.sampled_from(STEMS), st.floats(0, 12), max_size=len(STEMS)),
    st.frozensets(st.sampled_from(STEMS)),
)
def test_every_feature_is_between_0_and_1(
    question: str, fact: Fact, weights: dict[str, float], unknown: frozenset[str]
) -> None:
    found = features(Asked.of(question, weights, unknown), fact)
    assert all(-ROUNDING <= value <= 1 + ROUNDING for value in found), found


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_features_of_any_text_are_between_0_and_1(question: str, text: str, alias: str) -> None:
    found = of(question, SKY.fact(1, text, alias))
    assert all(-ROUNDING <= value <= 1 + ROUNDING for value in found), found


def test_content_stems_leave_out_what_every_question_holds_and_keep_order_and_repeats() -> None:
    assert content_stems("What are the comets of a comet's tail?") == ("comet", "comet", "tail")


@pytest.mark.parametrize(
    ("text", "negated"),
    [("It isn't ice", True), ("Nobody knows", True), ("It is not without ice", False), ("It is ice", False)],
)
def test_an_odd_number_of_negations_negates(text: str, *, negated: bool) -> None:
    assert is_negated(text) is negated


def test_numbers_are_the_words_with_a_digit() -> None:
    assert numbers(["b12", "ice", "1969", "\u0663"]) == {"b12", "1969", "\u0663"}
