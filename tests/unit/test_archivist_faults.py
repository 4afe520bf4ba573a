"""An archivist on a disk that refuses, a board that breaks and queries that cannot be read: nothing is held up."""

import time
from collections.abc import Generator
from pathlib import Path

import pytest

from kitbash.archive.entry import Kind
from kitbash.archive.errors import ArchiveError
from kitbash.archive.finding import queries
from kitbash.archive.layout import day_of
from kitbash.archive.writer import Archive
from kitbash.cascade import archivist as archivists
from kitbash.cascade.archivist import Archivist, Drained
from kitbash.cascade.stats import summary
from kitbash.errors import BusError, StoreUnavailable
from kitbash.knowledge.library import Library
from tests.boards import ANSWER, MAX_DELIVERIES, TTL_S
from tests.unit.archive_kit import Foreign, Refusing
from tests.unit.cascade_kit import POND, WEIGHTS, Cascade, library_in

MERCURY = "Where does mercury boil?"
SWIMS = "How does a frog swim well?"
DECAY_S = 60


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Generator[Library]:
    """Return a library with a contradiction."""
    library = library_in(tmp_path_factory.mktemp("pond"), POND)
    yield library
    library.close()


@pytest.fixture
def cascade(library: Library) -> Cascade:
    cascade = Cascade(library)
    cascade.board = board = Foreign(ttl_s=TTL_S, max_deliveries=MAX_DELIVERIES, clock_ms=cascade.clock)
    board.broken = {}
    return cascade


@pytest.fixture
def board(cascade: Cascade) -> Foreign:
    assert isinstance(cascade.board, Foreign)
    return cascade.board


@pytest.fixture
def archive(tmp_path: Path) -> Refusing:
    return Refusing(tmp_path, max_bytes=10**6, keep_days=0)


def made(cascade: Cascade, archive: Archive | None) -> Archivist:
    return Archivist(cascade.board, archive, cascade.policy, WEIGHTS, DECAY_S)


@pytest.fixture
def archivist(cascade: Cascade, archive: Refusing) -> Archivist:
    return made(cascade, archive)


def day(cascade: Cascade) -> str:
    return day_of(cascade.clock())


def written(root: Path, cascade: Cascade) -> list[str]:
    return [line["query_id"] for line in queries(root, day(cascade))]


def counts(cascade: Cascade) -> tuple[int, int, int, int]:
    """Return the queries that were counted, archived, refused and lost."""
    found = summary(cascade.board.counts([day(cascade), day_of(time.time_ns() // 1_000_000)]))
    return found.queries, found.archived, found.failed, found.lost


def test_a_disk_that_refuses_loses_nothing_and_is_told(
    cascade: Cascade, archivist: Archivist, archive: Refusing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query_id = cascade.ended(MERCURY).query_id
    archive.error = ArchiveError("the disk is full")
    assert archivist.drain_all() == Drained(error="the disk is full")
    assert counts(cascade) == (0, 0, 1, 0)
    archive.error = None
    resting = archivist.drain_all()
    assert (resting.written, resting.error is not None) == (0, True)
    assert counts(cascade) == (0, 0, 1, 0)
    monkeypatch.setattr(archivists.time, "monotonic", lambda: time.perf_counter() + 10**9)
    assert archivist.drain_all() == Drained(1)
    assert written(tmp_path, cascade) == [query_id]
    assert counts(cascade) == (1, 1, 1, 0)


def test_what_expired_before_it_was_archived_is_lost_and_counted_so(
    cascade: Cascade, archivist: Archivist, tmp_path: Path
) -> None:
    gone = cascade.ended(MERCURY).query_id
    cascade.clock.now_ms += TTL_S * 1000
    later = cascade.ended(SWIMS).query_id
    assert archivist.drain_all() == Drained(1, 1)
    assert written(tmp_path, cascade) == [later] != [gone]
    assert counts(cascade) == (1, 1, 0, 1)
    assert archivist.drain_all() == Drained()


def test_a_query_that_has_lost_a_part_of_its_thinking_is_lost_too(cascade: Cascade, archivist: Archivist) -> None:
    """Archived like that it would say that nothing had been contradicted."""
    cascade.board.finish(cascade.ask(SWIMS).query_id, ANSWER)
    trace = cascade.ended(MERCURY)
    cascade.board.settle(trace.query_id, decay_s=1, is_logged=False)
    assert archivist.drain_all() == Drained(1, 1)
    assert counts(cascade) == (1, 1, 0, 1)


@pytest.mark.parametrize(
    "error",
    [BusError("an item is not what a spotlight holds"), ValueError("no JSON"), KeyError("text"), TypeError("odd")],
)
def test_what_cannot_be_read_is_lost_and_the_others_are_archived(
    cascade: Cascade, board: Foreign, archivist: Archivist, tmp_path: Path, error: Exception
) -> None:
    ids = [cascade.ended(text).query_id for text in (SWIMS, MERCURY, SWIMS)]
    board.broken[ids[1]] = error
    assert archivist.drain_all() == Drained(2, 1)
    assert written(tmp_path, cascade) == sorted([ids[0], ids[2]])
    assert counts(cascade) == (2, 2, 0, 1)
    assert archivist.drain_all() == Drained()


def test_what_can_never_be_written_is_lost_and_the_others_are_archived(
    cascade: Cascade, archivist: Archivist, archive: Refusing, tmp_path: Path
) -> None:
    ids = [cascade.ended(text).query_id for text in (SWIMS, MERCURY, SWIMS)]
    archive.never = ids[1]
    assert archivist.drain_all() == Drained(2, 1)
    assert written(tmp_path, cascade) == sorted([ids[0], ids[2]])
    assert counts(cascade) == (2, 2, 0, 1)


def test_a_board_that_is_gone_in_the_middle_is_said_and_nothing_is_counted_twice(
    cascade: Cascade, board: Foreign, archivist: Archivist, tmp_path: Path
) -> None:
    query_id = cascade.ended(MERCURY).query_id
    for verb in ("settle", "tally"):
        board.dies_at = verb
        with pytest.raises(StoreUnavailable, match=verb):
            archivist.drain_all()
        assert counts(cascade) == (0, 0, 0, 0)
    board.dies_at = ""
    assert archivist.drain_all() == Drained(1)
    assert written(tmp_path, cascade) == [query_id]
    assert counts(cascade) == (1, 1, 0, 0)


def test_an_archivist_that_died_after_it_had_written_is_not_written_over(
    cascade: Cascade, board: Foreign, archivist: Archivist, tmp_path: Path
) -> None:
    """What the layers left is gone by then, and the spotlights soon after."""
    query_id = cascade.ended(MERCURY).query_id
    board.dies_at = "tally"
    with pytest.raises(StoreUnavailable):
        archivist.drain_all()
    board.dies_at = ""
    cascade.clock.now_ms += DECAY_S * 1000
    assert archivist.drain_all() == Drained(1)
    assert counts(cascade) == (1, 1, 0, 0)
    (line,) = queries(tmp_path, day(cascade))
    assert (line["query_id"], len(line["items"]), line["plan"] is None) == (query_id, 3, False)
    assert (tmp_path / "logs" / day(cascade) / f"{Kind.QUERY_TRACES}.jsonl").read_bytes().count(b"\n") == 1
