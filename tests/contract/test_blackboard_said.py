"""What every blackboard promises about a reply that grows, and about what it contradicts."""

import pytest

from kitbash.blackboard.board import Blackboard, ClaimCode, EventKind, NewQuery, RecordCode, SayCode
from kitbash.domain import bus_codec, codec
from kitbash.domain.ids import new_query_id
from tests.boards import ANSWER, DELTAS, LONG_MS, SPOTLIGHTS, new_query, verdict
from tests.contract.conftest import Stand

STAGE = "kitbash.kobold.generate"


@pytest.fixture
def query(board: Blackboard) -> NewQuery:
    """Return an open query of which this stage is held under the token `a`."""
    query = new_query()
    board.open(query)
    board.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS)
    return query


def said(board: Blackboard, query: NewQuery) -> list[str]:
    events = board.events(query.query_id, after="0", block_ms=1)
    return [event.data for event in events if event.kind is EventKind.TEXT]


def say(board: Blackboard, query: NewQuery, text: str, *, token: str = "a", lease_ms: int = LONG_MS) -> SayCode:
    return board.say(query.query_id, STAGE, token=token, text=text, lease_ms=lease_ms)


def test_what_is_said_is_told_in_order_and_only_to_the_query(board: Blackboard, query: NewQuery) -> None:
    assert [say(board, query, text) for text in ("Ice ", "«floats» — ❄", "")] == [SayCode.SAID] * 3
    assert said(board, query) == ["Ice ", "«floats» — ❄"]
    assert not [event for event in board.feed(after="0", block_ms=1) if event.kind is EventKind.TEXT]


def test_only_the_holder_of_the_stage_is_heard(board: Blackboard, query: NewQuery) -> None:
    assert say(board, query, "Cheese", token="b") is SayCode.NOT_HELD
    assert board.say(query.query_id, "another", token="a", text="Cheese", lease_ms=1) is SayCode.NOT_HELD
    assert said(board, query) == []


def test_a_query_that_is_over_hears_nothing_more(board: Blackboard, query: NewQuery) -> None:
    board.finish(query.query_id, ANSWER)
    assert say(board, query, "Cheese") is SayCode.ENDED
    assert board.say(new_query_id(), STAGE, token="a", text="x", lease_ms=1) is SayCode.MISSING


def test_whoever_speaks_holds_the_stage_longer(stand: Stand) -> None:
    board = stand.board
    query = new_query()
    board.open(query)
    board.claim(query.query_id, STAGE, token="a", lease_ms=60)
    assert say(board, query, "", lease_ms=LONG_MS) is SayCode.SAID
    stand.pass_ms(61)
    assert board.claim(query.query_id, STAGE, token="b", lease_ms=LONG_MS).code is ClaimCode.HELD
    say(board, query, "", lease_ms=40)
    stand.pass_ms(41)
    assert board.claim(query.query_id, STAGE, token="b", lease_ms=LONG_MS).code is ClaimCode.CLAIMED
    assert say(board, query, "late") is SayCode.NOT_HELD


def test_the_text_is_gone_once_the_query_is_archived(board: Blackboard, query: NewQuery) -> None:
    say(board, query, "Ice")
    board.record(query.query_id, STAGE, token="a", verdict=verdict(), answer=ANSWER)
    board.settle(query.query_id, decay_s=60, is_logged=True)
    assert said(board, query) == []
    assert board.events(query.query_id, after="0", block_ms=1)[-2].kind is EventKind.FINISHED


@pytest.mark.parametrize("is_coupled", [True, False])
def test_what_a_reply_contradicts_comes_on_top_of_what_coupling_found(
    board: Blackboard, query: NewQuery, *, is_coupled: bool
) -> None:
    coupled = board.consider(query.query_id, SPOTLIGHTS, threshold=0) if is_coupled else None
    code = board.record(query.query_id, STAGE, token="a", verdict=verdict(), answer=ANSWER, deltas=DELTAS)
    assert code is RecordCode.RECORDED
    told = [
        bus_codec.delta_from(codec.json.loads(event.data))
        for event in board.events(query.query_id, after="0", block_ms=1)
        if event.kind is EventKind.DELTA
    ]
    before = coupled[0].deltas if coupled else ()
    assert tuple(told) == (*before, *DELTAS)
    fed = [event for event in board.feed(after="0", block_ms=1) if event.kind is EventKind.DELTA]
    assert len(fed) == len(told)
    trace = board.trace(query.query_id)
    assert trace is not None
    if is_coupled:
        assert trace.coupled is not None
        assert trace.coupled.deltas == (*before, *DELTAS)
        assert board.resolve(query.query_id, "r1", "it was a joke")


def test_a_delivery_that_lost_its_stage_adds_no_contradiction(board: Blackboard, query: NewQuery) -> None:
    assert board.record(query.query_id, STAGE, token="b", deltas=DELTAS) is RecordCode.NOT_HELD
    assert not [it for it in board.events(query.query_id, after="0", block_ms=1) if it.kind is EventKind.DELTA]
