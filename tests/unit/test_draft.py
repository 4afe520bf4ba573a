"""What of a reply is shown as it grows, and what is held back."""

from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.errors import EngineBadReply
from kitbash.models.draft import Draft
from kitbash.models.generator import Finish, Generated, Prompt, Usage

PROMPT: Final = Prompt("Why does ice float?", max_tokens=9, temperature=0.0, deadline_s=1.0)
ALPHABET: Final = "ab \n#"


def drafted(tokens: Sequence[str], *stop: str) -> tuple[list[str], Generated]:
    """Return what was shown piece by piece, and the whole."""
    draft = Draft(Prompt("?", 9, 0.0, 1.0, stop), "a model")
    shown = [draft.add(token) for token in tokens]
    shown.append(draft.rest())
    return [piece for piece in shown if piece], draft.finished(Finish.LENGTH)


def test_white_space_is_shown_only_between_words() -> None:
    pieces, whole = drafted([" \n", " Ice", " ", "floats", ".", "\n", " "])
    assert pieces == ["Ice", " floats", "."]
    assert whole.text == "Ice floats."


def test_what_may_become_a_stop_sequence_waits() -> None:
    pieces, whole = drafted(["Ice.", "\n#", "#", "x", "\n##", "# no", "more"], "\n###")
    assert pieces == ["Ice.", "\n##x"]
    assert whole.finish is Finish.STOP


def test_the_earliest_of_two_stop_sequences_counts() -> None:
    assert drafted(["a b c d"], "c", "b")[1].text == "a"


def test_a_stop_sequence_of_nothing_stops_nothing() -> None:
    assert drafted(["a b"], "")[1].text == "a b"


def test_without_a_stop_the_reason_is_the_models() -> None:
    assert drafted(["a b"], "z")[1].finish is Finish.LENGTH


def test_usage_that_nobody_told_is_estimated() -> None:
    draft = Draft(PROMPT, "a model")
    draft.add("Ice ")
    draft.add("floats")
    draft.rest()
    assert draft.finished(Finish.STOP).usage == Usage(5, 2, is_counted=False)


def test_half_a_character_is_marked_and_two_halves_are_one() -> None:
    assert drafted(["a \ud83c", " \ud83c\udfb2"])[1].text == "a \ufffd 🎲"


def test_no_text_is_a_bad_reply() -> None:
    with pytest.raises(EngineBadReply, match="no text"):
        drafted([" ", "\n"])


@given(
    tokens=st.lists(st.text(ALPHABET, max_size=4), max_size=12),
    stop=st.lists(st.text(ALPHABET, min_size=1, max_size=3), max_size=3),
)
def test_the_pieces_are_the_text_however_it_is_cut_into_tokens(tokens: list[str], stop: list[str]) -> None:
    said = "".join(tokens)
    ends = min((said.find(mark) for mark in stop if mark in said), default=len(said))
    wanted = said[:ends].strip()
    if not wanted:
        with pytest.raises(EngineBadReply):
            drafted(tokens, *stop)
        return
    pieces, whole = drafted(tokens, *stop)
    assert "".join(pieces) == whole.text == wanted
    assert not any(mark in whole.text for mark in stop)
