"""What every blackboard promises about the stages of a query: who may run one, and whose finding counts."""

from dataclasses import replace

import pytest

from kitbash.blackboard.board import (
    OPEN,
    Blackboard,
    ClaimCode,
    Claiming,
    EventKind,
    FinishCode,
    NewQuery,
    OpenQuery,
    RecordCode,
    Recording,
    Trace,
    opinion_name,
)
from kitbash.domain.answer import Answer, Status
from kitbash.domain.ids import new_query_id
from kitbash.domain.layer import Stage
from kitbash.domain.lifecycle import Lifecycle
from kitbash.domain.strategy import Strategy
from tests.boards import ANSWER, DECISIONS, LONG_MS, MAX_DELIVERIES, OTHER_ANSWER, new_query, verdict
from tests.contract.conftest import Stand

STAGE = Stage.FUSE.value
NEXT = Stage.SYNTHESISE.value


@pytest.fixture
def query(board: Blackboard) -> NewQuery:
    """Return an open query."""
    query = new_query()
    board.open(query)
    return query


def claim(board: Blackboard, query: NewQuery, token: str, stage: str = STAGE, lease_ms: int = LONG_MS) -> ClaimCode:
    return board.claim(query.query_id, stage, token=token, lease_ms=lease_ms).code


def traced(board: Blackboard, query: NewQuery) -> Trace:
    trace = board.trace(query.query_id)
    assert trace is not None
    return trace


def kinds(board: Blackboard, query: NewQuery) -> list[EventKind]:
    return [event.kind for event in traced(board, query).events]


def test_a_claim_hands_over_the_query(board: Blackboard, query: NewQuery) -> None:
    claimed = board.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS)
    assert claimed.code is ClaimCode.CLAIMED
    assert claimed.query is not None
    assert 0 < claimed.query.remaining_ms <= LONG_MS
    at_ms, left_ms = claimed.query.at_ms, claimed.query.remaining_ms
    assert claimed.query == OpenQuery(
        query.query_id, query.text, query.project, query.kappa, left_ms, {}, query.user, at_ms, "a"
    )
    assert at_ms + left_ms == traced(board, query).deadline_ms


@pytest.mark.parametrize("consensus", Strategy)
def test_a_claim_tells_how_engines_vote(board: Blackboard, consensus: Strategy) -> None:
    query = replace(new_query(), consensus=consensus)
    begun = board.begin(query, Claiming(STAGE, "a", LONG_MS))
    claimed = board.claim(query.query_id, NEXT, token="b", lease_ms=LONG_MS)
    assert [it.query.consensus for it in (begun, claimed) if it.query is not None] == [consensus, consensus]


def test_an_opinion_is_left_beside_the_product_and_ends_nothing(board: Blackboard, query: NewQuery) -> None:
    claim(board, query, "a")
    recording = Recording(STAGE, "a", verdict(), product="[1]", opinion="{}")
    code, claimed = board.pass_on(query.query_id, recording, Claiming(NEXT, "b", LONG_MS))
    assert (code, claimed.code) == (RecordCode.RECORDED, ClaimCode.CLAIMED)
    assert claimed.query is not None
    assert claimed.query.work == {STAGE: "[1]", opinion_name(Stage.FUSE): "{}"}
    assert traced(board, query).state == OPEN


def test_the_time_left_is_counted_from_the_opening(stand: Stand) -> None:
    query = new_query()
    stand.board.open(query)
    stand.pass_ms(30)
    claimed = stand.board.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS)
    assert claimed.query is not None
    assert claimed.query.remaining_ms <= LONG_MS - 30


def test_a_live_duplicate_is_refused(board: Blackboard, query: NewQuery) -> None:
    assert claim(board, query, "a") is ClaimCode.CLAIMED
    refused = board.claim(query.query_id, STAGE, token="b", lease_ms=LONG_MS)
    assert (refused.code, refused.query) == (ClaimCode.HELD, None)
    assert board.record(query.query_id, STAGE, token="a") is RecordCode.RECORDED


def test_stages_are_claimed_apart(board: Blackboard, query: NewQuery) -> None:
    assert claim(board, query, "a", f"{Stage.SEARCH}:0") is ClaimCode.CLAIMED
    assert claim(board, query, "b", f"{Stage.SEARCH}:1") is ClaimCode.CLAIMED


def test_queries_are_claimed_apart(board: Blackboard, query: NewQuery) -> None:
    other = new_query()
    board.open(other)
    assert claim(board, query, "a") is ClaimCode.CLAIMED
    assert claim(board, other, "b") is ClaimCode.CLAIMED


def test_a_client_that_sends_its_claim_again_has_it(board: Blackboard, query: NewQuery) -> None:
    for _ in range(MAX_DELIVERIES + 2):
        assert claim(board, query, "a") is ClaimCode.CLAIMED


