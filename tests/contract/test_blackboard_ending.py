"""What every blackboard promises about queries that are over: all waiters learn of it, they are counted once, decay."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from kitbash.blackboard.board import Blackboard, ClaimCode, Ended, NewQuery, RecordCode, Trace
from kitbash.blackboard.ending import SettleCode
from kitbash.domain.ids import QueryId, new_query_id
from kitbash.domain.lifecycle import Lifecycle
from tests.boards import ANSWER, DECISIONS, LONG_MS, OTHER_ANSWER, SPOTLIGHTS, at_once, new_query, verdict
from tests.contract.conftest import Stand

STAGE = "kitbash.cartridge.fuse"
DAY, NEXT_DAY = "2026-02-28", "2026-03-01"
WAITERS = 6


def traced(board: Blackboard, query: NewQuery) -> Trace:
    trace = board.trace(query.query_id)
    assert trace is not None
    return trace


def opened(board: Blackboard) -> NewQuery:
    query = new_query()
    board.open(query)
    return query


def finished(board: Blackboard) -> NewQuery:
    query = opened(board)
    board.finish(query.query_id, ANSWER)
    return query


def thought(board: Blackboard) -> NewQuery:
    """Return a query that was thought through, answered and has something of everything."""
    query = opened(board)
    board.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS)
    board.consider(query.query_id, SPOTLIGHTS, threshold=0)
    board.record(query.query_id, STAGE, token="a", verdict=verdict(), product="p", answer=ANSWER, decisions=DECISIONS)
    return query


def test_everybody_who_waits_learns_the_end(board: Blackboard) -> None:
    query = opened(board)
    board.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS)
    told = Ended(ANSWER, (verdict(),))
    with ThreadPoolExecutor(WAITERS) as pool:
        waiting = [pool.submit(board.wait_end, query.query_id, block_ms=8000) for _ in range(WAITERS)]
        board.record(query.query_id, STAGE, token="a", verdict=verdict(), answer=ANSWER)
        assert [waiter.result(9) for waiter in waiting] == [told] * WAITERS
    assert at_once([lambda: board.wait_end(query.query_id, block_ms=1)] * WAITERS) == [told] * WAITERS


def test_a_query_ends_with_how_long_it_took(stand: Stand) -> None:
    recorded, ended = opened(stand.board), opened(stand.board)
    stand.board.claim(recorded.query_id, STAGE, token="a", lease_ms=LONG_MS)
    assert traced(stand.board, recorded).took_us == 0
    stand.pass_ms(20)
    stand.board.record(recorded.query_id, STAGE, token="a", answer=ANSWER)
    stand.board.finish(ended.query_id, ANSWER)
    for query in (recorded, ended):
        assert 20_000 <= traced(stand.board, query).took_us < LONG_MS * 1000


def test_a_query_answered_at_once_took_what_its_layer_took(board: Blackboard) -> None:
    query = new_query()
    board.open_answered(query, verdict(), ANSWER)
    trace = traced(board, query)
    assert trace.took_us == 1250
    assert LONG_MS <= trace.deadline_ms - trace.opened_ms <= LONG_MS + 2


def test_ended_queries_wait_the_first_to_end_first(stand: Stand) -> None:
    board = stand.board
    first, second, third, fourth, unfinished = (opened(board), opened(board), new_query(), opened(board), opened(board))
    assert list(board.ended(10)) == []
    board.finish(second.query_id, ANSWER)
    stand.pass_ms(2)
    board.claim(first.query_id, STAGE, token="a", lease_ms=LONG_MS)
    board.record(first.query_id, STAGE, token="a", answer=ANSWER)
    stand.pass_ms(2)
    board.open_answered(third, verdict(), ANSWER)
    stand.pass_ms(2)
    board.forget(fourth.query_id)
    ids = [it.query_id for it in (second, first, third, fourth)]
    assert list(board.ended(10)) == ids
    assert list(board.ended(2)) == ids[:2]
    assert [pulse.query_id for pulse in board.pulses(10)] == [unfinished.query_id]


def test_ending_again_does_not_send_a_query_to_the_back(stand: Stand) -> None:
    first = finished(stand.board)
    stand.pass_ms(2)
    second = finished(stand.board)
    stand.pass_ms(2)
    stand.board.finish(first.query_id, OTHER_ANSWER)
    stand.board.forget(first.query_id)
    assert list(stand.board.ended(10)) == [first.query_id, second.query_id]


def test_finishing_what_is_not_there_ends_nothing(board: Blackboard) -> None:
    board.finish(new_query_id(), ANSWER)
    assert list(board.ended(10)) == []


def test_a_counted_query_waits_no_more_and_is_counted_once(board: Blackboard) -> None:
    one, other = finished(board), finished(board)
    assert [board.tally(one.query_id, DAY, {"queries": 1, "layer.2": 3}) for _ in range(2)] == [True, False]
    assert list(board.ended(10)) == [other.query_id]
    assert board.counts([DAY]) == {"queries": 1, "layer.2": 3}
    assert traced(board, one).answer == ANSWER


def test_a_sweep_that_is_late_does_not_have_a_counted_query_counted_again(board: Blackboard) -> None:
    query = finished(board)
    assert board.tally(query.query_id, DAY, {"queries": 1})
    board.forget(query.query_id)
    assert list(board.ended(10)) == []
    assert not board.tally(query.query_id, DAY, {"queries": 1})


def test_a_query_that_has_not_ended_is_not_counted(board: Blackboard) -> None:
    query = opened(board)
    assert not board.tally(query.query_id, DAY, {"queries": 1})
    assert not board.tally(new_query_id(), DAY, {"queries": 1})
    assert board.counts([DAY]) == {}


def test_a_query_counted_with_nothing_waits_no_more(board: Blackboard) -> None:
    query = finished(board)
    assert board.tally(query.query_id, DAY, {})
    assert (list(board.ended(10)), board.counts([DAY])) == ([], {})


def test_of_two_archivists_at_once_one_settles_and_counts_each_query(board: Blackboard) -> None:
    ids = [finished(board).query_id for _ in range(20)]

    def archive() -> list[tuple[QueryId, SettleCode, bool]]:
        return [
            (it, board.settle(it, decay_s=60, is_logged=True), board.tally(it, DAY, {"queries": 1}))
            for it in board.ended(100)
        ]

    done = [archived for archivist in at_once([archive, archive]) for archived in archivist]
    assert Counter(query_id for query_id, _, is_counted in done if is_counted) == dict.fromkeys(ids, 1)
    assert Counter(it for it, code, _ in done if code is SettleCode.SETTLED) == dict.fromkeys(ids, 1)
    assert board.counts([DAY]) == {"queries": len(ids)}
    assert list(board.ended(10)) == []


def test_counts_of_several_days_are_summed(board: Blackboard) -> None:
    board.count(DAY, {"queries": 2, "failed": 1})
    board.count(DAY, {"queries": 3})
    board.count(NEXT_DAY, {"queries": 10, "lost": 1})
    board.count(NEXT_DAY, {})
    board.tally(finished(board).query_id, NEXT_DAY, {"queries": 1})
    assert board.counts([DAY]) == {"queries": 5, "failed": 1}
    assert board.counts([DAY, "1999-12-31", NEXT_DAY]) == {"queries": 16, "failed": 1, "lost": 1}
    assert board.counts(["1999-12-31"]) == {}
    assert board.counts([]) == {}


def test_settling_drops_what_only_the_layers_needed(board: Blackboard) -> None:
    query = thought(board)
    before = traced(board, query)
    assert before.work == {STAGE: "p"}
    assert board.settle(query.query_id, decay_s=60, is_logged=True) is SettleCode.SETTLED
    after = traced(board, query)
    assert (after.work, after.lifecycle) == ({}, Lifecycle.LOGGED)
    assert (after.items, after.coupled, after.verdicts) == (before.items, before.coupled, before.verdicts)
    assert (after.decisions, after.answer, after.events[:-1]) == (before.decisions, before.answer, before.events)
    assert board.record(query.query_id, STAGE, token="a", product="late") is RecordCode.NOT_HELD
    assert board.claim(query.query_id, STAGE, token="b", lease_ms=LONG_MS).code is ClaimCode.ENDED
    assert board.wait_end(query.query_id, block_ms=1) == Ended(ANSWER, (verdict(),))


def test_a_query_is_settled_once_and_only_when_it_has_ended(board: Blackboard) -> None:
    query = opened(board)
    board.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS)
    board.record(query.query_id, STAGE, token="a", product="p")
    assert board.settle(query.query_id, decay_s=60, is_logged=True) is SettleCode.OPEN
    assert traced(board, query).work == {STAGE: "p"}
    board.finish(query.query_id, ANSWER)
    codes = [board.settle(query.query_id, decay_s=60, is_logged=True) for _ in range(2)]
    assert codes == [SettleCode.SETTLED, SettleCode.BEFORE]
    assert [event.data for event in traced(board, query).events].count("logged") == 1
    assert board.settle(new_query_id(), decay_s=60, is_logged=True) is SettleCode.MISSING


def test_what_is_not_archived_is_not_said_to_be(board: Blackboard) -> None:
    query = finished(board)
    board.advance(query.query_id, Lifecycle.SEARCH)
    before = traced(board, query)
    assert board.settle(query.query_id, decay_s=60, is_logged=False) is SettleCode.SETTLED
    assert traced(board, query) == before
    board.advance(query.query_id, Lifecycle.LOGGED)
    assert traced(board, query) == before


def test_only_the_spotlights_decay(stand: Stand) -> None:
    query = thought(stand.board)
    before = traced(stand.board, query)
    stand.board.settle(query.query_id, decay_s=1, is_logged=False)
    stand.pass_ms(1001)
    after = traced(stand.board, query)
    assert before.coupled is not None
    assert after.coupled is not None
    assert (after.items, after.coupled.placements) == ((), {})
    assert (after.coupled.deltas, after.coupled.checks) == (before.coupled.deltas, before.coupled.checks)
    assert (after.decisions, after.answer, after.events) == (before.decisions, before.answer, before.events)


def test_settling_never_lets_spotlights_live_longer(stand: Stand) -> None:
    board, query = stand.short_lived, new_query()
    board.open(query)
    board.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS)
    board.consider(query.query_id, SPOTLIGHTS, threshold=0)
    stand.pass_ms(500)
    board.record(query.query_id, STAGE, token="a", answer=ANSWER)
    board.settle(query.query_id, decay_s=1000, is_logged=False)
    assert len(traced(board, query).items) == len(SPOTLIGHTS)
    stand.pass_ms(501)
    trace = traced(board, query)
    assert trace.coupled is not None
    assert (trace.items, trace.coupled.placements) == ((), {})


@pytest.mark.parametrize("decay_s", [0, 60])
def test_settling_a_query_that_was_never_thought_through_is_no_error(board: Blackboard, decay_s: int) -> None:
    query = finished(board)
    assert board.settle(query.query_id, decay_s=decay_s, is_logged=True) is SettleCode.SETTLED
    assert traced(board, query).answer == ANSWER
