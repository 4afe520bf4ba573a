"""A reply as it grows, and the estimate of tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.models.generator import Generated, Pieces, Reply, estimate_tokens

WHOLE = Generated("Ice floats.", "a model")


def growing(events: list[str]) -> Pieces:
    try:
        yield "Ice"
        yield " floats."
    finally:
        events.append("stopped")
    return WHOLE


def test_a_reply_is_its_pieces_and_then_the_whole() -> None:
    reply = Reply(growing([]))
    assert list(reply) == ["Ice", " floats."]
    assert reply.whole() is reply.whole() is WHOLE
    assert list(reply) == []


def test_the_whole_reads_what_is_left() -> None:
    reply = Reply(growing([]))
    next(reply)
    assert reply.whole() is WHOLE


def test_leaving_stops_the_model() -> None:
    events: list[str] = []
    with Reply(growing(events)) as reply:
        next(reply)
        assert not events
    assert events == ["stopped"]
    with pytest.raises(ValueError, match="no whole"):
        reply.whole()


def test_a_reply_that_has_ended_stays_readable_when_it_is_closed() -> None:
    with Reply(growing([])) as reply:
        list(reply)
    assert reply.whole() is WHOLE


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("water", 2), ("東京", 3), ("🎲", 2), ("a東", 3)])
def test_tokens_are_estimated(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@given(one=st.text(), two=st.text())
def test_more_text_is_never_fewer_tokens(one: str, two: str) -> None:
    assert estimate_tokens(one) <= estimate_tokens(one + two) <= estimate_tokens(one) + estimate_tokens(two)