def test_a_claim_after_the_lease_takes_over(stand: Stand) -> None:
    query = new_query()
    stand.board.open(query)
    assert claim(stand.board, query, "a", lease_ms=40) is ClaimCode.CLAIMED
    stand.pass_ms(40)
    assert claim(stand.board, query, "b") is ClaimCode.CLAIMED
    assert stand.board.record(query.query_id, STAGE, token="a", answer=ANSWER) is RecordCode.NOT_HELD
    assert traced(stand.board, query).state == OPEN
    assert stand.board.record(query.query_id, STAGE, token="b") is RecordCode.RECORDED


def test_a_holder_whose_lease_ended_records_if_nobody_took_over(stand: Stand) -> None:
    query = new_query()
    stand.board.open(query)
    claim(stand.board, query, "a", lease_ms=40)
    stand.pass_ms(40)
    assert stand.board.record(query.query_id, STAGE, token="a") is RecordCode.RECORDED


def test_a_stage_that_is_recorded_is_not_run_again(board: Blackboard, query: NewQuery) -> None:
    claim(board, query, "a", lease_ms=0)
    board.record(query.query_id, STAGE, token="a", product='{"found":1}')
    again = board.claim(query.query_id, STAGE, token="b", lease_ms=LONG_MS)
    assert again.code is ClaimCode.RECORDED
    assert again.query is not None
    assert again.query.work == {STAGE: '{"found":1}'}


def test_a_product_reaches_later_stages(board: Blackboard, query: NewQuery) -> None:
    claim(board, query, "a", "first")
    board.record(query.query_id, "first", token="a", product="ice — and dust")
    later = board.claim(query.query_id, "second", token="b", lease_ms=LONG_MS).query
    assert later is not None
    assert later.work == {"first": "ice — and dust"}


def test_a_stage_without_a_product_leaves_none(board: Blackboard, query: NewQuery) -> None:
    claim(board, query, "a")
    board.record(query.query_id, STAGE, token="a", verdict=verdict())
    assert traced(board, query).work == {}


def test_only_the_holder_records(board: Blackboard, query: NewQuery) -> None:
    claim(board, query, "a")
    assert board.record(query.query_id, STAGE, token="b", verdict=verdict()) is RecordCode.NOT_HELD
    assert traced(board, query).verdicts == ()


def test_nobody_records_a_stage_that_was_not_claimed(board: Blackboard, query: NewQuery) -> None:
    assert board.record(query.query_id, STAGE, token="a", answer=ANSWER) is RecordCode.NOT_HELD
    assert traced(board, query).answer is None


def test_a_client_that_records_again_is_told_yes_and_nothing_doubles(board: Blackboard, query: NewQuery) -> None:
    claim(board, query, "a")
    said = [
        board.record(query.query_id, STAGE, token="a", verdict=verdict(), product="p", answer=ANSWER) for _ in range(2)
    ]
    assert said == [RecordCode.RECORDED, RecordCode.BEFORE]
    assert traced(board, query).verdicts == (verdict(),)
    assert kinds(board, query) == [EventKind.OPENED, EventKind.STARTED, EventKind.VERDICT, EventKind.FINISHED]


def test_nothing_is_recorded_after_the_end(board: Blackboard, query: NewQuery) -> None:
    claim(board, query, "a")
    board.finish(query.query_id, OTHER_ANSWER)
    assert board.record(query.query_id, STAGE, token="a", verdict=verdict(), answer=ANSWER) is RecordCode.ENDED
    trace = traced(board, query)
    assert (trace.state, trace.answer, trace.verdicts) == (Status.UNKNOWN, OTHER_ANSWER, ())


def test_nothing_is_claimed_after_the_end(board: Blackboard, query: NewQuery) -> None:
    board.finish(query.query_id, ANSWER)
    assert claim(board, query, "a") is ClaimCode.ENDED
    assert kinds(board, query)[-1] is EventKind.FINISHED


@pytest.mark.parametrize("status", Status)
def test_recording_an_answer_ends_the_query(board: Blackboard, query: NewQuery, status: Status) -> None:
    answer = Answer(status, ANSWER.text, ANSWER.layer, ANSWER.confidence, ANSWER.sources)
    claim(board, query, "a")
    assert board.record(query.query_id, STAGE, token="a", verdict=verdict(), answer=answer) is RecordCode.RECORDED
    trace = traced(board, query)
    assert (trace.state, trace.answer) == (status, answer)


def test_the_first_to_finish_wins(board: Blackboard, query: NewQuery) -> None:
    assert board.finish(query.query_id, ANSWER) is FinishCode.FINISHED
    assert board.finish(query.query_id, OTHER_ANSWER) is FinishCode.ENDED
    trace = traced(board, query)
    assert (trace.state, trace.answer) == (Status.ANSWERED, ANSWER)
    assert kinds(board, query).count(EventKind.FINISHED) == 1


