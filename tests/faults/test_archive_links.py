"""A link, or what is no file at all, is never written to, whoever put it there."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kitbash.archive.errors import ArchiveError
from kitbash.archive.folder import APPEND_LOCK
from kitbash.archive.reader import days
from tests.integration.test_archive_append import DAY, LARGE, archive, entry, numbers


@pytest.mark.parametrize("at", ["file", "day", "logs", "lock"])
def test_a_link_is_never_written_through(tmp_path: Path, at: str) -> None:
    root, elsewhere = tmp_path / "a", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "f").write_text("mine")
    day = root / "logs" / DAY
    link, target = {
        "file": (day / "query_traces.jsonl", elsewhere / "f"),
        "day": (day, elsewhere),
        "logs": (root / "logs", elsewhere),
        "lock": (root / APPEND_LOCK, elsewhere / "f"),
    }[at]
    link.parent.mkdir(parents=True)
    link.symlink_to(target)
    with pytest.raises(ArchiveError, match="only real files and folders are used"):
        archive(root).append([entry(1)])
    assert {path.name: path.read_text() for path in elsewhere.iterdir()} == {"f": "mine"}
    link.unlink()
    archive(root).append([entry(1)])
    assert numbers(root) == [1]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_told_at_once(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "logs" / DAY / "query_traces.jsonl"
    path.parent.mkdir(parents=True)
    make(path)
    with pytest.raises(
        ArchiveError, match=r"query_traces\.jsonl: (not a regular file|Is a directory); only real files"
    ):
        archive(tmp_path).append([entry(1)])
    assert {path.name for path in path.parent.iterdir() if path.is_file() and path.stat().st_size} == set()


def test_a_root_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(ArchiveError, match="only real files and folders"):
        archive(tmp_path / "a", max_bytes=LARGE).append([entry(1)])
    with pytest.raises(ArchiveError):
        days(tmp_path / "a")
