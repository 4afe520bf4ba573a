"""Boards on real servers, and what tests write on a board when any will do."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from kitbash.blackboard.board import NewQuery
from kitbash.blackboard.redis_board import RedisBlackboard
from kitbash.domain.answer import Answer, Mode, Status
from kitbash.domain.fact import Fact
from kitbash.domain.ids import new_query_id
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.level import Level
from kitbash.domain.verdict import Verdict
from tests.servers import Server

TTL_S: Final = 600
MAX_DELIVERIES: Final = 3
LONG_MS: Final = 60_000
"""A lease or a time limit that does not end during a test."""

FACT: Final = Fact(
    "sky_general", 7, "A comet is a ball of ice — and dust.", Level.EMPIRICAL, 0.9, ("a book",), (), "sky"
)
ANSWER: Final = Answer(Status.ANSWERED, FACT.text, Layer.CARTRIDGE, 0.75, (FACT,))
OTHER_ANSWER: Final = Answer(Status.UNKNOWN, "I don't know.", None, 0.0)


@contextmanager
def redis_board(
    server: Server, *, ttl_s: int = TTL_S, max_deliveries: int = MAX_DELIVERIES, socket_timeout_s: float = 10.0
) -> Generator[RedisBlackboard]:
    """Yield a board on a server, with a client of its own."""
    client = server.connect(socket_timeout_s=socket_timeout_s)
    board = RedisBlackboard(client, server.url, ttl_s=ttl_s, max_deliveries=max_deliveries)
    try:
        yield board
    finally:
        board.close()


def new_query(text: str = "what is a comet", *, timeout_ms: int = LONG_MS) -> NewQuery:
    """Return a question with an id of its own."""
    return NewQuery(new_query_id(), text, "default", 1.5, timeout_ms, Mode.DIRECT, "ann", "morning")


def verdict(stage: Stage = Stage.FUSE, *, reason: str = "it fits") -> Verdict:
    """Return what a layer said that passed."""
    return Verdict(stage, 0.75, 0.5, passed=True, reason=reason, latency_ms=1.25)
