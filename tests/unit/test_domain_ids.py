"""Query ids go into keys, so nothing else may pass for one."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.domain import ids
from kitbash.errors import UsageError

GOOD = "0" * 31 + "f"


def test_a_fresh_id_is_32_hex_digits_and_reads_back() -> None:
    fresh = ids.new_query_id()
    assert re.fullmatch(r"[0-9a-f]{32}", fresh)
    assert ids.parse_query_id(fresh) == fresh


def test_a_later_id_sorts_after_an_earlier_one(monkeypatch: pytest.MonkeyPatch) -> None:
    now_ns = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now_ns)
    earlier = ids.new_query_id()
    monkeypatch.setattr(time, "time_ns", lambda: now_ns + 1_000_000)
    assert earlier < ids.new_query_id()


def test_ids_and_tokens_are_never_the_same_twice() -> None:
    assert len({ids.new_query_id() for _ in range(2000)}) == 2000
    assert len({ids.new_token() for _ in range(2000)}) == 2000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "*" * 32,
        GOOD[:-1] + ":",
        GOOD[:-1] + "*",
        GOOD + "\n",
        "\n" + GOOD,
        GOOD.upper(),
        GOOD[:-1],
        GOOD + "0",
        GOOD[:-1] + " ",
        GOOD[:-1] + "g",
        GOOD[:-1] + "\x00",
        GOOD[:-1] + "\u0661",
        GOOD[:-1] + "{",
        "\ud800" * 32,
        "../" * 11,
    ],
)
def test_what_kitbash_did_not_make_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a query id") as refused:
        ids.parse_query_id(text)
    assert str(refused.value).isascii()


@given(st.text(st.characters(codec=None, categories=None)))
def test_a_refusal_is_short_and_can_be_printed(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        ids.parse_query_id(text)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 300
