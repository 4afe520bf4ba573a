"""What a question may hold, and what is refused with a word about it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.domain import question
from kitbash.errors import UsageError

ANYTHING = st.text(st.characters(codec=None, categories=None))


@pytest.mark.parametrize(
    "nothing", ["", " ", "\n\t \r", "\x00", "???", "\u200b\u200d\ufeff", "\u202e", "\x1b[", "\ue000"]
)
def test_a_question_without_a_word_is_refused(nothing: str) -> None:
    with pytest.raises(UsageError, match="empty"):
        question.parse(nothing, max_chars=2000)


def test_a_question_of_a_megabyte_is_refused_with_both_sizes() -> None:
    with pytest.raises(UsageError, match=r"1,048,576 characters.*at most 2,000"):
        question.parse("a" * 1_048_576, max_chars=2000)


def test_the_longest_allowed_question_is_taken_and_one_character_more_is_not() -> None:
    assert question.parse("a" * 40, max_chars=40).text == "a" * 40
    with pytest.raises(UsageError, match="41"):
        question.parse("a" * 41, max_chars=40)


@pytest.mark.parametrize("lone", ["\ud800", "what \udfff is", "\udc80abc"])
def test_a_lone_surrogate_is_refused_as_invalid_text(lone: str) -> None:
    with pytest.raises(UsageError, match="surrogate") as refused:
        question.parse(lone, max_chars=2000)
    str(refused.value).encode()


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  What \n is\tDNA? ", "What is DNA?"),
        ("What\x00is DNA?", "What is DNA?"),
        ("What is\x07 DNA?\x7f", "What is DNA?"),
        ("\x1b[31mWhat\x1b[0m is DNA?", "[31mWhat[0m is DNA?"),
        ("\x1b]0;title\x07What is DNA?", "]0;titleWhat is DNA?"),
        ("\u202eWhat is\u202c DNA?", "What is DNA?"),
        ("\u2066What is\u2069 DNA?", "What is DNA?"),
        ("What\u2028is\u2029DNA?", "What is DNA?"),
        ("What is D\u00adN\u200bA?", "What is DNA?"),
        ("What is DNA\U000e0041?", "What is DNA?"),
        ("Qu'est-ce que l'\u00e9t\u00e9?", "Qu'est-ce que l'\u00e9t\u00e9?"),
        ("\u4ec0\u4e48\u662fDNA\uff1f", "\u4ec0\u4e48\u662fDNA\uff1f"),
    ],
)
def test_what_a_terminal_would_act_on_is_dropped_and_the_rest_kept(raw: str, clean: str) -> None:
    assert question.parse(raw, max_chars=2000).text == clean


@given(ANYTHING)
def test_any_text_is_either_a_clean_question_or_a_usage_error(raw: str) -> None:
    try:
        text = question.parse(raw, max_chars=60).text
    except UsageError:
        return
    assert text == " ".join(text.split())
    assert any(char.isalnum() for char in text)
    assert not any(unicodedata.category(char).startswith("C") for char in text)
    assert len(text) <= 60
    text.encode()


@given(ANYTHING)
def test_what_was_cleaned_is_clean(raw: str) -> None:
    once = question.printable(raw)
    assert question.printable(once) == once
