"""What is on disk before what: told by the calls to the operating system, since no power is cut here."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kitbash.archive.entry import Entry, Kind
from tests.integration.test_archive_append import DAY, DAY_MS, NOON_MS, archive, entry, query_id


def recorded(monkeypatch: pytest.MonkeyPatch, *names: str) -> list[tuple[str, object]]:
    """Return a list that fills with the calls of these functions, and the inode of the file, or its name."""
    asked: list[tuple[str, object]] = []

    def told(name: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def instead(at: int | str, *args: Any, **kwargs: Any) -> Any:
            asked.append((name, os.fstat(at).st_ino if isinstance(at, int) else at))
            return real(at, *args, **kwargs)

        return instead

    for name in names:
        monkeypatch.setattr(os, name, told(name))
    return asked


def test_a_file_is_on_disk_before_it_is_renamed_and_its_name_before_another_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = archive(tmp_path)
    ours.append([Entry(NOON_MS, query_id(1), {Kind.QUERY_TRACES: [{}]})])
    day = tmp_path / "logs" / DAY
    plain, folder = (day / "query_traces.jsonl").stat().st_ino, day.stat().st_ino
    asked = recorded(monkeypatch, "fsync", "rename", "unlink")
    ours.tidy(NOON_MS + DAY_MS)
    assert asked == [
        ("fsync", plain),
        ("rename", "query_traces.jsonl"),
        ("fsync", folder),
        ("fsync", (day / "query_traces.1.jsonl.gz").stat().st_ino),
        ("rename", "query_traces.1.jsonl.gz.part"),
        ("fsync", folder),
        ("unlink", "query_traces.1.jsonl"),
    ]


def test_a_full_file_is_on_disk_before_it_is_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed writer may have left whole lines in it that are not."""
    ours = archive(tmp_path, max_bytes=1)
    ours.append([entry(1)])
    full = (tmp_path / "logs" / DAY / "query_traces.jsonl").stat().st_ino
    asked = recorded(monkeypatch, "fsync", "rename")
    ours.append([entry(2)])
    assert asked.index(("fsync", full)) < asked.index(("rename", "query_traces.jsonl"))


def test_an_append_returns_when_all_is_on_disk_and_the_traces_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = recorded(monkeypatch, "write", "fsync")
    archive(tmp_path / "a").append([entry(1)])
    files = {path.name: path.stat().st_ino for path in (tmp_path / "a" / "logs" / DAY).iterdir()}
    traces = files.pop("query_traces.jsonl")
    folders = [tmp_path / "a" / "logs" / DAY, tmp_path / "a" / "logs", tmp_path / "a", tmp_path]
    for inode in (*files.values(), *(folder.stat().st_ino for folder in folders)):
        assert asked.index(("fsync", inode)) < asked.index(("write", traces))
    for inode in (*files.values(), traces):
        assert asked.index(("write", inode)) < asked.index(("fsync", inode))
        assert asked.count(("fsync", inode)) == 1
        assert asked.count(("write", inode)) == 1
