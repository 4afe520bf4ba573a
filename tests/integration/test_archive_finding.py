"""A query is put together from the lines of its last append, and what amended it afterwards."""

import secrets
from pathlib import Path

import pytest

from kitbash.archive.entry import Entry, Kind
from kitbash.archive.finding import Archived, find, queries
from kitbash.errors import UsageError
from tests.integration.test_archive_append import DAY, DAY_MS, NOON_MS, archive, entry, query_id

MIDNIGHT_MS = NOON_MS + DAY_MS // 2


def delta(number: int, state: str, ms: int = NOON_MS) -> Entry:
    return Entry(ms, query_id(number, ms), {Kind.STRUCTURAL_DELTAS: [{"n": number, "said": state}]})


def said(found: Archived | None, kind: Kind) -> list[str]:
    assert found is not None
    return [line["said"] for line in found.lines[kind]]


def test_a_query_is_found_with_all_its_lines_and_no_others(tmp_path: Path) -> None:
    archive(tmp_path).append([entry(n) for n in range(3)])
    found = find(tmp_path, query_id(1))
    assert found is not None
    assert (found.query_id, found.day, found.trace["n"]) == (query_id(1), DAY, 1)
    assert set(found.lines) == set(Kind) - {Kind.QUERY_TRACES}
    for lines in found.lines.values():
        assert [(line["n"], line["i"]) for line in lines] == [(1, 0), (1, 1)]


def test_a_query_that_is_not_archived_is_not_found(tmp_path: Path) -> None:
    assert find(tmp_path, query_id(1)) is None
    archive(tmp_path).append([entry(1)])
    assert find(tmp_path, query_id(2)) is None
    assert find(tmp_path, "f" * 32) is None


def test_an_id_that_is_only_mentioned_is_not_found(tmp_path: Path) -> None:
    archive(tmp_path).append([entry(1, said=query_id(2))])
    assert find(tmp_path, query_id(2)) is None


def test_an_id_from_outside_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a query id"):
        find(tmp_path, "../../etc/passwd")


def test_a_query_that_ended_on_the_next_day_is_found(tmp_path: Path) -> None:
    asked = query_id(1, MIDNIGHT_MS - 1)
    archive(tmp_path).append([Entry(MIDNIGHT_MS, asked, entry(1).lines)])
    found = find(tmp_path, asked)
    assert found is not None
    assert found.day == "2026-03-02"
    assert len(found.lines[Kind.COUPLING_CHECKS]) == 2


def test_a_query_that_ended_before_the_midnight_of_its_id_is_found(tmp_path: Path) -> None:
    """Its id has the clock of who asked, its end that of the server."""
    made = query_id(1, MIDNIGHT_MS + 5)
    archive(tmp_path).append([Entry(MIDNIGHT_MS - 3, made, {Kind.QUERY_TRACES: [{"n": 1}]})])
    found = find(tmp_path, made)
    assert found is not None
    assert found.day == DAY


def test_the_later_day_counts_where_both_have_the_query(tmp_path: Path) -> None:
    asked = query_id(1, MIDNIGHT_MS - 1)
    archive(tmp_path).append([Entry(ms, asked, entry(1).lines) for ms in (MIDNIGHT_MS, MIDNIGHT_MS - 1)])
    found = find(tmp_path, asked)
    assert found is not None
    assert found.day == "2026-03-02"


def test_of_a_query_appended_twice_the_last_append_is_found_whole(tmp_path: Path) -> None:
    ours = archive(tmp_path, max_bytes=2000)
    ours.append([entry(1, said="old"), entry(2)])
    ours.append([entry(1, said="new", size=900)])
    found = find(tmp_path, query_id(1))
    for kind in set(Kind) - {Kind.QUERY_TRACES}:
        assert said(found, kind) == ["new", "new"]


def test_the_same_entries_appended_again_are_found_once(tmp_path: Path) -> None:
    for _ in range(3):
        archive(tmp_path).append([entry(1), entry(2)])
    assert [trace["n"] for trace in queries(tmp_path, DAY)] == [1, 2]
    found = find(tmp_path, query_id(2))
    assert found is not None
    assert [len(lines) for lines in found.lines.values()] == [2] * 4


