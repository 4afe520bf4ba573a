"""Replies taken apart into sentences."""

import pytest

from kitbash.cascade.sentences import MOST, Sentence, sentences


@pytest.mark.parametrize(
    ("reply", "texts"),
    [
        ("Ice floats. Steam rises!", ["Ice floats.", "Steam rises!"]),
        ("Ice at 0.5 m, e.g. on ponds. Dr. Frost said so.", ["Ice at 0.5 m, e.g. on ponds.", "Dr. Frost said so."]),
        ("- Ice floats.\n- Steam rises", ["Ice floats.", "Steam rises"]),
        ("1. Ice floats.\n2. Steam rises.", ["Ice floats.", "Steam rises."]),
        ("Answer: Ice floats.", ["Ice floats."]),
        ("氷は浮く。蒸気は上がる。", ["氷は浮く。", "蒸気は上がる。"]),
        ("J. Frost lives in the U.S. now.", ["J. Frost lives in the U.S. now."]),
        ("“Ice floats.” So it is said.", ["“Ice floats.”", "So it is said."]),
        ("", []),
        ("\n\n", []),
    ],
)  # fmt: skip
def test_a_reply_is_divided_where_a_sentence_ends(reply: str, texts: list[str]) -> None:
    assert [it.text for it in sentences(reply)] == texts


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("Ice floats [2].", Sentence("Ice floats.", (2,))),
        ("Ice floats. [2]", Sentence("Ice floats.", (2,))),
        ("Ice floats.[2][1]", Sentence("Ice floats.", (2, 1))),
        ("Ice [1, 3] floats [1].", Sentence("Ice floats.", (1, 3))),
        ("Ice floats [a].", Sentence("Ice floats [a].")),
    ],
)
def test_citations_belong_to_the_sentence_before_them(reply: str, found: Sentence) -> None:
    assert sentences(f"{reply} Steam rises.") == [found, Sentence("Steam rises.")]


def test_a_reply_without_end_has_an_end() -> None:
    assert len(sentences("Ice floats. " * 1000)) == MOST
