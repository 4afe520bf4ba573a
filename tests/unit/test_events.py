"""Server-sent events, however they are cut into pieces."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kitbash.models.events import data_of

STREAM = b": hello\nevent: message\nid: 1\ndata: one\n\ndata:two\ndata: three\r\n\r\n\n\ndata\n\ndata: last\n"
EVENTS = [b"one", b"two\nthree", b""]


def test_an_event_is_its_data_lines() -> None:
    assert list(data_of([STREAM])) == EVENTS


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_how_it_is_cut_does_not_matter(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    chunks = [STREAM[start:end] for start, end in pairwise(places)]
    assert list(data_of(chunks)) == EVENTS


def test_an_event_comes_as_soon_as_it_is_whole() -> None:
    chunks = iter([b"data: one\n", b"\n", b"data: two\n"])
    events = data_of(chunks)
    assert next(events) == b"one"
    assert next(chunks) == b"data: two\n"
