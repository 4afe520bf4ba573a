"""Claim, record and finish against a plain model of what they promise, over any order of calls."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kitbash.blackboard.board import ClaimCode, EventKind, FinishCode, RecordCode, Trace
from kitbash.blackboard.redis_board import RedisBlackboard
from kitbash.domain.answer import Answer, Status
from kitbash.domain.ids import QueryId
from kitbash.domain.layer import Stage
from tests.boards import LONG_MS, new_query, redis_board, verdict
from tests.servers import Server

MOST: Final = 2
STAGES: Final = (Stage.TRIAGE, Stage.FUSE)
TOKENS: Final = ("a", "b", "c", "d")


@dataclass(frozen=True, slots=True)
class Take:
    """A delivery claims a stage; one that is dead on arrival has a lease that ends at once."""

    stage: Stage
    token: str
    lives: bool


@dataclass(frozen=True, slots=True)
class Keep:
    """A delivery records a stage, with an answer or without."""

    stage: Stage
    token: str
    ends: bool


@dataclass(frozen=True, slots=True)
class End:
    """Somebody ends the query from outside."""

    status: Status


Call = Take | Keep | End
stages, tokens = st.sampled_from(STAGES), st.sampled_from(TOKENS)
# Ends are rare: most of what can go wrong goes wrong before them.
CALLS: Final = st.lists(
    st.one_of(
        st.builds(Take, stages, tokens, st.just(value=False)),
        st.builds(Take, stages, tokens, st.booleans()),
        st.builds(Keep, stages, tokens, st.just(value=False)),
        st.builds(Keep, stages, tokens, st.integers(0, 4).map(lambda number: number == 0)),
        st.builds(End, st.sampled_from([Status.EXPIRED, Status.FAILED])),
    ),
    max_size=30,
)


@dataclass(slots=True)
class Holder:
    token: str | None = None
    lives: bool = False
    count: int = 0
    done: bool = False


@dataclass(slots=True)
class Model:
    """What the blackboard promises of one query, without time: a lease runs, or has ended."""

    end: str | None = None
    stages: dict[Stage, Holder] = field(default_factory=lambda: {stage: Holder() for stage in STAGES})
    told: list[tuple[EventKind, str]] = field(default_factory=lambda: [(EventKind.OPENED, "")])

    def take(self, call: Take) -> ClaimCode:
        held = self.stages[call.stage]
        if self.end is not None:
            return ClaimCode.ENDED
        if held.done:
            return ClaimCode.RECORDED
        if held.token not in {None, call.token} and held.lives:
            return ClaimCode.HELD
        if held.token != call.token:
            held.token, held.count = call.token, held.count + 1
        held.lives = call.lives
        self.told.append((EventKind.STARTED, call.stage))
        return ClaimCode.EXHAUSTED if held.count > MOST else ClaimCode.CLAIMED

    def keep(self, call: Keep) -> RecordCode:
        held = self.stages[call.stage]
        if held.token != call.token:
            return RecordCode.NOT_HELD
        if held.done:
            return RecordCode.BEFORE
        if self.end is not None:
            return RecordCode.ENDED
        held.done = True
        self.told.append((EventKind.VERDICT, call.stage))
        if call.ends:
            self.finish(call.stage)
        return RecordCode.RECORDED

    def finish(self, by: str) -> FinishCode:
        if self.end is not None:
            return FinishCode.ENDED
        self.end = by
        self.told.append((EventKind.FINISHED, by))
        return FinishCode.FINISHED


def run(board: RedisBlackboard, calls: list[Call]) -> None:
    model, query = Model(), new_query("")
    query_id = query.query_id
    board.open(query)
    for call in calls:
        match call:
            case Take(stage, token, lives):
                lease_ms = LONG_MS if lives else 0
                assert board.claim(query_id, stage, token=token, lease_ms=lease_ms).code is model.take(call)
            case Keep(stage, token, ends):
                said = _keep(board, query_id, stage, token, ends=ends)
                assert said is model.keep(call)
            case End(status):
                answer = Answer(status, status.value, None, 0.0)
                assert board.finish(query_id, answer) is model.finish(status.value)
    trace = board.trace(query_id)
    assert trace is not None
    agrees(trace, model)


def _keep(board: RedisBlackboard, query_id: QueryId, stage: Stage, token: str, *, ends: bool) -> RecordCode:
    answer = Answer(Status.ANSWERED, stage.value, stage.layer, 1.0) if ends else None
    return board.record(
        query_id, stage, token=token, verdict=verdict(stage, reason=stage), product=stage.value, answer=answer
    )


def agrees(trace: Trace, model: Model) -> None:
    """Check that what the blackboard holds at the end is what the model says."""
    done = {stage.value for stage, held in model.stages.items() if held.done}
    assert [event.kind for event in trace.events] == [kind for kind, _ in model.told]
    assert {name: name for name in done} == trace.work
    assert [(EventKind.VERDICT, it.reason) for it in trace.verdicts] == [
        told for told in model.told if told[0] is EventKind.VERDICT
    ]
    assert (trace.answer and trace.answer.text) == model.end
    assert trace.state == ("open" if model.end is None else _state(model.end))


def _state(end: str) -> str:
    return end if end in set(Status) else Status.ANSWERED.value


@pytest.fixture(scope="module", params=["plain", "cluster"])
def board(request: pytest.FixtureRequest) -> Generator[RedisBlackboard]:
    """Return a board on each kind of server; every example has a query of its own."""
    server: Server = request.getfixturevalue(f"{request.param}_server")
    with redis_board(server, max_deliveries=MOST) as board:
        yield board


BURIED_TWICE: Final[list[Call]] = [Take(Stage.FUSE, token, lives=False) for token in ("a", "b", "c", "c")]


@settings(max_examples=100, deadline=None)
@example(BURIED_TWICE)
@given(CALLS)
def test_the_scripts_do_what_the_model_says(board: RedisBlackboard, calls: list[Call]) -> None:
    run(board, calls)
