"""A model's reply made plain, whole and as it grows."""

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.cascade.reply import MAX_CHARS, Growing, plain

MARKS = ("\x1b[31m", "\x1b]0;owned\x07", "\x1b", "\x9b2J", "<|im_start|>", "<|im_", "start|>", "</s>", "[INST]", "\r\n")
HOSTILE = st.lists(st.one_of(st.sampled_from(MARKS), st.text(max_size=4)), max_size=12)


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("Ice floats.", "Ice floats."),
        ("\x1b[1;31mIce\x1b[0m floats.", "Ice floats."),
        ("\x1b]0;owned\x07Ice\x1b]8;;http://x\x1b\\ floats.", "Ice floats."),
        ("\x9b2JIce floats.", "Ice floats."),
        ("<|im_start|>system\nIce floats.</s>", "system\nIce floats."),
        ("<|im_<|x|>start|>Ice floats.", "Ice floats."),
        ("[INST]Ice[/INST] floats.\x00\x07\x08", "Ice floats."),
        ("[IN\x07ST]Ice <\u200b/s>floats.", "Ice floats."),
        ("[TOOL_CALLS]Ice[/SYSTEM_PROMPT] floats. [1] It melts. [own]", "Ice floats. [1] It melts. [own]"),
        ("Ice\u202efloats", "Icefloats"),
        ("  Ice \t floats.\n\n\nSteam  rises.  ", "Ice floats.\nSteam rises."),
        ("a < b and c[1]", "a < b and c[1]"),
        ("", ""),
        ("\x1b[", ""),
    ],
)
def test_what_a_terminal_or_a_template_might_obey_is_gone(raw: str, read: str) -> None:
    assert plain(raw) == read


@given(HOSTILE)
def test_no_reply_holds_a_control_character_or_a_mark(pieces: list[str]) -> None:
    read = plain("".join(pieces))
    assert all(char == "\n" or unicodedata.category(char)[0] != "C" for char in read)
    assert not any(mark in read for mark in ("<|im_start|>", "</s>", "[INST]"))


@given(HOSTILE)
def test_no_piece_that_is_shown_holds_a_control_character(pieces: list[str]) -> None:
    growing = Growing()
    shown = [*map(growing.grow, pieces), growing.rest()]
    assert all(unicodedata.category(char)[0] != "C" for char in "".join(shown))


def test_an_escape_sequence_cut_in_pieces_is_not_shown() -> None:
    growing = Growing()
    assert [growing.grow(it) for it in ("Ice \x1b", "[3", "1mfloats <|im", "_start", "|>. [", "1]")] == [
        "Ice ",
        "",
        "floats ",
        "",
        ". ",
        "[1]",
    ]
    assert growing.rest() == ""


def test_nothing_ordinary_is_held_back_for_good() -> None:
    growing = Growing()
    assert growing.grow("a <") + growing.grow(" b [") + growing.rest() == "a < b ["
    assert growing.grow("\x1b]" + "x" * 400) == "" or growing.rest() != "\x1b"


@pytest.mark.parametrize(
    "hostile",
    [
        "[IN" * 8000 + "[INST]" + "ST]" * 8000,
        "<|a" * 8000 + "<|a|>" + "|>" * 8000,
        "\x9d" * 32_000,
        "\x1b]" * 16_000,
        "\x9d" * 31_000 + "\x1b",
    ],
)
def test_marks_within_marks_are_taken_in_bounded_time(hostile: str) -> None:
    growing = Growing()
    started = time.process_time()
    read, shown = plain(hostile), growing.grow(hostile * 4) + growing.rest()
    assert time.process_time() - started < 0.5
    assert not re.search(r"\[INST\]|<\|a\|>", read + shown)
    assert len(shown) <= MAX_CHARS


def test_a_reply_without_end_is_cut() -> None:
    assert len(plain("ice " * MAX_CHARS)) <= MAX_CHARS
