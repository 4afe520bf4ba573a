"""What every blackboard promises about a query as a whole: how it begins, what is told of it, how long it stays."""

from concurrent.futures import ThreadPoolExecutor

from kitbash.blackboard.board import OPEN, Blackboard, ClaimCode, Ended, EventKind
from kitbash.domain import codec
from kitbash.domain.answer import Mode, Status
from kitbash.domain.layer import Stage
from tests.boards import ANSWER, LONG_MS, OTHER_ANSWER, new_query, verdict
from tests.contract.conftest import Stand

STAGE = Stage.FUSE.value


def test_an_opened_query_is_all_there(board: Blackboard) -> None:
    query = new_query("what's «ice» — and\u00a0dust?")
    board.open(query)
    trace = board.trace(query.query_id)
    assert trace is not None
    assert (trace.query_id, trace.text, trace.project) == (query.query_id, query.text, query.project)
    assert (trace.mode, trace.state) == (Mode.DIRECT, OPEN)
    assert trace.deadline_ms - trace.opened_ms == LONG_MS
    assert (trace.answer, trace.verdicts, trace.work) == (None, (), {})
    assert [(event.kind, event.data) for event in trace.events] == [(EventKind.OPENED, query.text)]


def test_opening_twice_changes_nothing(board: Blackboard) -> None:
    query = new_query()
    board.open(query)
    board.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS)
    board.record(query.query_id, STAGE, token="a", verdict=verdict())
    before = board.trace(query.query_id)
    board.open(query)
    assert board.trace(query.query_id) == before


def test_opening_an_ended_query_does_not_open_it(board: Blackboard) -> None:
    query = new_query()
    board.open(query)
    board.finish(query.query_id, ANSWER)
    board.open(query)
    assert board.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS).code is ClaimCode.ENDED


def test_a_query_answered_at_once_is_whole_and_ended(board: Blackboard) -> None:
    query = new_query()
    board.open_answered(query, verdict(Stage.REFLEX), ANSWER)
    trace = board.trace(query.query_id)
    assert trace is not None
    assert (trace.text, trace.project, trace.mode) == (query.text, query.project, query.mode)
    assert (trace.state, trace.answer, trace.verdicts) == (Status.ANSWERED, ANSWER, (verdict(Stage.REFLEX),))
    assert [event.kind for event in trace.events] == [EventKind.OPENED, EventKind.VERDICT, EventKind.FINISHED]
    assert board.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS).code is ClaimCode.ENDED
    assert list(board.pulses(10)) == []


def test_answering_at_once_does_not_overwrite_a_query(board: Blackboard) -> None:
    query = new_query()
    board.open_answered(query, verdict(), ANSWER)
    before = board.trace(query.query_id)
    board.open_answered(query, verdict(), OTHER_ANSWER)
    assert board.trace(query.query_id) == before


def test_events_come_in_order_and_end_with_the_answer(board: Blackboard) -> None:
    query = new_query()
    board.open(query)
    board.claim(query.query_id, "first", token="a", lease_ms=LONG_MS)
    board.record(query.query_id, "first", token="a", product="p")
    board.claim(query.query_id, "second", token="b", lease_ms=LONG_MS)
    board.record(query.query_id, "second", token="b", verdict=verdict(), answer=ANSWER)
    events = board.events(query.query_id, after="0", block_ms=0)
    assert [(event.kind, event.data) for event in events] == [
        (EventKind.OPENED, query.text),
        (EventKind.STARTED, "first"),
        (EventKind.RECORDED, "first"),
        (EventKind.STARTED, "second"),
        (EventKind.VERDICT, codec.verdict_to(verdict())),
        (EventKind.FINISHED, codec.answer_to(ANSWER)),
    ]
    trace = board.trace(query.query_id)
    assert trace is not None
    assert list(trace.events) == list(events)


def test_events_go_on_after_the_last_one_seen(board: Blackboard) -> None:
    query = new_query()
    board.open(query)
    (opened,) = board.events(query.query_id, after="0", block_ms=0)
    board.finish(query.query_id, ANSWER)
    (finished,) = board.events(query.query_id, after=opened.entry_id, block_ms=0)
    assert finished.kind is EventKind.FINISHED
    assert list(board.events(query.query_id, after=finished.entry_id, block_ms=0)) == []


