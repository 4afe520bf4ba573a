"""A full file is sealed under the next number, and the numbers are read in order, whatever happens meanwhile."""

from pathlib import Path
from typing import Any

import pytest

from kitbash.archive import segments
from kitbash.archive.entry import Kind
from tests.integration.test_archive_append import DAY, archive, entry, names, numbers


def test_a_full_file_is_sealed_and_all_are_read_in_order(tmp_path: Path) -> None:
    ours = archive(tmp_path, max_bytes=1000)
    for number in range(12):
        ours.append([entry(number, size=300)])
    sizes = [path.stat().st_size for path in (tmp_path / "logs" / DAY).iterdir()]
    assert max(sizes) <= 1000
    assert "query_traces.5.jsonl" in names(tmp_path)
    assert "query_traces.6.jsonl" not in names(tmp_path)
    # Beyond 9 the order of names is not that of numbers.
    assert "coupling_checks.11.jsonl" in names(tmp_path)
    assert numbers(tmp_path) == list(range(12))
    assert numbers(tmp_path, Kind.COUPLING_CHECKS) == [n for n in range(12) for _ in range(2)]


def test_a_batch_larger_than_a_file_gets_one_of_its_own(tmp_path: Path) -> None:
    ours = archive(tmp_path, max_bytes=500)
    ours.append([entry(n, size=300) for n in range(3)])
    assert "query_traces.1.jsonl" not in names(tmp_path)
    ours.append([entry(3)])
    assert numbers(tmp_path) == [0, 1, 2, 3]
    assert "query_traces.1.jsonl" in names(tmp_path)


def test_a_missing_number_does_not_hide_the_later_ones(tmp_path: Path) -> None:
    ours = archive(tmp_path, max_bytes=1)
    for number in range(5):
        ours.append([entry(number)])
    (tmp_path / "logs" / DAY / "query_traces.2.jsonl").unlink()
    assert numbers(tmp_path) == [0, 2, 3, 4]
    ours.append([entry(5)])
    assert numbers(tmp_path) == [0, 2, 3, 4, 5]


def test_what_is_left_of_many_numbers_is_read_by_number(tmp_path: Path) -> None:
    ours = archive(tmp_path, max_bytes=1)
    for number in range(3):
        ours.append([entry(number)])
    day = tmp_path / "logs" / DAY
    # A set of these two would be walked the other way round.
    (day / "query_traces.1.jsonl").rename(day / "query_traces.7.jsonl")
    (day / "query_traces.2.jsonl").rename(day / "query_traces.64.jsonl")
    assert numbers(tmp_path) == [0, 1, 2]


def test_a_file_sealed_while_it_is_looked_for_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = archive(tmp_path, max_bytes=1)
    ours.append([entry(1)])
    look = vars(segments)["_sealed_after"]

    def then_seal(*args: Any) -> Any:
        found = look(*args)
        monkeypatch.undo()
        ours.append([entry(2)])
        return found

    monkeypatch.setattr(segments, "_sealed_after", then_seal)
    assert numbers(tmp_path) == [1]
    assert numbers(tmp_path) == [1, 2]
