"""Ended queries are archived, counted once and let decay; what refuses or is gone is said, and holds up nobody."""

import time
from collections.abc import Generator
from pathlib import Path

import pytest

from kitbash.archive.finding import queries
from kitbash.archive.layout import day_of
from kitbash.archive.writer import Archive
from kitbash.blackboard.board import EventKind
from kitbash.cascade import archivist as archivists
from kitbash.cascade.archivist import LEASE_MS, Archivist, Drained
from kitbash.cascade.stats import summary
from kitbash.cascade.step import late
from kitbash.domain.answer import Status
from kitbash.domain.layer import Queue
from kitbash.domain.lifecycle import Lifecycle
from kitbash.knowledge.library import Library
from tests.boards import MAX_DELIVERIES, TTL_S
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


def test_what_has_ended_is_written_counted_and_logged_once(
    cascade: Cascade, archivist: Archivist, tmp_path: Path
) -> None:
    ids = [cascade.ended(text).query_id for text in (MERCURY, SWIMS)]
    still_open = cascade.ask(MERCURY)
    assert archivist.drain() == Drained(2)
    assert archivist.drain() == Drained()
    assert written(tmp_path, cascade) == sorted(ids)
    assert counts(cascade) == (2, 2, 0, 0)
    for query_id in ids:
        trace = cascade.trace(query_id)
        assert trace.lifecycle == Lifecycle.LOGGED
        assert (trace.events[-1].kind, trace.events[-1].data) == (EventKind.LIFECYCLE, "logged")
    assert cascade.trace(still_open.query_id).lifecycle == ""


def test_spotlights_decay_once_they_are_archived(cascade: Cascade, archivist: Archivist) -> None:
    query_id = cascade.ended(MERCURY).query_id
    archivist.drain()
    cascade.clock.now_ms += DECAY_S * 1000 - 1
    assert cascade.trace(query_id).items
    cascade.clock.now_ms += 1
    assert not cascade.trace(query_id).items
    assert cascade.trace(query_id).answer is not None


def test_with_the_archive_switched_off_queries_are_counted_all_the_same(cascade: Cascade) -> None:
    query_id = cascade.ended(MERCURY).query_id
    assert made(cascade, None).drain_all() == Drained(1)
    assert counts(cascade) == (1, 0, 0, 0)
    assert cascade.trace(query_id).lifecycle == Lifecycle.TRIAGE


def test_more_than_a_batch_is_drained_until_there_is_no_more(
    cascade: Cascade, archivist: Archivist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archivists, "BATCH", 2)
    for _ in range(5):
        cascade.ended(SWIMS)
    assert archivist.drain() == Drained(2)
    assert archivist.drain_all() == Drained(3)
    assert counts(cascade) == (5, 5, 0, 0)


def test_only_one_archivist_is_at_it(cascade: Cascade, archivist: Archivist) -> None:
    cascade.ended(MERCURY)
    assert cascade.board.acquire_slot(Queue.UPKEEP, token="other", lease_ms=LEASE_MS, slots=1)
    assert archivist.drain_all() == Drained()
    cascade.clock.now_ms += LEASE_MS
    assert archivist.drain_all() == Drained(1)
    assert cascade.board.acquire_slot(Queue.UPKEEP, token="next", lease_ms=LEASE_MS, slots=1)


def test_a_query_that_expired_unanswered_is_archived_as_such(
    cascade: Cascade, archivist: Archivist, tmp_path: Path
) -> None:
    query = cascade.ask(MERCURY, timeout_ms=100)
    cascade.clock.now_ms += 100
    cascade.board.finish(query.query_id, late())
    assert archivist.drain_all() == Drained(1)
    (line,) = queries(tmp_path, day(cascade))
    assert (line["status"], line["took_us"]) == (Status.EXPIRED, 100_000)


def test_tidying_says_what_refuses_and_goes_on(archivist: Archivist, cascade: Cascade, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("mine")
    archivist.tidy()
    made(cascade, None).tidy()
    assert (tmp_path / "logs").read_text() == "mine"
