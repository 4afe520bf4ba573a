"""Many callers at one moment, a server that forgets its scripts, and keys that must not stay for ever."""

from collections import Counter
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Final

import pytest

from kitbash.blackboard import keys
from kitbash.blackboard.board import ClaimCode, Ended, EventKind, FinishCode, NewQuery, RecordCode
from kitbash.blackboard.redis_board import RedisBlackboard
from kitbash.domain.answer import Answer, Status
from kitbash.domain.ids import new_token
from kitbash.domain.layer import Layer, Queue, Stage
from kitbash.domain.lifecycle import Lifecycle
from tests.boards import ANSWER, DECISIONS, LONG_MS, SPOTLIGHTS, TTL_S, at_once, new_query, redis_board, verdict
from tests.servers import Server
from tests.waiting import until

ROUNDS: Final = 5
STAGE: Final = Stage.FUSE.value


@pytest.fixture(params=["plain", "cluster"])
def server(request: pytest.FixtureRequest) -> Server:
    """Return an empty server of each kind."""
    return request.getfixturevalue(f"fresh_{request.param}")


@pytest.fixture
def board(server: Server) -> Generator[RedisBlackboard]:
    """Return a board on each kind of server."""
    with redis_board(server) as board:
        yield board


@pytest.fixture
def query(board: RedisBlackboard) -> NewQuery:
    """Return an open query."""
    query = new_query()
    board.open(query)
    return query


@pytest.mark.parametrize("stage", [f"{STAGE}:{number}" for number in range(ROUNDS)])
def test_of_many_deliveries_one_claims_the_stage(board: RedisBlackboard, query: NewQuery, stage: str) -> None:
    def claim() -> ClaimCode:
        return board.claim(query.query_id, stage, token=new_token(), lease_ms=LONG_MS).code

    assert Counter(at_once([claim] * 32)) == {ClaimCode.CLAIMED: 1, ClaimCode.HELD: 31}


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_of_many_that_end_a_query_one_does(board: RedisBlackboard, query: NewQuery, _round: int) -> None:
    tokens = {f"stage{number}": new_token() for number in range(8)}
    for stage, token in tokens.items():
        assert board.claim(query.query_id, stage, token=token, lease_ms=LONG_MS).code is ClaimCode.CLAIMED

    def record(stage: str) -> str | None:
        answer = Answer(Status.ANSWERED, stage, Layer.CARTRIDGE, 1.0)
        code = board.record(query.query_id, stage, token=tokens[stage], verdict=verdict(), answer=answer)
        assert code in {RecordCode.RECORDED, RecordCode.ENDED}
        return stage if code is RecordCode.RECORDED else None

    def finish(name: str) -> str | None:
        code = board.finish(query.query_id, Answer(Status.FAILED, name, None, 0.0))
        return name if code is FinishCode.FINISHED else None

    recording = [lambda stage=stage: record(stage) for stage in tokens]
    finishing = [lambda name=name: finish(name) for name in map(str, range(8))]
    (winner,) = [name for name in at_once(recording + finishing) if name is not None]
    trace = board.trace(query.query_id)
    assert trace is not None
    assert trace.answer is not None
    assert (trace.answer.text, trace.state) == (winner, trace.answer.status)
    ended = board.wait_end(query.query_id, block_ms=1)
    assert ended is not None
    assert (ended.answer, ended.verdicts) == (trace.answer, trace.verdicts)
    assert [event.kind for event in trace.events].count(EventKind.FINISHED) == 1
    assert trace.events[-1].kind is EventKind.FINISHED
    assert len(trace.verdicts) == (trace.state == Status.ANSWERED)
    assert list(board.pulses(10)) == []


@pytest.mark.parametrize("queue", Queue)
def test_of_many_as_many_get_a_slot_as_there_are(board: RedisBlackboard, queue: Queue) -> None:
    def acquire() -> bool:
        return board.acquire_slot(queue, token=new_token(), lease_ms=LONG_MS, slots=3)

    assert sum(at_once([acquire] * 20)) == 3


def test_a_short_lease_does_not_end_a_long_one(server: Server, board: RedisBlackboard) -> None:
    assert board.acquire_slot(Queue.KOBOLD, token="long", lease_ms=LONG_MS, slots=2)
    assert board.acquire_slot(Queue.KOBOLD, token="short", lease_ms=10, slots=2)
    with closing(server.node()) as node:
        assert node.pttl(keys.slots(Queue.KOBOLD)) > LONG_MS / 2


def test_of_many_sweeps_one_resumes(board: RedisBlackboard, query: NewQuery) -> None:
    (pulse,) = board.pulses(10)
    assert sum(at_once([lambda: board.resume(pulse, most=1)] * 8)) == 1


def lives_s(server: Server) -> Iterator[tuple[str, int]]:
    """Yield every key on the server with the seconds it has left, -1 if it has no end."""
    with closing(server.node()) as node:
        for key in node.scan_iter():
            yield key, node.ttl(key)


