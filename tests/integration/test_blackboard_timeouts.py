"""How long a blackboard on Redis makes its caller wait, on a server that is quiet, hangs or is gone."""

import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import Final

import pytest

from kitbash.blackboard.board import OPEN
from kitbash.blackboard.redis_board import RedisBlackboard
from kitbash.domain.ids import QueryId, new_query_id
from kitbash.errors import StoreUnavailable
from tests import servers
from tests.boards import new_query, redis_board
from tests.servers import Server

TIMEOUT_S: Final = 0.3
BOUND_S: Final = 5.0
"""Two attempts, what lies between them, and a slow machine."""
LATER: Final = "9999999999999"
"""An entry id after every other."""

Kind = Callable[[], AbstractContextManager[Server]]


@pytest.fixture(params=[servers.plain, servers.cluster], ids=["plain", "cluster"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Return how to start a server of each kind."""
    return request.param


@pytest.fixture(params=["plain", "cluster"])
def board(request: pytest.FixtureRequest) -> Generator[RedisBlackboard]:
    """Return an impatient board on each kind of server."""
    server: Server = request.getfixturevalue(f"{request.param}_server")
    with redis_board(server, socket_timeout_s=TIMEOUT_S) as board:
        yield board


@pytest.fixture
def query_id(board: RedisBlackboard) -> QueryId:
    """Return the id of an open query."""
    query = new_query()
    board.open(query)
    return query.query_id


def test_waiting_without_time_returns_at_once(board: RedisBlackboard, query_id: QueryId) -> None:
    assert board.events(query_id, after=LATER, block_ms=0) == []
    assert board.wait_end(query_id, block_ms=0) is None


def test_waiting_longer_than_the_socket_may_is_no_fault(board: RedisBlackboard, query_id: QueryId) -> None:
    wait_ms = int(TIMEOUT_S * 1000) * 3
    assert board.events(query_id, after=LATER, block_ms=wait_ms) == []
    assert board.wait_end(query_id, block_ms=wait_ms) is None


def test_a_server_that_hangs_is_given_up_and_found_again(kind: Kind) -> None:
    with kind() as server, redis_board(server, socket_timeout_s=TIMEOUT_S) as board:
        query = new_query()
        board.open(query)
        server.pause()
        begun_s = time.monotonic()
        with pytest.raises(StoreUnavailable):
            board.trace(query.query_id)
        assert TIMEOUT_S <= time.monotonic() - begun_s < BOUND_S
        server.resume()
        trace = board.trace(query.query_id)
        assert trace is not None
        assert trace.state == OPEN


def test_a_server_that_is_gone_is_said_to_be(kind: Kind) -> None:
    with kind() as server, redis_board(server, socket_timeout_s=TIMEOUT_S) as board:
        server.stop()
        begun_s = time.monotonic()
        with pytest.raises(StoreUnavailable):
            board.trace(new_query_id())
        assert time.monotonic() - begun_s < BOUND_S


def test_a_server_that_never_was_is_said_to_be(kind: Kind) -> None:
    with kind() as server:
        server.stop()
        with pytest.raises(StoreUnavailable), redis_board(server, socket_timeout_s=TIMEOUT_S) as board:
            board.open(new_query())
