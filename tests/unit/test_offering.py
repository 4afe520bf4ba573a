"""What a question asks for by its words, and what a text offers by its surface."""

import pytest

from kitbash.domain.offering import Kind, kind_asked, offers
from kitbash.domain.words import capitals


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many moons has Mars?", Kind.QUANTITY),
        ("What percentage is water?", Kind.QUANTITY),
        ("Who found it?", Kind.PERSON),
        ("In what year did Rome fall?", Kind.TIME),
        ("Where is Rome?", Kind.PLACE),
        ("Which country is it in?", Kind.PLACE),
        ("Why is it red?", Kind.REASON),
        ("What is a comet?", None),
    ],
)
def test_the_kind_asked_for_is_told_by_its_words(question: str, kind: Kind | None) -> None:
    assert kind_asked(question) is kind


@pytest.mark.parametrize(
    ("text", "kind", "is_there"),
    [
        ("It was found by Asaph Hall.", Kind.PERSON, True),
        ("It was found by a man.", Kind.PERSON, False),
        ("Mars has two moons.", Kind.QUANTITY, True),
        ("Mars has moons.", Kind.QUANTITY, False),
        ("It fell in the spring.", Kind.TIME, True),
        ("It fell.", Kind.TIME, False),
        ("It lies in Italy.", Kind.PLACE, True),
        ("It lies in a valley.", Kind.PLACE, False),
        ("It is red because of rust.", Kind.REASON, True),
        ("It is red.", Kind.REASON, False),
    ],
)
def test_a_text_offers_what_its_surface_shows(text: str, kind: Kind, *, is_there: bool) -> None:
    assert offers(text, kind, frozenset()) is is_there


def test_what_the_question_itself_holds_is_no_offer() -> None:
    assert not offers("Rome fell in 476.", Kind.TIME, {"rome", "476"})


def test_capitals_are_the_names_in_a_question_but_for_its_first_word() -> None:
    assert capitals("Did Rome conquer the Gauls?") == {"rome", "gaul"}
    assert capitals("Rome fell?") == frozenset()