@contextmanager
def every_key_of_it_ends(server: Server, query: NewQuery) -> Generator[None]:
    """Check after a block that the query has keys, and that every one of them has an end."""
    yield
    lives = {key: ttl_s for key, ttl_s in lives_s(server) if query.query_id in key}
    assert keys.query_keys(query.query_id).query in lives
    assert {key: ttl_s for key, ttl_s in lives.items() if not 0 < ttl_s <= TTL_S} == {}


def test_every_key_of_a_query_has_an_end_from_its_first_write(fresh_plain: Server) -> None:
    query = new_query()
    with redis_board(fresh_plain) as board:
        with every_key_of_it_ends(fresh_plain, query):
            board.open(query)
        for number, stage in enumerate(Stage):
            with every_key_of_it_ends(fresh_plain, query):
                board.claim(query.query_id, stage, token="a", lease_ms=LONG_MS, lifecycle=Lifecycle.TRIAGE)
            said = None if stage is Stage.SEARCH else verdict(stage)
            answer = ANSWER if number == len(Stage) - 1 else None
            for think in (
                lambda: board.post(query.query_id, SPOTLIGHTS),
                lambda: board.couple(query.query_id),
                lambda: board.resolve(query.query_id, "d1", "it is so"),
                lambda: board.advance(query.query_id, Lifecycle.GENERATION),
            ):
                with every_key_of_it_ends(fresh_plain, query):
                    think()
            with every_key_of_it_ends(fresh_plain, query):
                board.record(
                    query.query_id, stage, token="a", verdict=said, product="p", answer=answer, decisions=DECISIONS
                )
        held = {key for key, _ in lives_s(fresh_plain) if query.query_id in key}
        at = keys.query_keys(query.query_id)
        assert held == set(at) - {at.record}
        with every_key_of_it_ends(fresh_plain, query):
            board.settle(query.query_id, decay_s=60, is_logged=False)
        with every_key_of_it_ends(fresh_plain, query):
            board.advance(query.query_id, Lifecycle.LOGGED)
        board.tally(query.query_id, "2026-02-28", {"queries": 1})
    left = {key: ttl_s for key, ttl_s in lives_s(fresh_plain) if ttl_s < 0}
    assert set(left) == {keys.FEED}


def test_an_end_that_many_waited_for_still_goes_when_its_time_is_up(server: Server, board: RedisBlackboard) -> None:
    query = new_query()
    board.open(query)
    with closing(server.node()) as node, ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(board.wait_end, query.query_id, block_ms=9000) for _ in range(4)]
        until(lambda: node.info("clients")["blocked_clients"] == 4)
        board.finish(query.query_id, ANSWER)
        assert [waiter.result(10) for waiter in waiting] == [Ended(ANSWER, ())] * 4
        assert board.wait_end(query.query_id, block_ms=1) == Ended(ANSWER, ())
        assert 0 < node.ttl(keys.query_keys(query.query_id).end) <= TTL_S


def test_every_key_of_a_query_answered_at_once_has_an_end(fresh_plain: Server) -> None:
    query = new_query()
    with redis_board(fresh_plain) as board, every_key_of_it_ends(fresh_plain, query):
        board.open_answered(query, verdict(Stage.REFLEX), ANSWER)


def test_every_key_of_a_query_ended_from_outside_has_an_end(fresh_plain: Server) -> None:
    query = new_query()
    with redis_board(fresh_plain) as board, every_key_of_it_ends(fresh_plain, query):
        board.open(query)
        board.finish(query.query_id, ANSWER)


def test_a_lane_nobody_uses_leaves_no_slots_behind(fresh_plain: Server) -> None:
    with redis_board(fresh_plain) as board:
        board.acquire_slot(Queue.KOBOLD, token="a", lease_ms=LONG_MS, slots=1)
    (ttl_s,) = [ttl_s for key, ttl_s in lives_s(fresh_plain) if key == keys.slots(Queue.KOBOLD)]
    assert 0 < ttl_s <= LONG_MS / 1000


def test_a_server_that_forgot_its_scripts_is_told_them_again(server: Server, board: RedisBlackboard) -> None:
    query = new_query()
    with closing(server.node()) as node:
        for call in (
            lambda: board.open(query),
            lambda: board.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS).code is ClaimCode.CLAIMED,
            lambda: board.resume(board.pulses(10)[0], most=4),
            lambda: board.record(query.query_id, STAGE, token="a", answer=ANSWER) is RecordCode.RECORDED,
            lambda: board.finish(query.query_id, ANSWER) is FinishCode.ENDED,
            lambda: board.acquire_slot(Queue.KOBOLD, token="a", lease_ms=LONG_MS, slots=1),
            lambda: board.open_answered(new_query(), verdict(), ANSWER),
        ):
            node.script_flush()
            assert call() is not False
