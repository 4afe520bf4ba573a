"""What a question's wording, its project and Kitbash itself allow an answer to draw on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.cascade.intent import asked, standing, world
from kitbash.domain import bus_codec
from kitbash.domain.claim import Claim
from kitbash.domain.fact import Fact
from kitbash.domain.level import Level


@pytest.mark.parametrize(
    ("question", "kappa", "folk", "speculation"),
    [
        ("Why do frogs croak?", 1.0, True, False),
        ("Why do frogs croak?", 1.001, False, False),
        ("Why do frogs croak?", 0.999, True, True),
        ("Why exactly do frogs croak?", 1.0, False, False),
        ("Why exactly do frogs croak?", 0.5, False, True),
        ("Is it scientifically so?", 1.0, False, False),
        ("What is the EVIDENCE for rain?", 1.0, False, False),
        ("Is it measured?", 1.0, False, False),
        ("Is it proven?", 1.0, False, False),
        ("Is it true in fact?", 1.0, False, False),
        ("Imagine a frog that sings", 1.0, True, True),
        ("What if frogs could sing?", 2.0, False, True),
        ("Might it rain?", 1.0, True, True),
        ("Is the couldron mighty?", 1.0, True, False),
        ("Are disproved things inexactly so?", 1.0, True, False),
    ],
)
def test_the_wording_and_the_project_say_what_may_be_drawn_on(
    question: str, kappa: float, folk: bool, speculation: bool
) -> None:
    found = asked(question, "thing", kappa)
    assert (found.allows_folk_wisdom, found.allows_speculation) == (folk, speculation)
    assert (found.level, found.ident) == (Level.INTENT, "asks for a thing")


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("How long does a goldfish remember in the legend?", Level.NARRATIVE),
        ("What do the STORIES say of the moon?", Level.NARRATIVE),
        ("How long does a goldfish really remember?", Level.EMPIRICAL),
        ("In reality, how long?", Level.EMPIRICAL),
        ("Is the legend really true?", Level.NARRATIVE),
        ("How long does a goldfish remember?", None),
        ("What is legendary realism?", None),
    ],
)
def test_a_question_may_name_the_world_it_is_about(question: str, named: Level | None) -> None:
    assert world(question) is named


@given(st.text(max_size=60), st.floats(0.01, 10))
def test_what_was_asked_comes_back_from_the_bus(question: str, kappa: float) -> None:
    found = asked(question, "person", kappa)
    assert bus_codec.item_from(Level.INTENT, bus_codec.item_to(found)) == found


@pytest.mark.parametrize("forbids", [(), ("folk_wisdom",), ("speculation",), ("speculation", "folk_wisdom")])
def test_a_standing_intent_allows_what_it_does_not_forbid(forbids: tuple[str, ...]) -> None:
    claims = (Claim("sea", "be calm"),)
    fact = Fact("own_self", 4, "Kitbash wants proof.", Level.INTENT, 0.9, claims=claims, forbids=forbids)
    (found,) = standing([fact])
    assert (found.ident, found.text, found.confidence, found.claims) == ("own_self#4", fact.text, 0.9, claims)
    assert found.allows_folk_wisdom is ("folk_wisdom" not in forbids)
    assert found.allows_speculation is ("speculation" not in forbids)
    assert found.level is Level.INTENT
