"""One call of every script through the blackboard, each with everything it can be given."""

from collections.abc import Callable
from typing import Final

from kitbash.blackboard.board import EventKind, NewQuery
from kitbash.blackboard.redis_board import RedisBlackboard
from kitbash.domain.layer import Queue
from kitbash.domain.lifecycle import Lifecycle
from tests.boards import ANSWER, DECISIONS, DELTAS, LONG_MS, SPOTLIGHTS, new_query, verdict

STAGE: Final = "kitbash.cartridge.fuse"


def opened(board: RedisBlackboard) -> NewQuery:
    query = new_query()
    board.open(query)
    return query


def _claim(board: RedisBlackboard) -> NewQuery:
    query = opened(board)
    claimed = board.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS, lifecycle=Lifecycle.SYNTHESIS)
    assert claimed.query
    return query


def _record(board: RedisBlackboard) -> object:
    query_id = _claim(board).query_id
    return board.record(
        query_id, STAGE, token="a", verdict=verdict(), product="p", answer=ANSWER, decisions=DECISIONS, deltas=DELTAS
    )


def _say(board: RedisBlackboard) -> object:
    return board.say(_claim(board).query_id, STAGE, token="a", text="Ice", lease_ms=LONG_MS)


def _posted(board: RedisBlackboard) -> NewQuery:
    query = opened(board)
    assert board.post(query.query_id, SPOTLIGHTS)
    return query


def _coupled(board: RedisBlackboard) -> NewQuery:
    query = _posted(board)
    assert board.couple(query.query_id)
    return query


def _finished(board: RedisBlackboard) -> NewQuery:
    query = opened(board)
    assert board.finish(query.query_id, ANSWER)
    return query


def _resume(board: RedisBlackboard) -> bool:
    query_id = opened(board).query_id
    return board.resume(next(pulse for pulse in board.pulses(1000) if pulse.query_id == query_id), most=4)


def _advance(board: RedisBlackboard) -> bool:
    query_id = opened(board).query_id
    board.advance(query_id, Lifecycle.TRIAGE)
    trace = board.trace(query_id)
    return trace is not None and trace.lifecycle == Lifecycle.TRIAGE


CALLS: Final[dict[str, Callable[[RedisBlackboard], object]]] = {
    "open": opened,
    "open_answered": lambda board: board.open_answered(new_query(), verdict(), ANSWER) or True,
    "claim": _claim,
    "record": _record,
    "say": _say,
    "finish": _finished,
    "resume": _resume,
    "post": _posted,
    "couple": _coupled,
    "health": lambda board: board.health(_coupled(board).query_id, threshold=0),
    "amend": lambda board: board.resolve(_coupled(board).query_id, "d1", "it is so"),
    "advance": _advance,
    "settle": lambda board: board.settle(_finished(board).query_id, decay_s=60, is_logged=True),
    "tell_later": lambda board: board.tell_later(_finished(board).query_id, EventKind.FOUND, "{}", name="a"),
    "retire": lambda board: board.forget(opened(board).query_id) or True,
    "tally": lambda board: board.tally(_finished(board).query_id, "2026-02-28", {"queries": 1, "layer.2": 3}),
    "acquire_slot": lambda board: board.acquire_slot(Queue.KOBOLD, token="a", lease_ms=LONG_MS, slots=9),
}

ELSEWHERE: Final = frozenset(
    {"visit", "hit", "vote", "judge", "promote", "restore", "drop", "begin_cycle", "keep_cycle"}
)
"""Scripts that are no part of the blackboard; the tests of their models run them on both kinds of server."""
