"""Days that are over are compressed, old ones go, and what is not the archive's stays."""

import fcntl
import gzip
import stat
from pathlib import Path

import pytest

from kitbash.archive.entry import Kind, Tidied
from kitbash.archive.folder import APPEND_LOCK, TIDY_LOCK
from kitbash.archive.reader import days, read
from kitbash.archive.skipped import Skipped
from tests.integration.test_archive_append import DAY, DAY_MS, NOON_MS, archive, entry, names, numbers

TOMORROW_MS = NOON_MS + DAY_MS


def content(root: Path) -> list[object]:
    skipped = Skipped()
    read_all: list[object] = [
        dict(line) for day in days(root) for kind in Kind for line in read(root, day, kind, skipped)
    ]
    assert skipped.told() == []
    return read_all


def test_a_day_that_is_over_is_compressed_and_reads_the_same(tmp_path: Path) -> None:
    ours = archive(tmp_path, max_bytes=1000)
    for number in range(11):
        ours.append([entry(number, size=300)])
    before, files = content(tmp_path), len(names(tmp_path))
    assert ours.tidy(TOMORROW_MS) == Tidied(compressed=files)
    assert len(names(tmp_path)) == files
    assert all(name.endswith(".jsonl.gz") for name in names(tmp_path))
    assert content(tmp_path) == before
    assert numbers(tmp_path) == list(range(11))


def test_tidying_again_changes_nothing(tmp_path: Path) -> None:
    ours = archive(tmp_path, max_bytes=1000)
    ours.append([entry(1)])
    ours.tidy(TOMORROW_MS)
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in (tmp_path / "logs" / DAY).iterdir()}
    assert ours.tidy(TOMORROW_MS) == Tidied()
    assert {p: (p.stat().st_ino, p.stat().st_mtime_ns) for p in (tmp_path / "logs" / DAY).iterdir()} == before


def test_today_and_later_days_are_left_as_they_are(tmp_path: Path) -> None:
    ours = archive(tmp_path, max_bytes=1, keep_days=1)
    ours.append([entry(1)])
    ours.append([entry(2), entry(3, ms=TOMORROW_MS)])
    before = names(tmp_path)
    assert ours.tidy(NOON_MS + DAY_MS // 2 - 1) == Tidied()
    assert names(tmp_path) == before
    assert ours.tidy(NOON_MS + DAY_MS // 2).compressed == len(before)


def test_compressed_files_are_the_same_bytes_each_time_and_only_ours_to_open(tmp_path: Path) -> None:
    """So that a file compressed again after a crash is no other."""
    path = tmp_path / "logs" / DAY / "query_traces.1.jsonl.gz"
    ours = archive(tmp_path)
    ours.append([entry(1)])
    ours.tidy(TOMORROW_MS)
    first = path.read_bytes()
    assert first[4:8] == bytes(4)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.with_suffix("").write_bytes(gzip.decompress(first))
    path.unlink()
    ours.tidy(TOMORROW_MS)
    assert path.read_bytes() == first


def test_a_day_that_was_compressed_can_be_appended_to(tmp_path: Path) -> None:
    ours = archive(tmp_path)
    for number in range(3):
        ours.append([entry(number)])
        assert ours.tidy(TOMORROW_MS).compressed == 5
    ours.append([entry(3)])
    assert numbers(tmp_path) == [0, 1, 2, 3]
    assert [name for name in names(tmp_path) if "traces" in name] == [
        "query_traces.1.jsonl.gz",
        "query_traces.2.jsonl.gz",
        "query_traces.3.jsonl.gz",
        "query_traces.jsonl",
    ]


@pytest.mark.parametrize(("keep_days", "left"), [(0, 6), (1, 2), (2, 3), (5, 6), (10**9, 6)])
def test_days_are_kept_for_so_many_days_after_their_own(tmp_path: Path, keep_days: int, left: int) -> None:
    ours = archive(tmp_path, keep_days=keep_days)
    ours.append([entry(n, ms=NOON_MS + n * DAY_MS) for n in range(6)])
    all_days = days(tmp_path)
    tidied = ours.tidy(NOON_MS + 5 * DAY_MS)
    assert days(tmp_path) == all_days[6 - left :]
    assert list(tidied.deleted) == all_days[: 6 - left]
    assert tidied.compressed == (left - 1) * 5
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == days(tmp_path)


def test_what_is_not_the_archives_stays_with_its_folder(tmp_path: Path) -> None:
    ours = archive(tmp_path, keep_days=1)
    ours.append([entry(1)])
    logs = tmp_path / "logs"
    strays = [
        logs / DAY / "notes.txt",
        logs / DAY / "query_traces.jsonl.bak",
        logs / "2026-02-30" / "query_traces.jsonl",
        logs / "old" / "query_traces.jsonl",
        tmp_path / DAY / "query_traces.jsonl",
        logs / "query_traces.jsonl",
    ]
    for stray in strays:
        stray.parent.mkdir(exist_ok=True)
        stray.write_text("mine")
    assert ours.tidy(NOON_MS + 9 * DAY_MS) == Tidied(deleted=(DAY,))
    assert ours.tidy(NOON_MS + 9 * DAY_MS) == Tidied()
    assert [stray.read_text() for stray in strays] == ["mine"] * len(strays)
    assert names(tmp_path) == ["notes.txt", "query_traces.jsonl.bak"]


def test_a_link_in_place_of_a_day_or_file_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "query_traces.1.jsonl").write_text("mine")
    ours = archive(tmp_path / "a", keep_days=1)
    ours.append([entry(1)])
    (tmp_path / "a" / "logs" / "2026-02-01").symlink_to(elsewhere)
    (tmp_path / "a" / "logs" / DAY / "coupling_checks.7.jsonl").symlink_to(elsewhere / "query_traces.1.jsonl")
    ours.tidy(TOMORROW_MS)
    ours.tidy(NOON_MS + 9 * DAY_MS)
    assert (elsewhere / "query_traces.1.jsonl").read_text() == "mine"
    assert [path.name for path in elsewhere.iterdir()] == ["query_traces.1.jsonl"]


def test_there_is_nothing_to_tidy_in_what_is_not_there(tmp_path: Path) -> None:
    assert archive(tmp_path / "a").tidy(NOON_MS) == Tidied()
    assert not (tmp_path / "a").exists()


def test_an_empty_file_goes_without_a_trace(tmp_path: Path) -> None:
    ours = archive(tmp_path)
    ours.append([entry(1)])
    (tmp_path / "logs" / DAY / "query_traces.jsonl").write_bytes(b"")
    assert ours.tidy(TOMORROW_MS) == Tidied(compressed=4)
    assert "query_traces" not in " ".join(names(tmp_path))


def test_only_one_tidies_at_a_time_and_the_other_leaves_it_alone(tmp_path: Path) -> None:
    ours = archive(tmp_path)
    ours.append([entry(1)])
    with (tmp_path / TIDY_LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert ours.tidy(TOMORROW_MS) == Tidied()
        assert "query_traces.jsonl" in names(tmp_path)
    assert ours.tidy(TOMORROW_MS).compressed == 5


def test_compressing_holds_up_no_append(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = archive(tmp_path)
    ours.append([entry(1)])
    waited: list[bool] = []
    copy = "kitbash.archive.tidying.shutil.copyfileobj"

    def look(*_: object) -> None:
        with (tmp_path / APPEND_LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        waited.append(False)

    monkeypatch.setattr(copy, look)
    ours.tidy(TOMORROW_MS)
    assert waited == [False] * 5
