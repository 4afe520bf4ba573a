"""No question hangs: the sweep takes up what nobody works on, buries what kills its workers, and ends what is late."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from kitbash.blackboard import keys
from kitbash.blackboard.board import ClaimCode, NewQuery, Trace
from kitbash.blackboard.redis_board import RedisBlackboard
from kitbash.domain.answer import Mode, Status
from kitbash.domain.ids import QueryId, new_query_id, new_token
from kitbash.domain.layer import Stage
from kitbash.domain.strategy import Strategy
from tests import servers
from tests.boards import redis_board
from tests.e2e.processes import Env, environment, kitbash, worker
from tests.servers import Server
from tests.waiting import until

FORM: Final = "What is the speed of light?"
LONG_MS: Final = 60_000
SWEPT_S: Final = 25.0

Upkeep = tuple[Env, Server, RedisBlackboard]


@pytest.fixture(scope="module")
def upkeep(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Upkeep]:
    """Return the environment and the board of a worker for all queues, with beat."""
    with servers.plain() as own:
        env = environment(data, own.url)
        log = tmp_path_factory.mktemp("sweep") / "worker.log"
        with redis_board(own) as board, worker(env, own, log, "-B"):
            yield env, own, board


def opened(
    board: RedisBlackboard,
    text: str = FORM,
    *,
    timeout_ms: int = LONG_MS,
    consensus: Strategy = Strategy.NONE,
) -> QueryId:
    """Write a question as a client does that dies before it has sent anything."""
    query_id = new_query_id()
    board.open(NewQuery(query_id, text, "default", 1.0, timeout_ms, Mode.CELERY, consensus=consensus))
    return query_id


def ended(board: RedisBlackboard, query_id: QueryId) -> Trace:
    """Wait until a question has ended, and return all about it."""

    def trace() -> Trace | None:
        found = board.trace(query_id)
        assert found is not None
        return found if found.answer is not None else None

    found = until(trace, SWEPT_S)
    assert found is not None
    return found


def finishes(trace: Trace) -> list[int]:
    """Return when it was said that a question has ended, in ms since 1970."""
    return [int(event.entry_id.partition("-")[0]) for event in trace.events if event.kind == "finished"]


def kill_thrice(board: RedisBlackboard, query_id: QueryId, stage: Stage) -> None:
    """Do to a stage what workers do that die of it: claim it, and never record."""
    for _ in range(3):
        code = ClaimCode.HELD
        while code is ClaimCode.HELD:
            code = board.claim(query_id, stage.value, token=new_token(), lease_ms=1).code
        assert code is ClaimCode.CLAIMED


def test_what_was_never_sent_is_answered_or_ended_in_time(upkeep: Upkeep) -> None:
    _, _, board = upkeep
    short, long = opened(board, timeout_ms=1500), opened(board)
    expired = ended(board, short)
    assert expired.answer is not None
    assert expired.answer.status is Status.EXPIRED
    (at_ms,) = finishes(expired)
    assert at_ms - expired.deadline_ms <= 0
    answered = ended(board, long)
    assert answered.answer is not None
    assert (answered.answer.status, answered.answer.layer) == (Status.ANSWERED, 0)
    assert len(finishes(answered)) == 1


def test_a_vote_that_was_never_sent_or_lost_an_engine_is_taken_all_the_same(upkeep: Upkeep) -> None:
    _, _, board = upkeep
    text = "How fast is light in vacuum?"
    never, lost = (opened(board, text, consensus=Strategy.SIMPLE) for _ in range(2))
    claim = board.claim(lost, Stage.GENERATE.value, token=new_token(), lease_ms=1)
    assert claim.code is ClaimCode.CLAIMED
    for query_id in (never, lost):
        trace = ended(board, query_id)
        assert trace.answer is not None
        assert (trace.answer.status, trace.answer.layer) == (Status.ANSWERED, 2)
        assert trace.verdicts[-1].stage is Stage.VOTE
        assert {it.stage for it in trace.verdicts} >= {Stage.FUSE, Stage.SYNTHESISE, Stage.GENERATE}
        assert len(finishes(trace)) == 1
    # Both were recorded once, whoever sent them how often.
    assert len(trace.verdicts) == len({it.stage for it in trace.verdicts})


def test_a_stage_that_kills_every_worker_is_buried_and_passed_over(upkeep: Upkeep) -> None:
    env, own, board = upkeep
    first, last = opened(board), opened(board, "Who won the village chess cup in 1987?")
    kill_thrice(board, first, Stage.REFLEX)
    kill_thrice(board, last, Stage.GENERATE)
    answered, unknown = ended(board, first), ended(board, last)
    assert answered.answer is not None
    assert answered.answer.layer == 2
    assert "given up" in answered.verdicts[0].reason
    assert unknown.answer is not None
    assert unknown.answer.status is Status.UNKNOWN
    assert len(finishes(answered)) == len(finishes(unknown)) == 1

    ran = kitbash(env, "dead", "--json")
    assert ran.code == 0
    letters = {letter["query_id"]: letter for letter in ran.json}
    assert letters.keys() == {first, last}
    assert letters[first].keys() == {"queue", "task", "query_id", "reason", "at_ms"}
    assert (letters[first]["queue"], letters[first]["task"]) == ("reflex", "kitbash.reflex.answer")
    assert (letters[last]["queue"], letters[last]["task"]) == ("kobold", "kitbash.kobold.generate")
    assert "every delivery of this stage died" in letters[last]["reason"]
    readable = kitbash(env, "dead")
    assert first in readable.out
    assert readable.is_clean
    with closing(own.node()) as node:
        assert node.zcard(keys.OPEN_QUERIES) == 0
