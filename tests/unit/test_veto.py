"""Opposites share nearly every word: none is served for the other, and other wordings of the same still are."""

import pytest

from kitbash.cascade.veto import Veto, antonyms, veto
from kitbash.domain.fact import Fact
from tests.unit.facts import SKY

PAIRS = [
    ("How do I turn the light on?", "How do I turn the light off?", Veto.ANTONYM),
    ("Who was the first president?", "Who was the last president?", Veto.ANTONYM),
    ("How do I fly from London to Paris?", "How do I fly from Paris to London?", Veto.DIRECTION),
    ("Who won the election in 2010?", "Who won the election in 2020?", Veto.NUMBER),
    ("What is the capital of North Korea?", "What is the capital of South Korea?", Veto.ANTONYM),
    ("What happened before the war?", "What happened after the war?", Veto.ANTONYM),
    ("What is the maximum speed?", "What is the minimum speed?", Veto.ANTONYM),
    ("How do you convert miles to kilometres?", "How do you convert kilometres to miles?", Veto.DIRECTION),
    ("Does a wolf hunt a deer?", "Does a deer hunt a wolf?", Veto.DIRECTION),
    ("Why is Pluto a planet?", "Why is Pluto not a planet?", Veto.NEGATION),
    ("Is the Earth bigger than the Moon?", "Is the Moon bigger than the Earth?", Veto.DIRECTION),
    ("Was Caesar killed by Brutus?", "Was Brutus killed by Caesar?", Veto.DIRECTION),
    ("How does the price increase?", "How does the price decrease?", Veto.ANTONYM),
    ("How do I enable logging?", "How do I disable logging?", Veto.ANTONYM),
    ("Which country exports oil?", "Which country imports oil?", Veto.ANTONYM),
    ("Who founded the Apple company?", "Who founded the Microsoft company?", Veto.ENTITY),
]


def asked_for(alias: str) -> Fact:
    return SKY.fact(1, "It is so.", alias)


@pytest.mark.parametrize(("one", "two", "why"), PAIRS)
def test_a_question_is_not_served_by_the_fact_of_its_opposite(one: str, two: str, why: Veto) -> None:
    assert veto(one, asked_for(two)) is why
    assert veto(two, asked_for(one)) is why


@pytest.mark.parametrize(("one", "two", "why"), PAIRS)
def test_nor_by_a_fact_without_aliases_that_says_the_opposite(one: str, two: str, why: Veto) -> None:
    assert veto(one, SKY.fact(1, two.replace("?", "."))) is why


@pytest.mark.parametrize("question", [question for one, two, _ in PAIRS for question in (one, two)])
def test_the_same_question_is_never_vetoed(question: str) -> None:
    assert veto(question, asked_for(question)) is None


@pytest.mark.parametrize(
    ("question", "alias"),
    [
        ("In air, what is the speed of sound?", "What is the speed of sound in air?"),
        ("What makes the sky look blue?", "Why is the sky blue?"),
        ("what is the height of mount everest", "How tall is Mount Everest?"),
        ("What is France's capital?", "What is the capital of France?"),
        ("How do magnets attract iron?", "Why do magnets attract iron but repel each other?"),
    ],
)
def test_another_wording_of_the_same_is_not_vetoed(question: str, alias: str) -> None:
    assert veto(question, asked_for(alias)) is None


def test_a_lower_case_name_before_the_same_words_is_another_name() -> None:
    fact = SKY.fact(1, "It ended in the American Civil War of 1861.", "When was the American Civil War?")
    assert veto("when was the spanish civil war", fact) is Veto.ENTITY
    assert veto("when was the american civil war", fact) is None


def test_of_what_a_long_text_denies_the_question_need_not_speak() -> None:
    long = (
        "The most famous work of Norman art is the Bayeux Tapestry, which is not a tapestry but a work of embroidery."
    )
    assert veto("What is the most famous work of Norman art?", SKY.fact(1, long)) is None
    assert (
        veto("What is not the most famous work of Norman art?", SKY.fact(1, "Norman art is famous work.")) is not None
    )


def test_one_word_that_is_only_mentioned_is_not_answered() -> None:
    fact = SKY.fact(1, "As a rule of thumb, money growing at 6 % doubles in 12 years.", "When does money double?")
    assert veto("How do I make money?", fact) is Veto.ASIDE
    assert veto("What is money?", SKY.fact(1, "Money is what is taken for goods.")) is None
    assert veto("What is money?", SKY.fact(1, "It is what is taken for goods.", "What is money?")) is None


def test_an_antonym_is_one_in_both_directions_and_never_of_itself() -> None:
    for word, opposites in antonyms().items():
        assert word not in opposites
        assert all(word in antonyms()[it] for it in opposites)