def test_events_return_nothing_when_nothing_happens_in_time(board: Blackboard) -> None:
    query = new_query()
    board.open(query)
    (opened,) = board.events(query.query_id, after="0", block_ms=0)
    assert list(board.events(query.query_id, after=opened.entry_id, block_ms=20)) == []


def test_a_reader_is_woken_by_the_next_event(board: Blackboard) -> None:
    query = new_query()
    board.open(query)
    (opened,) = board.events(query.query_id, after="0", block_ms=0)
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(board.events, query.query_id, after=opened.entry_id, block_ms=8000)
        board.finish(query.query_id, ANSWER)
        assert [event.kind for event in reader.result(9)] == [EventKind.FINISHED]


def test_whoever_waits_learns_the_end_with_what_all_layers_said(board: Blackboard) -> None:
    query = new_query()
    board.open(query)
    for stage, answer in (("first", None), ("second", ANSWER)):
        assert board.wait_end(query.query_id, block_ms=1) is None
        board.claim(query.query_id, stage, token="a", lease_ms=LONG_MS)
        board.record(query.query_id, stage, token="a", verdict=verdict(reason=stage), answer=answer)
    told = Ended(ANSWER, (verdict(reason="first"), verdict(reason="second")))
    assert [board.wait_end(query.query_id, block_ms=1) for _ in range(2)] == [told, told]


def test_whoever_waits_learns_an_end_from_outside(board: Blackboard) -> None:
    query = new_query()
    board.open(query)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(board.wait_end, query.query_id, block_ms=8000)
        board.finish(query.query_id, OTHER_ANSWER)
        assert waiting.result(9) == Ended(OTHER_ANSWER, ())
    board.finish(query.query_id, ANSWER)
    assert board.wait_end(query.query_id, block_ms=1) == Ended(OTHER_ANSWER, ())


def test_whoever_waits_for_a_query_answered_at_once_has_it(board: Blackboard) -> None:
    query = new_query()
    board.open_answered(query, verdict(), ANSWER)
    assert board.wait_end(query.query_id, block_ms=1) == Ended(ANSWER, (verdict(),))


def test_the_feed_tells_of_all_queries(board: Blackboard) -> None:
    one, other, at_once = new_query("one"), new_query("other"), new_query("at once")
    board.open(one)
    board.open(other)
    board.claim(other.query_id, STAGE, token="a", lease_ms=LONG_MS)
    board.record(other.query_id, STAGE, token="a", verdict=verdict(), answer=ANSWER)
    board.finish(one.query_id, OTHER_ANSWER)
    board.open_answered(at_once, verdict(), ANSWER)
    events = board.feed(after="0", block_ms=0)
    assert [(event.query_id, event.kind) for event in events] == [
        (one.query_id, EventKind.OPENED),
        (other.query_id, EventKind.OPENED),
        (other.query_id, EventKind.VERDICT),
        (other.query_id, EventKind.FINISHED),
        (one.query_id, EventKind.FINISHED),
        (at_once.query_id, EventKind.FINISHED),
    ]
    assert events[-1].data == codec.answer_to(ANSWER)
    assert list(board.feed(after=events[-1].entry_id, block_ms=10)) == []


def test_a_feed_reader_is_woken_by_the_next_query(board: Blackboard) -> None:
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(board.feed, after="0", block_ms=8000)
        board.open(new_query("hello"))
        assert [event.data for event in reader.result(9)] == ["hello"]


def test_an_open_query_is_dropped_when_its_time_to_live_ends(stand: Stand) -> None:
    query = new_query()
    stand.short_lived.open(query)
    stand.pass_ms(1001)
    assert stand.short_lived.trace(query.query_id) is None
    assert stand.short_lived.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS).code is ClaimCode.MISSING


def test_the_time_to_live_begins_anew_with_every_record(stand: Stand) -> None:
    query = new_query()
    stand.short_lived.open(query)
    stand.short_lived.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS)
    stand.pass_ms(600)
    stand.short_lived.record(query.query_id, STAGE, token="a", verdict=verdict(), product="p")
    stand.pass_ms(600)
    trace = stand.short_lived.trace(query.query_id)
    assert trace is not None
    assert (trace.work, len(trace.verdicts), len(trace.events)) == ({STAGE: "p"}, 1, 3)
