"""The features that tell near facts apart, and how the order and a veto enter the ranking."""

from dataclasses import replace

import pytest

from kitbash.cascade.confidence import NAMES, UNIT, VETOED, Weights, rank
from kitbash.cascade.features import Asked, features
from kitbash.cascade.search import closest
from kitbash.domain import codec
from kitbash.domain.candidate import FEATURE_NAMES, Features
from kitbash.domain.fact import Fact
from kitbash.domain.words import content_stems
from tests.unit.facts import SKY, candidate

SURE = Weights((0.0,) * len(NAMES), 6.0, tuple(UNIT if name == "coverage" else 0.0 for name in FEATURE_NAMES))


def of(question: str, fact: Fact) -> Features:
    return features(Asked.of(question, dict.fromkeys(content_stems(question), 2.0), frozenset()), fact)


def said(text: str, *, topic: str = "") -> Fact:
    return SKY.fact(1, text, topic=topic)


def test_bm25_rewards_each_further_mention_less_and_long_texts_pay() -> None:
    once, twice, often = (of("comet dust", said("comet " * times)).bm25 for times in (1, 2, 3))
    assert 0 < once < twice < often < 0.5
    assert twice - once > often - twice
    assert of("comet", said("comet ice dust tail rock gas orbit sun")).bm25 < of("comet", said("comet ice")).bm25


def test_bm25_counts_the_topic_as_a_mention() -> None:
    assert of("comet", said("ice", topic="comet")).bm25 > 0
    assert of("comet", said("ice")).bm25 == 0


def test_neighbours_that_stay_neighbours_are_pairs() -> None:
    assert of("long comet tail", said("A long comet tail.")).pairs == 1
    assert of("long comet tail", said("A comet tail is long.")).pairs == pytest.approx(0.5)
    assert of("comet", said("A comet.")).pairs == 0


def test_a_phrase_holds_words_without_content_too() -> None:
    assert of("made of ice", said("It is made of ice.")).phrase == 1
    assert of("made of ice", said("Ice is made.")).phrase == 0


def test_the_same_inflection_is_worth_more() -> None:
    assert of("comets orbit", said("Comets orbit.")).exact == 1
    assert of("comets orbit", said("A comet orbits.")).exact == 0


def test_words_of_one_family_are_kin_and_numbers_never_are() -> None:
    assert of("Norman rule", said("Normandy was a duchy.")).kin == pytest.approx(0.5)
    assert of("in 10661", said("In 10662 it was.")).kin == 0


def test_what_is_asked_for_at_the_beginning_leads() -> None:
    assert of("comet", said("Comets hold much ice.")).lead == 1
    assert of("ice", said("Comets hold much ice.")).lead == pytest.approx(1 / 3)


def test_a_name_that_the_fact_does_not_hold_is_noticed() -> None:
    assert of("Is it Halley", said("It is a comet.")).capitals == 1
    assert of("Is it Halley", said("It is Halley.")).capitals == 0


def test_a_text_that_holds_the_kind_of_thing_asked_for_offers_it() -> None:
    assert of("How many tails has a comet?", said("A comet has two tails.")).offer == 1
    assert of("How many tails has a comet?", said("A comet has tails.")).offer == 0
    assert of("What is a comet?", said("A comet has tails.")).offer == 0.5


def test_a_vetoed_fact_keeps_its_place_and_is_not_sure() -> None:
    best = replace(candidate(said("first"), coverage=1.0), veto="it is about another name")
    ranked = rank([candidate(SKY.fact(2, "second"), coverage=0.5), best], SURE)
    assert [it.candidate.fact.text for it in ranked] == ["first", "second"]
    assert ranked[0].probability == VETOED


def test_a_veto_is_on_the_blackboard() -> None:
    some = [replace(candidate(said("first")), veto="it is about another name"), candidate(SKY.fact(2, "second"))]
    assert [it.veto for it in codec.candidates_from(codec.candidates_to(some))] == ["it is about another name", ""]


def test_facts_of_several_cartridges_are_cut_by_what_compares() -> None:
    asked = Asked.of("comet tail", dict.fromkeys(content_stems("comet tail"), 2.0), frozenset())
    some = [said("ice"), SKY.fact(2, "A comet tail."), SKY.fact(3, "A comet.")]
    assert [fact.fact_id for fact in closest(asked, some, 2)] == [2, 3]
    assert closest(asked, some, 3) == some
