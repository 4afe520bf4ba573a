"""What every blackboard promises of what a query is told after its end: once, in order, no longer than it lives."""

import pytest

from kitbash.blackboard.board import Blackboard, EventKind, LaterCode, NewQuery
from kitbash.blackboard.redis_ending import MOST_LATER
from tests.boards import ANSWER, at_once, new_query
from tests.contract.conftest import Stand


def ended(board: Blackboard) -> NewQuery:
    query = new_query()
    board.open(query)
    board.finish(query.query_id, ANSWER)
    return query


def settled(board: Blackboard) -> NewQuery:
    query = ended(board)
    board.settle(query.query_id, decay_s=60, is_logged=True)
    return query


def told(board: Blackboard, query: NewQuery) -> list[str]:
    trace = board.trace(query.query_id)
    assert trace is not None
    return [event.data for event in trace.events if event.kind is EventKind.FOUND]


def fed(board: Blackboard) -> list[tuple[str, str]]:
    return [(it.query_id, it.data) for it in board.feed(after="0", block_ms=0) if it.kind is EventKind.FOUND]


def test_what_comes_later_stands_after_all_else_in_the_stream_and_in_the_feed(board: Blackboard) -> None:
    query = settled(board)
    before = board.events(query.query_id, after="0", block_ms=0)
    assert board.tell_later(query.query_id, EventKind.FOUND, "one", name="a") is LaterCode.TOLD
    after = board.events(query.query_id, after="0", block_ms=0)
    assert list(after[:-1]) == list(before)
    assert (after[-1].kind, after[-1].data) == (EventKind.FOUND, "one")
    assert list(board.events(query.query_id, after=before[-1].entry_id, block_ms=0)) == [after[-1]]
    assert told(board, query) == ["one"]
    assert fed(board) == [(query.query_id, "one")]


def test_what_is_told_at_once_after_the_end_still_comes_after_it(board: Blackboard) -> None:
    for is_logged in (True, False) * 25:
        query = ended(board)
        board.settle(query.query_id, decay_s=60, is_logged=is_logged)
        for name in ("a", "b"):
            board.tell_later(query.query_id, EventKind.FOUND, name, name=name)
        events = board.events(query.query_id, after="0", block_ms=0)
        last = next(it for it in reversed(events) if it.kind is not EventKind.FOUND)
        later = board.events(query.query_id, after=last.entry_id, block_ms=0)
        assert [it.data for it in later] == ["a", "b"]


def test_the_answer_stays_as_it_was(board: Blackboard) -> None:
    query = settled(board)
    board.tell_later(query.query_id, EventKind.FOUND, "one", name="a")
    ended_with = board.wait_end(query.query_id, block_ms=1)
    assert ended_with is not None
    assert ended_with.answer == ANSWER


def test_it_is_told_once_however_many_tell_it(board: Blackboard) -> None:
    query = settled(board)
    codes = at_once([lambda: board.tell_later(query.query_id, EventKind.FOUND, "one", name="a")] * 6)
    assert sorted(codes) == [LaterCode.TOLD, *[LaterCode.BEFORE] * 5]
    assert told(board, query) == ["one"]
    assert fed(board) == [(query.query_id, "one")]


def test_who_waits_for_what_comes_later_gets_it(board: Blackboard) -> None:
    query = settled(board)
    last = board.events(query.query_id, after="0", block_ms=0)[-1].entry_id
    heard, _ = at_once(
        [
            lambda: [it.data for it in board.events(query.query_id, after=last, block_ms=4000)],
            lambda: [board.tell_later(query.query_id, EventKind.FOUND, "one", name="a").name],
        ]
    )
    assert heard == ["one"]


@pytest.mark.parametrize("make", [new_query, ended])
def test_a_query_that_is_not_settled_is_told_nothing(board: Blackboard, make: object) -> None:
    query = ended(board) if make is ended else new_query()
    code = board.tell_later(query.query_id, EventKind.FOUND, "one", name="a")
    assert code is (LaterCode.NOT_SETTLED if make is ended else LaterCode.MISSING)
    assert board.trace(query.query_id) is None or told(board, query) == []


def test_a_query_is_told_no_more_than_its_bound(board: Blackboard) -> None:
    query = settled(board)
    codes = [board.tell_later(query.query_id, EventKind.FOUND, str(it), name=str(it)) for it in range(MOST_LATER + 1)]
    assert codes == [*[LaterCode.TOLD] * MOST_LATER, LaterCode.TOO_MUCH]
    assert len(told(board, query)) == MOST_LATER


def test_what_was_told_goes_with_its_query(stand: Stand) -> None:
    query = settled(stand.short_lived)
    stand.short_lived.tell_later(query.query_id, EventKind.FOUND, "one", name="a")
    stand.pass_ms(1100)
    assert stand.short_lived.trace(query.query_id) is None
    assert list(stand.short_lived.events(query.query_id, after="0", block_ms=0)) == []


def test_the_feed_is_told_of_what_no_query_asked(board: Blackboard) -> None:
    assert board.tell_later(None, EventKind.FOUND, "one", name="a") is LaterCode.MISSING
    assert fed(board) == [("", "one")]


def test_up_to_where_all_is_told_is_remembered(board: Blackboard) -> None:
    assert board.relayed() == "0"
    board.note_relayed("12-3")
    assert board.relayed() == "12-3"
