"""Only what the archive itself could have named is its own; a day from outside never becomes another path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.archive import layout
from kitbash.archive.entry import Kind
from kitbash.archive.layout import FileName, Form
from kitbash.errors import UsageError


@pytest.mark.parametrize(
    ("ms", "day"),
    [
        (0, "1970-01-01"),
        (-1, "1969-12-31"),
        (86_399_999, "1970-01-01"),
        (86_400_000, "1970-01-02"),
        (1_709_164_800_000, "2024-02-29"),
        (253_402_300_799_999, "9999-12-31"),
    ],
)
def test_a_moment_lies_on_its_day_in_utc(ms: int, day: str) -> None:
    assert layout.day_of(ms) == day
    assert layout.check_day(day) == day


@pytest.mark.parametrize("ms", [253_402_300_800_000, 10**30, -(10**30)])
def test_a_moment_outside_the_calendar_is_refused(ms: int) -> None:
    with pytest.raises(UsageError, match="milliseconds since 1970"):
        layout.day_of(ms)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "../../etc",
        "2026-02-29",
        "2026-13-01",
        "2026-1-01",
        "20260101",
        "2026-W01-1",
        "2026-01-01\n",
        " 2026-01-01",
        "2026-01-01/..",
        "٢٠٢٦-01-01",
        "0000-01-01",
        "\ud800",
    ],
)
def test_what_is_no_real_date_is_refused_in_plain_words(text: str) -> None:
    with pytest.raises(UsageError, match="YYYY-MM-DD") as refused:
        layout.check_day(text)
    assert str(refused.value).isascii()
    assert str(refused.value).isprintable()


@given(st.sampled_from(Kind), st.integers(0, 999_999_999), st.sampled_from(Form))
def test_every_name_the_archive_makes_reads_back(kind: Kind, number: int, form: Form) -> None:
    name = FileName(kind, number, form if number else Form.PLAIN)
    assert layout.parse_file(str(name)) == name


@pytest.mark.parametrize(
    "name",
    [
        "query_traces",
        "query_traces.json",
        "query_traces.jsonl.gz",
        "query_traces.0.jsonl",
        "query_traces.01.jsonl",
        "query_traces.-1.jsonl",
        "query_traces.1.jsonl.part",
        "query_traces.1.jsonl.gz.bak",
        "query_traces.jsonl\n",
        "my_query_traces.jsonl",
        "notes.jsonl",
        ".query_traces.jsonl",
        "query_traces.1111111111.jsonl",
    ],
)
def test_a_stray_file_is_not_the_archives(name: str) -> None:
    assert layout.parse_file(name) is None
