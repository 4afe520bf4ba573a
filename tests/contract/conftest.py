"""Every implementation of the blackboard, with a way to let time pass by its own clock."""

from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import pytest

from kitbash.blackboard.board import Blackboard
from tests.boards import MAX_DELIVERIES, TTL_S, redis_board
from tests.servers import Server
from tests.twins.memory_board import MemoryBlackboard
from tests.waiting import until


@dataclass(frozen=True, slots=True)
class Stand:
    """A board under test. `pass_ms` returns when that much time has passed by the board's clock."""

    board: Blackboard
    pass_ms: Callable[[int], None]
    short_lived: Blackboard
    """a board of the same kind whose queries live for one second"""


@pytest.fixture(params=["memory", "plain", "cluster"])
def stand(request: pytest.FixtureRequest) -> Generator[Stand]:
    """Return an empty board of each kind."""
    if request.param == "memory":
        yield _in_memory()
        return
    server: Server = request.getfixturevalue(f"fresh_{request.param}")
    with ExitStack() as stack:
        node = stack.enter_context(closing(server.node()))
        board = stack.enter_context(redis_board(server))
        short_lived = stack.enter_context(redis_board(server, ttl_s=1))
        yield Stand(board, lambda ms: _wait(node, ms), short_lived)


@pytest.fixture
def board(stand: Stand) -> Blackboard:
    """Return an empty board of each kind."""
    return stand.board


def _in_memory() -> Stand:
    now_ms = [1_700_000_000_000]

    def clock_ms() -> int:
        return now_ms[0]

    def pass_ms(ms: int) -> None:
        now_ms[0] += ms

    board = MemoryBlackboard(ttl_s=TTL_S, max_deliveries=MAX_DELIVERIES, clock_ms=clock_ms)
    short_lived = MemoryBlackboard(ttl_s=1, max_deliveries=MAX_DELIVERIES, clock_ms=clock_ms)
    return Stand(board, pass_ms, short_lived)


def _wait(node: Any, ms: int) -> None:
    begun_ms = _now_ms(node)
    until(lambda: _now_ms(node) >= begun_ms + ms)


def _now_ms(node: Any) -> int:
    seconds, microseconds = node.time()
    return seconds * 1000 + microseconds // 1000
