"""What was appended is read in order, from files that only this user can open and that stay near their size."""

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from kitbash.archive.entry import Entry, Kind
from kitbash.archive.line import MAX_BYTES
from kitbash.archive.reader import days, read
from kitbash.archive.skipped import Skipped
from kitbash.archive.writer import Archive
from kitbash.errors import UsageError

DAY: Final = "2026-03-01"
DAY_MS: Final = 86_400_000
NOON_MS: Final = 1_772_366_400_000
"""The noon of DAY."""
LARGE: Final = 1 << 30


def query_id(number: int, ms: int = NOON_MS) -> str:
    """Return an id as Kitbash makes it, the same for the same number."""
    return f"{ms:012x}{number:020x}"


def entry(number: int, *, ms: int = NOON_MS, size: int = 10, said: str = "") -> Entry:
    """Return a query with one trace and two lines of every other kind."""
    fields = {"n": number, "said": said, "text": "x" * size}
    others: dict[Kind, Sequence[Mapping[str, object]]] = {kind: [fields | {"i": i} for i in range(2)] for kind in Kind}
    return Entry(ms, query_id(number, ms), others | {Kind.QUERY_TRACES: [fields]})


def archive(root: Path, *, max_bytes: int = LARGE, keep_days: int = 0) -> Archive:
    return Archive(root, max_bytes=max_bytes, keep_days=keep_days)


def numbers(root: Path, kind: Kind = Kind.QUERY_TRACES, day: str = DAY, skipped: Skipped | None = None) -> list[int]:
    """Return what `entry` was called with, as it is read."""
    return [line["n"] for line in read(root, day, kind, skipped)]


def names(root: Path, day: str = DAY) -> list[str]:
    return sorted(path.name for path in (root / "logs" / day).iterdir())


def test_lines_are_read_in_the_order_of_appending(tmp_path: Path) -> None:
    ours = archive(tmp_path / "a")
    ours.append([entry(3), entry(1)])
    ours.append([entry(2)])
    skipped = Skipped()
    assert numbers(tmp_path / "a", skipped=skipped) == [3, 1, 2]
    assert numbers(tmp_path / "a", Kind.SYNTHESIS_OUTPUTS, skipped=skipped) == [3, 3, 1, 1, 2, 2]
    assert skipped.total == 0
    assert names(tmp_path / "a") == sorted(f"{kind}.jsonl" for kind in Kind)


def test_only_kinds_with_lines_get_a_file(tmp_path: Path) -> None:
    archive(tmp_path).append([Entry(NOON_MS, query_id(1), {Kind.QUERY_TRACES: [{}], Kind.COUPLING_CHECKS: []})])
    assert names(tmp_path) == ["query_traces.jsonl"]
    assert list(read(tmp_path, DAY, Kind.COUPLING_CHECKS)) == []


def test_nothing_to_append_makes_nothing(tmp_path: Path) -> None:
    archive(tmp_path / "a").append([])
    archive(tmp_path / "a").append([Entry(NOON_MS, query_id(1), {})])
    assert not (tmp_path / "a").exists()


def test_the_end_of_a_query_decides_its_day(tmp_path: Path) -> None:
    midnight_ms = NOON_MS + DAY_MS // 2
    archive(tmp_path).append([entry(1, ms=midnight_ms), entry(2, ms=midnight_ms - 1)])
    assert days(tmp_path) == [DAY, "2026-03-02"]
    assert numbers(tmp_path) == [2]
    assert numbers(tmp_path, day="2026-03-02") == [1]


def test_there_are_no_days_in_what_is_not_there(tmp_path: Path) -> None:
    assert days(tmp_path / "a") == []
    assert list(read(tmp_path / "a", DAY, Kind.QUERY_TRACES)) == []


def test_days_are_folders_of_the_archives_own(tmp_path: Path) -> None:
    archive(tmp_path).append([entry(1)])
    for stray in ("2026-02-30", "notes", "2026-03-09"):
        (tmp_path / "logs" / stray).mkdir()
    (tmp_path / "logs" / "2026-03-08").write_text("a file")
    assert days(tmp_path) == [DAY]


def test_a_day_from_outside_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="YYYY-MM-DD"):
        read(tmp_path, "../secret", Kind.QUERY_TRACES)


def test_only_this_user_can_open_what_is_made(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        archive(tmp_path / "a").append([entry(1)])
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [tmp_path / "a", *(tmp_path / "a").rglob("*")]}
    assert len(modes) == 3 + 5 + 1
    assert {path.name: oct(mode) for path, mode in modes.items() if mode != (0o700 if path.is_dir() else 0o600)} == {}


def test_the_root_may_be_a_link_and_lie_deep(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "a").symlink_to("disk")
    archive(tmp_path / "a" / "b" / "c").append([entry(1)])
    assert numbers(tmp_path / "disk" / "b" / "c") == [1]


def test_an_entry_that_cannot_be_written_leaves_the_others_unwritten(tmp_path: Path) -> None:
    bad = Entry(NOON_MS, query_id(2), {Kind.QUERY_TRACES: [{"a": object()}]})
    with pytest.raises(UsageError):
        archive(tmp_path / "a").append([entry(1), bad])
    assert not (tmp_path / "a").exists()


def test_the_longest_line_is_read_again(tmp_path: Path) -> None:
    def longest(more: int) -> Entry:
        return Entry(NOON_MS, query_id(1), {Kind.QUERY_TRACES: [{"a": "x" * (MAX_BYTES - 90 + more)}]})

    archive(tmp_path).append([longest(0)])
    missing = MAX_BYTES - (tmp_path / "logs" / DAY / "query_traces.jsonl").stat().st_size
    archive(tmp_path).append([longest(missing)])
    with pytest.raises(UsageError, match="bytes long"):
        archive(tmp_path).append([longest(missing + 1)])
    read_again: list[Any] = [len(line["a"]) for line in read(tmp_path, DAY, Kind.QUERY_TRACES)]
    assert read_again == [MAX_BYTES - 90, MAX_BYTES - 90 + missing]


@pytest.mark.parametrize(("max_bytes", "keep_days"), [(0, 0), (-1, 0), (1, -1)])
def test_numbers_that_make_no_sense_are_refused(tmp_path: Path, max_bytes: int, keep_days: int) -> None:
    with pytest.raises(UsageError):
        archive(tmp_path, max_bytes=max_bytes, keep_days=keep_days)