def test_a_stage_that_dies_too_often_is_exhausted(board: Blackboard, query: NewQuery) -> None:
    for delivery in range(MAX_DELIVERIES):
        assert claim(board, query, f"t{delivery}", lease_ms=0) is ClaimCode.CLAIMED
    last = board.claim(query.query_id, STAGE, token="last", lease_ms=LONG_MS)
    assert last.code is ClaimCode.EXHAUSTED
    assert last.query is not None
    assert last.query.text == query.text
    assert claim(board, query, "last") is ClaimCode.EXHAUSTED
    assert claim(board, query, "another") is ClaimCode.HELD
    assert board.record(query.query_id, STAGE, token="last", verdict=verdict()) is RecordCode.RECORDED


def test_deliveries_are_counted_for_each_stage(board: Blackboard, query: NewQuery) -> None:
    for delivery in range(MAX_DELIVERIES):
        claim(board, query, f"t{delivery}", lease_ms=0)
    assert claim(board, query, "fresh", "another stage") is ClaimCode.CLAIMED


def test_nothing_is_claimed_after_the_deadline(stand: Stand) -> None:
    query = new_query(timeout_ms=40)
    stand.board.open(query)
    stand.pass_ms(40)
    late = stand.board.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS)
    assert (late.code, late.query) == (ClaimCode.LATE, None)
    assert stand.board.finish(query.query_id, OTHER_ANSWER) is FinishCode.FINISHED


def test_an_unknown_query_is_missing_everywhere(board: Blackboard) -> None:
    unknown = new_query_id()
    claimed = board.claim(unknown, STAGE, token="a", lease_ms=LONG_MS)
    assert (claimed.code, claimed.query) == (ClaimCode.MISSING, None)
    assert board.record(unknown, STAGE, token="a", answer=ANSWER) is RecordCode.MISSING
    assert board.finish(unknown, ANSWER) is FinishCode.MISSING
    assert board.trace(unknown) is None
    assert board.wait_end(unknown, block_ms=1) is None
    assert list(board.events(unknown, after="0", block_ms=0)) == []


def test_passing_on_records_one_stage_and_claims_the_next(board: Blackboard, query: NewQuery) -> None:
    claim(board, query, "a")
    found = Recording(STAGE, "a", verdict(), "left for later", decisions=DECISIONS)
    wanted = Claiming(NEXT, "b", LONG_MS, Lifecycle.SYNTHESIS)
    code, claimed = board.pass_on(query.query_id, found, wanted)
    assert (code, claimed.code) == (RecordCode.RECORDED, ClaimCode.CLAIMED)
    assert claimed.query is not None
    assert claimed.query.work == {STAGE: "left for later"}
    trace = traced(board, query)
    assert (trace.verdicts, trace.decisions, trace.lifecycle) == ((verdict(),), DECISIONS, "synthesis")
    assert board.record(query.query_id, NEXT, token="b") is RecordCode.RECORDED


def test_passing_on_what_ends_the_query_claims_nothing(board: Blackboard, query: NewQuery) -> None:
    claim(board, query, "a")
    code, claimed = board.pass_on(
        query.query_id, Recording(STAGE, "a", verdict(), answer=ANSWER), Claiming(NEXT, "b", LONG_MS)
    )
    assert (code, claimed.code, claimed.query) == (RecordCode.RECORDED, ClaimCode.ENDED, None)
    assert traced(board, query).answer == ANSWER


def test_whoever_does_not_hold_a_stage_passes_nothing_on(board: Blackboard, query: NewQuery) -> None:
    claim(board, query, "a")
    code, _ = board.pass_on(query.query_id, Recording(STAGE, "b", verdict()), Claiming(NEXT, "b", LONG_MS))
    assert code is RecordCode.NOT_HELD
    assert traced(board, query).verdicts == ()


def test_beginning_opens_a_query_and_claims_its_first_stage(board: Blackboard) -> None:
    query = new_query()
    claimed = board.begin(query, Claiming(STAGE, "a", LONG_MS, Lifecycle.SEARCH))
    assert claimed.code is ClaimCode.CLAIMED
    assert claimed.query is not None
    assert (claimed.query.text, claimed.query.work) == (query.text, {})
    assert kinds(board, query) == [EventKind.OPENED, EventKind.STARTED, EventKind.LIFECYCLE]
    assert [pulse.query_id for pulse in board.pulses(5)] == [query.query_id]
    assert [event.data for event in board.feed(after="0", block_ms=0)] == [query.text, "search"]
    assert board.record(query.query_id, STAGE, token="a") is RecordCode.RECORDED


def test_beginning_a_query_that_exists_leaves_it_as_it_is(board: Blackboard, query: NewQuery) -> None:
    claim(board, query, "a")
    claimed = board.begin(query, Claiming(STAGE, "b", LONG_MS))
    assert claimed.code is ClaimCode.HELD
    assert kinds(board, query).count(EventKind.OPENED) == 1