def test_of_a_query_twice_in_one_batch_the_last_is_found(tmp_path: Path) -> None:
    archive(tmp_path).append([entry(1, said="old"), entry(1, said="new")])
    assert said(find(tmp_path, query_id(1)), Kind.ROUTING_DECISIONS) == ["new", "new"]


def test_lines_without_a_trace_are_not_found(tmp_path: Path) -> None:
    """As a killed writer leaves them."""
    archive(tmp_path).append([entry(1)])
    (tmp_path / "logs" / DAY / "query_traces.jsonl").unlink()
    assert find(tmp_path, query_id(1)) is None


def test_each_query_comes_once_as_last_appended_in_the_order_of_its_first(tmp_path: Path) -> None:
    ours = archive(tmp_path, max_bytes=1000)
    for numbers, word in (((3, 1, 2), "first"), ((1, 4), "second"), ((4, 3, 5, 3), "third")):
        ours.append([entry(number, said=f"{word} \ud800ö") for number in numbers])
    found = [(trace["n"], trace["said"].split()[0]) for trace in queries(tmp_path, DAY)]
    assert found == [(3, "third"), (1, "second"), (2, "first"), (4, "third"), (5, "third")]


def test_a_query_appended_while_the_day_is_read_does_not_disturb_it(tmp_path: Path) -> None:
    ours = archive(tmp_path)
    ours.append([entry(1), entry(2)])
    reading = queries(tmp_path, DAY)
    assert next(reading)["n"] == 1
    ours.append([entry(1, said="again"), entry(3)])
    assert [trace["n"] for trace in reading] == [2]


def test_an_amendment_comes_after_the_lines_of_the_query(tmp_path: Path) -> None:
    ours = archive(tmp_path)
    ours.append([delta(1, "early")])
    ours.append([entry(1, said="own")])
    ours.append([delta(1, "resolved"), delta(2, "of another")])
    found = find(tmp_path, query_id(1))
    assert said(found, Kind.STRUCTURAL_DELTAS) == ["own", "own", "early", "resolved"]
    assert found is not None
    assert [line.get("amends") for line in found.lines[Kind.STRUCTURAL_DELTAS]] == [None, None, True, True]
    assert said(found, Kind.ROUTING_DECISIONS) == ["own", "own"]


def test_an_amendment_survives_its_query_being_appended_again(tmp_path: Path) -> None:
    ours = archive(tmp_path)
    ours.append([entry(1, said="old"), delta(1, "resolved")])
    ours.append([entry(1, said="new")])
    assert said(find(tmp_path, query_id(1)), Kind.STRUCTURAL_DELTAS) == ["new", "new", "resolved"]


def test_an_amendment_appended_again_is_found_once_where_it_came_last(tmp_path: Path) -> None:
    ours = archive(tmp_path)
    ours.append([entry(1, said="own")])
    for state in ("open", "resolved", "open"):
        ours.append([delta(1, state)])
    assert said(find(tmp_path, query_id(1)), Kind.STRUCTURAL_DELTAS) == ["own", "own", "resolved", "open"]


def test_an_amendment_to_a_day_that_was_compressed_is_found(tmp_path: Path) -> None:
    ours = archive(tmp_path)
    ours.append([entry(1, said="own")])
    for state in ("first", "second"):
        ours.tidy(NOON_MS + DAY_MS)
        ours.append([delta(1, state)])
    ours.tidy(NOON_MS + DAY_MS)
    assert said(find(tmp_path, query_id(1)), Kind.STRUCTURAL_DELTAS) == ["own", "own", "first", "second"]


def test_only_an_amendment_is_no_query(tmp_path: Path) -> None:
    archive(tmp_path).append([delta(1, "resolved")])
    assert find(tmp_path, query_id(1)) is None
    assert list(queries(tmp_path, DAY)) == []


def test_fresh_ids_of_one_moment_are_told_apart(tmp_path: Path) -> None:
    ids = [f"{NOON_MS:012x}{secrets.token_hex(10)}" for _ in range(50)]
    archive(tmp_path).append([Entry(NOON_MS, it, {Kind.QUERY_TRACES: [{"me": it}]}) for it in ids])
    for it in ids[::10]:
        found = find(tmp_path, it)
        assert found is not None
        assert found.trace["me"] == it
