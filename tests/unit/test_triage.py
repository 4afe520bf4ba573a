"""What triage makes of a question: its parts, its form, and how the search is spread."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.cascade.triage import MAX_PARTS, asked_for, form_of, idf, leans, spread


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("What is DNA? What is RNA?", ("What is DNA?", "What is RNA?")),
        ("What is DNA and what is RNA?", ("What is DNA", "what is RNA?")),
        ("What is DNA, and who found it first?", ("What is DNA", "who found it first?")),
        ("When did Rome fall and also why did Rome fall?", ("When did Rome fall and", "why did Rome fall?")),
        ("What is DNA? And what is RNA? Who was Darwin?", ("What is DNA?", "And what is RNA?", "Who was Darwin?")),
    ],
)
def test_several_questions_in_one_are_taken_apart(question: str, parts: tuple[str, ...]) -> None:
    whole, *found = asked_for(question)
    assert whole == question
    assert [part.lower().removesuffix(" and") for part in found] == [
        part.lower().removesuffix(" and") for part in parts
    ]


@pytest.mark.parametrize(
    "question",
    [
        "What is the difference between a comet and an asteroid?",
        "what are the differences between a comet and an asteroid",
        "Tell me the difference between a comet and an asteroid.",
        "Compare a comet with an asteroid.",
        "Compare a comet to an asteroid?",
        "Please compare a comet versus an asteroid",
        "compare a comet vs. an asteroid",
    ],
)
def test_a_comparison_asks_for_each_of_its_two_things(question: str) -> None:
    assert asked_for(question) == (question, "What is a comet?", "What is an asteroid?")


@pytest.mark.parametrize(
    "question",
    [
        "What causes thunder and lightning?",
        "Who were Lewis and Clark?",
        "Is salt made of sodium and chlorine?",
        "What is bread and butter pudding?",
        "How do cats and dogs differ?",
        "What is DNA?",
        "DNA",
        "Who? Me?",
        "Incomparable things and their names",
    ],
)
def test_one_question_stays_one_even_with_an_and_in_it(question: str) -> None:
    assert asked_for(question) == (question,)


def test_more_things_than_can_be_composed_are_left_as_one_question() -> None:
    most = " ".join(f"What is thing{number}?" for number in range(MAX_PARTS))
    assert len(asked_for(most)) == MAX_PARTS + 1
    assert asked_for(f"{most} What is more?") == (f"{most} What is more?",)


@given(st.text(max_size=200))
def test_any_question_has_itself_first_and_never_one_single_part(question: str) -> None:
    whole, *parts = asked_for(question)
    assert whole == question
    assert len(parts) != 1
    assert len(parts) <= MAX_PARTS


@pytest.mark.parametrize(
    ("question", "form"),
    [
        ("How far is the Moon?", "quantity"),
        ("Who wrote Hamlet?", "person"),
        ("Whose law is it?", "person"),
        ("When did Rome fall?", "time"),
        ("In what year did Rome fall?", "time"),
        ("Where is Rome?", "place"),
        ("Why is the sky blue?", "reason"),
        ("How does a plane fly?", "manner"),
        ("What is DNA?", "thing"),
        ("Tell me of somewhere showy", "statement"),
    ],
)
def test_the_form_of_a_question_is_what_it_asks_for(question: str, form: str) -> None:
    assert form_of(question) == form


@pytest.mark.parametrize(
    ("question", "is_so"),
    [
        ("And why is that so?", True),
        ("So what?", True),
        ("What did you say earlier of comets?", True),
        ("Tell me AGAIN of comets", True),
        ("Is it still so?", True),
        ("What of that one?", True),
        ("one two three four five six seven eight nine ten eleven", True),
        ("one two three four five six seven eight nine ten", False),
        ("What is a comet?", False),
        ("What is the Bay of Bengal and Sogne?", False),
        ("Are distillers against it?", False),
    ],
)
def test_a_question_may_lean_on_what_was_asked_before(question: str, is_so: bool) -> None:
    assert leans(question) is is_so


def test_small_cartridges_share_a_shard() -> None:
    assert spread([("a", 10), ("b", 20), ("c", 30)], 100) == (("a", "b", "c"),)


def test_cartridges_are_spread_when_a_shard_is_full() -> None:
    assert spread([("a", 60), ("b", 40), ("c", 1), ("d", 99), ("e", 1)], 100) == (("a", "b"), ("c", "d"), ("e",))


def test_a_cartridge_larger_than_a_shard_has_one_of_its_own() -> None:
    assert spread([("a", 10), ("huge", 5000), ("b", 10)], 100) == (("a",), ("huge",), ("b",))


def test_nothing_to_search_needs_no_shard() -> None:
    assert spread([], 100) == ()


@given(st.lists(st.tuples(st.text(max_size=3), st.integers(0, 300)), max_size=12), st.integers(1, 400))
def test_every_cartridge_is_in_one_shard_and_in_order(cartridges: list[tuple[str, int]], room: int) -> None:
    shards = spread(cartridges, room)
    assert [name for shard in shards for name in shard] == [name for name, _ in cartridges]
    assert all(shards)


def test_a_rare_word_weighs_more_than_a_common_one_and_none_less_than_nothing() -> None:
    weights = [idf(100, holders) for holders in range(101)]
    assert weights == sorted(weights, reverse=True)
    assert weights[100] > 0
    assert math.isclose(weights[0], math.log(202))
