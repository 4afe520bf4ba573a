"""What a crash or a bad disk left in a file is passed over and told, and no later line is lost to it."""

import gzip
from pathlib import Path

import pytest

from kitbash.archive.entry import Kind
from kitbash.archive.errors import ArchiveError
from kitbash.archive.finding import find, queries
from kitbash.archive.line import MAX_BYTES
from kitbash.archive.reader import read
from kitbash.archive.skipped import Skipped
from tests.integration.test_archive_append import DAY, DAY_MS, NOON_MS, archive, entry, names, numbers, query_id

TORN = '{"v":1,"query_id":"0'
TAILS = [
    b"{",
    TORN.encode(),
    b'{"v":1,"query_id":"x","n":9}',
    b"\x00",
    b"\x00" * 10_000,
    TORN.encode() + b"\x00" * 4096,
    b"\xc3",
    b"x" * 200_000,
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file of two traces."""
    archive(tmp_path).append([entry(1), entry(2)])
    return tmp_path / "logs" / DAY / "query_traces.jsonl"


def damage(file: Path, tail: bytes) -> bytes:
    """Put a tail behind a file; return what it held."""
    before = file.read_bytes()
    file.write_bytes(before + tail)
    return before


@pytest.mark.parametrize("tail", TAILS)
def test_a_torn_tail_is_skipped_and_told(tmp_path: Path, file: Path, tail: bytes) -> None:
    damage(file, tail)
    skipped = Skipped()
    assert numbers(tmp_path, skipped=skipped) == [1, 2]
    assert skipped.told() == [f"1 torn line skipped in {file}"]


@pytest.mark.parametrize("tail", TAILS)
def test_the_next_append_begins_a_line_of_its_own(tmp_path: Path, file: Path, tail: bytes) -> None:
    before = damage(file, tail)
    archive(tmp_path).append([entry(3)])
    skipped = Skipped()
    assert numbers(tmp_path, skipped=skipped) == [1, 2, 3]
    assert skipped.total == 0
    assert file.read_bytes().startswith(before + b'{"v":1')


@pytest.mark.parametrize("tail", [b"x", b"\x00" * 100_000])
def test_a_file_that_is_nothing_but_a_tail_is_begun_anew(tmp_path: Path, file: Path, tail: bytes) -> None:
    file.write_bytes(tail)
    archive(tmp_path, max_bytes=1).append([entry(3)])
    assert numbers(tmp_path) == [3]
    assert "query_traces.1.jsonl" not in names(tmp_path)


def test_a_torn_tail_is_not_sealed(tmp_path: Path, file: Path) -> None:
    damage(file, TORN.encode())
    archive(tmp_path, max_bytes=1).append([entry(3)])
    damage(file, TORN.encode())
    archive(tmp_path).tidy(NOON_MS + DAY_MS)
    skipped = Skipped()
    assert numbers(tmp_path, skipped=skipped) == [1, 2, 3]
    assert skipped.total == 0
    assert [name for name in names(tmp_path) if "traces" in name] == [
        "query_traces.1.jsonl.gz",
        "query_traces.2.jsonl.gz",
    ]


def test_a_last_line_that_is_no_json_is_torn_though_it_ends(tmp_path: Path, file: Path) -> None:
    damage(file, TORN.encode() + b"\n")
    skipped = Skipped()
    assert numbers(tmp_path, skipped=skipped) == [1, 2]
    assert skipped.told() == [f"1 torn line skipped in {file}"]


@pytest.mark.parametrize("bad", [b"\n", b"\x00" * 5000 + b"\n", TORN.encode() + b"\n", b"\xff\xfe\n", b"[]\n", b"{}\n"])
def test_a_bad_line_in_the_middle_is_skipped_and_told_apart(tmp_path: Path, file: Path, bad: bytes) -> None:
    damage(file, bad + bad)
    archive(tmp_path).append([entry(3)])
    damage(file, TORN.encode())
    skipped = Skipped()
    assert numbers(tmp_path, skipped=skipped) == [1, 2, 3]
    assert skipped.told() == [f"2 bad lines skipped in {file}", f"1 torn line skipped in {file}"]
    assert [trace["n"] for trace in queries(tmp_path, DAY)] == [1, 2, 3]
    assert find(tmp_path, query_id(3)) is not None


def test_what_is_skipped_is_counted_once_by_queries(tmp_path: Path, file: Path) -> None:
    damage(file, TORN.encode())
    skipped = Skipped()
    assert len(list(queries(tmp_path, DAY, skipped))) == 2
    assert skipped.total == 1


def test_a_line_of_another_version_stops_the_reader_with_its_place(tmp_path: Path, file: Path) -> None:
    damage(file, b'{"v":2,"query_id":"x"}\n')
    reading = read(tmp_path, DAY, Kind.QUERY_TRACES)
    assert [next(reading)["n"], next(reading)["n"]] == [1, 2]
    with pytest.raises(ArchiveError, match=r"query_traces\.jsonl, line 3, is of version 2"):
        next(reading)


def test_a_line_no_writer_could_write_stops_the_reader_with_its_place(tmp_path: Path, file: Path) -> None:
    damage(file, b'{"v":1,"query_id":"x","a":"' + b"y" * (2 * MAX_BYTES) + b'"}\n')
    with pytest.raises(ArchiveError, match=r"query_traces\.jsonl, line 3, is over 16777216 bytes long"):
        numbers(tmp_path)


def test_a_long_hole_at_the_end_is_a_torn_line(tmp_path: Path, file: Path) -> None:
    """As a power loss leaves it, when a file has grown and its blocks have not been written."""
    with file.open("r+b") as opened:
        opened.truncate(2 * MAX_BYTES + 12_345)
    skipped = Skipped()
    assert numbers(tmp_path, skipped=skipped) == [1, 2]
    assert skipped.told() == [f"1 torn line skipped in {file}"]
    archive(tmp_path).append([entry(3)])
    assert numbers(tmp_path) == [1, 2, 3]


@pytest.mark.parametrize("how", ["cut", "flipped", "no gzip"])
def test_a_damaged_compressed_file_is_told_and_later_files_are_read(tmp_path: Path, how: str) -> None:
    ours = archive(tmp_path, max_bytes=1)
    ours.append([entry(n) for n in range(200)])
    ours.append([entry(200)])
    ours.tidy(NOON_MS + DAY_MS)
    first = tmp_path / "logs" / DAY / "query_traces.1.jsonl.gz"
    data = first.read_bytes()
    middle = len(data) // 2
    flipped = data[:middle] + bytes(byte ^ 0xFF for byte in data[middle : middle + 40]) + data[middle + 40 :]
    first.write_bytes({"cut": data[:middle], "flipped": flipped, "no gzip": b"nothing of the kind"}[how])
    skipped = Skipped()
    # What is flipped may still be JSON; that it is not what was written is known at the end only, by its checksum.
    found = [line.get("n") for line in read(tmp_path, DAY, Kind.QUERY_TRACES, skipped)]
    assert found[-1] == 200
    assert len(found) <= 201
    assert f"1 damaged end skipped in {first}" in skipped.told()


def leftover(root: Path, which: str) -> None:
    """Leave a sealed file as a compression that was killed does."""
    plain = root / "logs" / DAY / "query_traces.1.jsonl"
    packed = gzip.compress(plain.read_bytes())
    if which == "part":
        plain.with_name(f"{plain.name}.gz.part").write_bytes(packed[:40])
    elif which == "whole part":
        plain.with_name(f"{plain.name}.gz.part").write_bytes(packed)
    else:
        plain.with_name(f"{plain.name}.gz").write_bytes(packed)


@pytest.mark.parametrize("which", ["part", "whole part", "both"])
def test_what_a_killed_compression_left_is_read_once_and_tidied(tmp_path: Path, which: str) -> None:
    ours = archive(tmp_path, max_bytes=1)
    ours.append([entry(1)])
    ours.append([entry(2)])
    leftover(tmp_path, which)
    skipped = Skipped()
    assert numbers(tmp_path, skipped=skipped) == [1, 2]
    ours.append([entry(3)])
    assert numbers(tmp_path, skipped=skipped) == [1, 2, 3]
    ours.tidy(NOON_MS + DAY_MS)
    assert numbers(tmp_path, skipped=skipped) == [1, 2, 3]
    assert skipped.total == 0
    assert [name for name in names(tmp_path) if "traces" in name] == [f"query_traces.{n}.jsonl.gz" for n in (1, 2, 3)]


@pytest.mark.parametrize("which", ["part", "both"])
def test_what_a_killed_compression_left_goes_with_its_day(tmp_path: Path, which: str) -> None:
    ours = archive(tmp_path, max_bytes=1, keep_days=1)
    ours.append([entry(1)])
    ours.append([entry(2)])
    leftover(tmp_path, which)
    assert ours.tidy(NOON_MS + 5 * DAY_MS).deleted == (DAY,)
    assert not (tmp_path / "logs" / DAY).exists()
