"""What stands in the archivist's way does not stand in anybody else's: a damaged key, a held lock."""

import fcntl
import os
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from kitbash.archive import folder
from kitbash.archive.writer import Archive
from kitbash.blackboard import keys
from kitbash.blackboard.redis_board import RedisBlackboard
from kitbash.cascade import confidence
from kitbash.cascade.archivist import Archivist
from kitbash.domain.ids import QueryId
from tests.boards import ANSWER, new_query, redis_board
from tests.servers import Server
from tests.unit.cascade_kit import POLICY


@pytest.fixture
def board(fresh_plain: Server) -> Generator[RedisBlackboard]:
    """Return an empty board on a real server."""
    with redis_board(fresh_plain) as board:
        yield board


def archivist(board: RedisBlackboard, root: Path) -> Archivist:
    archive = Archive(root, max_bytes=1_000_000, keep_days=0)
    return Archivist(board, archive, POLICY, confidence.load(), decay_s=60)


def ended(board: RedisBlackboard) -> QueryId:
    query = new_query()
    board.open(query)
    board.finish(query.query_id, ANSWER)
    return query.query_id


@pytest.mark.parametrize("key", ["decisions", "L0", "events", "places"])
def test_a_key_of_a_wrong_type_loses_its_own_query_only(
    board: RedisBlackboard, fresh_plain: Server, tmp_path: Path, key: str
) -> None:
    first, second = ended(board), ended(board)
    node = fresh_plain.node()
    damaged = getattr(keys.query_keys(first), key)
    node.delete(damaged)
    node.set(damaged, "x")
    node.close()
    drained = archivist(board, tmp_path).drain_all()
    assert (drained.written, drained.lost, drained.error) == (1, 1, None)
    assert board.ended(10) == []
    trace = board.trace(second)
    assert trace is not None
    assert trace.lifecycle == "logged"


def test_a_record_that_is_no_record_is_said_and_nothing_else(
    board: RedisBlackboard, fresh_plain: Server, tmp_path: Path
) -> None:
    query_id = ended(board)
    node = fresh_plain.node()
    node.set(keys.query_keys(query_id).record, "no record")
    node.close()
    drained = archivist(board, tmp_path).drain_all()
    assert (drained.written, drained.lost, drained.error) == (0, 1, None)


def test_a_lock_that_another_process_keeps_is_given_up_on(
    board: RedisBlackboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "WAIT_S", 0.2)
    query_id = ended(board)
    held = os.open(tmp_path / folder.APPEND_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(held, fcntl.LOCK_EX)
    begun_s = time.monotonic()
    drained = archivist(board, tmp_path).drain_all()
    assert time.monotonic() - begun_s < 5
    assert drained.written == 0
    assert drained.error is not None
    assert "held by another process" in drained.error
    os.close(held)
    assert archivist(board, tmp_path).drain_all().written == 1
    assert query_id not in board.ended(10)


def test_the_events_of_a_settled_query_are_there_at_once(board: RedisBlackboard, tmp_path: Path) -> None:
    query_id = ended(board)
    assert archivist(board, tmp_path).drain_all().written == 1
    begun_s = time.monotonic()
    kinds = [event.kind.value for event in board.events(query_id, after="0", block_ms=4000)]
    assert kinds == ["opened", "finished", "lifecycle"]
    assert time.monotonic() - begun_s < 2
