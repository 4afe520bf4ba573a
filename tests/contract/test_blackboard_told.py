"""What every blackboard tells of a query's thinking and life: each event once, in order, in its stream and the feed."""

from collections.abc import Sequence

import pytest

from kitbash.blackboard.board import Blackboard, ClaimCode, Event, EventKind, NewQuery, RecordCode, Trace
from kitbash.domain import bus_codec, codec
from kitbash.domain.coupling import UNRESOLVED, Delta
from kitbash.domain.ids import new_query_id
from kitbash.domain.lifecycle import Lifecycle
from tests.boards import ANSWER, DECISIONS, LONG_MS, PEACEFUL, SPOTLIGHTS, new_query, verdict

STAGE = "kitbash.cartridge.fuse"


@pytest.fixture
def query(board: Blackboard) -> NewQuery:
    """Return an open query."""
    query = new_query("was the sea calm?")
    board.open(query)
    return query


def traced(board: Blackboard, query: NewQuery) -> Trace:
    trace = board.trace(query.query_id)
    assert trace is not None
    return trace


def told(events: Sequence[Event]) -> list[tuple[EventKind, object]]:
    """Return what events tell, JSON as what it means: how it is spelt is no promise."""
    return [(it.kind, codec.json.loads(it.data) if it.data.startswith("{") else it.data) for it in events]


def lives(board: Blackboard, query: NewQuery) -> list[str]:
    return [event.data for event in traced(board, query).events if event.kind is EventKind.LIFECYCLE]


def fed(board: Blackboard, kind: EventKind) -> list[Event]:
    return [event for event in board.feed(after="0", block_ms=0) if event.kind is kind]


def deltas_of(events: Sequence[Event]) -> list[Delta]:
    return [bus_codec.delta_from(codec.json.loads(it.data)) for it in events if it.kind is EventKind.DELTA]


def think(board: Blackboard, query: NewQuery) -> None:
    """Have a query live a whole life."""
    board.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS, lifecycle=Lifecycle.TRIAGE)
    board.consider(query.query_id, SPOTLIGHTS, threshold=0)
    board.record(query.query_id, STAGE, token="a", verdict=verdict(), answer=ANSWER, decisions=DECISIONS)
    board.settle(query.query_id, decay_s=60, is_logged=True)


def test_a_life_is_told_in_order(board: Blackboard, query: NewQuery) -> None:
    think(board, query)
    events = board.events(query.query_id, after="0", block_ms=0)
    assert told(events) == [
        (EventKind.OPENED, query.text),
        (EventKind.STARTED, STAGE),
        (EventKind.LIFECYCLE, "triage"),
        *[(EventKind.DELTA, bus_codec.delta_to(delta)) for delta in deltas_of(events)],
        *[(EventKind.DECISION, bus_codec.decision_to(decision)) for decision in DECISIONS],
        (EventKind.VERDICT, codec.json.loads(codec.verdict_to(verdict()))),
        (EventKind.FINISHED, codec.json.loads(codec.answer_to(ANSWER))),
        (EventKind.LIFECYCLE, "logged"),
    ]
    trace = traced(board, query)
    assert trace.coupled is not None
    assert deltas_of(events) == list(trace.coupled.deltas)
    assert [delta.delta_id for delta in deltas_of(events)] == ["d1", "d2", "d3", "d4", "d5"]
    assert trace.events == tuple(events)
    assert (trace.lifecycle, trace.decisions) == ("logged", DECISIONS)


def test_the_feed_tells_the_same(board: Blackboard, query: NewQuery) -> None:
    think(board, query)
    own = [it for it in told(board.events(query.query_id, after="0", block_ms=0)) if it[0] is not EventKind.STARTED]
    feed = board.feed(after="0", block_ms=0)
    assert told(feed) == own
    assert {event.query_id for event in feed} == {query.query_id}


def test_events_go_on_after_one_in_the_middle(board: Blackboard, query: NewQuery) -> None:
    think(board, query)
    events = list(board.events(query.query_id, after="0", block_ms=0))
    for at, event in enumerate(events):
        assert list(board.events(query.query_id, after=event.entry_id, block_ms=0)) == events[at + 1 :]


def test_a_contradiction_is_told_once_however_often_it_is_coupled(board: Blackboard, query: NewQuery) -> None:
    board.consider(query.query_id, SPOTLIGHTS, threshold=0)
    for _ in range(2):
        board.couple(query.query_id)
        board.consider(query.query_id, SPOTLIGHTS, threshold=0)
    assert len(deltas_of(traced(board, query).events)) == 5
    assert len(fed(board, EventKind.DELTA)) == 5


def test_contradictions_of_other_items_are_told_anew(board: Blackboard, query: NewQuery) -> None:
    for items in (PEACEFUL, SPOTLIGHTS):
        board.consider(query.query_id, items, threshold=0)
    assert [it.delta_id for it in deltas_of(traced(board, query).events)] == ["d1", "d2", "d3", "d4", "d5"]
    assert len(fed(board, EventKind.DELTA)) == 5


def test_an_event_of_a_contradiction_tells_how_it_stands_now_and_the_feed_how_it_was(
    board: Blackboard, query: NewQuery
) -> None:
    board.consider(query.query_id, SPOTLIGHTS, threshold=0)
    board.resolve(query.query_id, "d3", "it was a storm")
    now = [delta.resolution for delta in deltas_of(traced(board, query).events)]
    assert now == [UNRESOLVED, UNRESOLVED, "it was a storm", UNRESOLVED, UNRESOLVED]
    assert [delta.resolution for delta in deltas_of(fed(board, EventKind.DELTA))] == [UNRESOLVED] * 5


def test_a_query_never_goes_back_in_its_life(board: Blackboard, query: NewQuery) -> None:
    assert traced(board, query).lifecycle == ""
    for came in Lifecycle:
        board.advance(query.query_id, came)
        for earlier in (*came.earlier, came):
            board.advance(query.query_id, earlier)
        assert traced(board, query).lifecycle == came
    assert lives(board, query) == list(Lifecycle)
    assert [(event.query_id, event.data) for event in fed(board, EventKind.LIFECYCLE)] == [
        (query.query_id, came) for came in Lifecycle
    ]


def test_a_query_may_skip_what_it_does_not_need(board: Blackboard, query: NewQuery) -> None:
    board.advance(query.query_id, Lifecycle.INJECTION)
    board.advance(query.query_id, Lifecycle.SYNTHESIS)
    board.advance(query.query_id, Lifecycle.LOGGED)
    assert lives(board, query) == ["injection", "logged"]


def test_nothing_is_told_of_the_life_of_a_query_that_is_not_there(board: Blackboard) -> None:
    unknown = new_query_id()
    board.advance(unknown, Lifecycle.SEARCH)
    assert board.trace(unknown) is None
    assert list(board.events(unknown, after="0", block_ms=0)) == []
    assert list(board.feed(after="0", block_ms=0)) == []


def test_a_claim_says_how_far_its_query_has_come(board: Blackboard, query: NewQuery) -> None:
    for stage, came in (("one", Lifecycle.SEARCH), ("two", None), ("three", Lifecycle.GENERATION)):
        claimed = board.claim(query.query_id, stage, token=stage, lease_ms=LONG_MS, lifecycle=came)
        assert claimed.code is ClaimCode.CLAIMED
    assert traced(board, query).lifecycle == Lifecycle.GENERATION
    assert [(it.kind, it.data) for it in traced(board, query).events[1:]] == [
        (EventKind.STARTED, "one"),
        (EventKind.LIFECYCLE, "search"),
        (EventKind.STARTED, "two"),
        (EventKind.STARTED, "three"),
        (EventKind.LIFECYCLE, "generation"),
    ]
    assert [event.data for event in fed(board, EventKind.LIFECYCLE)] == ["search", "generation"]


def test_a_claim_of_an_earlier_stage_does_not_take_its_query_back(board: Blackboard, query: NewQuery) -> None:
    board.advance(query.query_id, Lifecycle.SYNTHESIS)
    for stage, came in (("one", Lifecycle.SYNTHESIS), ("two", Lifecycle.SEARCH)):
        claimed = board.claim(query.query_id, stage, token=stage, lease_ms=LONG_MS, lifecycle=came)
        assert claimed.code is ClaimCode.CLAIMED
    assert (traced(board, query).lifecycle, lives(board, query)) == ("synthesis", ["synthesis"])
    assert [event.data for event in fed(board, EventKind.LIFECYCLE)] == ["synthesis"]


def test_a_stage_that_is_buried_tells_of_its_life_too(board: Blackboard, query: NewQuery) -> None:
    for token in "abc":
        board.claim(query.query_id, STAGE, token=token, lease_ms=0)
    exhausted = board.claim(query.query_id, STAGE, token="d", lease_ms=LONG_MS, lifecycle=Lifecycle.SYNTHESIS)
    assert exhausted.code is ClaimCode.EXHAUSTED
    assert lives(board, query) == ["synthesis"]
    assert [event.data for event in fed(board, EventKind.LIFECYCLE)] == ["synthesis"]


def test_a_claim_that_is_refused_says_nothing(board: Blackboard, query: NewQuery) -> None:
    board.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS)
    held = board.claim(query.query_id, STAGE, token="b", lease_ms=LONG_MS, lifecycle=Lifecycle.TRIAGE)
    board.record(query.query_id, STAGE, token="a")
    done = board.claim(query.query_id, STAGE, token="c", lease_ms=LONG_MS, lifecycle=Lifecycle.TRIAGE)
    board.finish(query.query_id, ANSWER)
    over = board.claim(query.query_id, "other", token="d", lease_ms=LONG_MS, lifecycle=Lifecycle.TRIAGE)
    assert [held.code, done.code, over.code] == [ClaimCode.HELD, ClaimCode.RECORDED, ClaimCode.ENDED]
    assert (traced(board, query).lifecycle, lives(board, query)) == ("", [])
    assert fed(board, EventKind.LIFECYCLE) == []


def test_decisions_are_kept_with_what_a_stage_found_in_the_order_they_were_made(
    board: Blackboard, query: NewQuery
) -> None:
    for stage, decisions in (("one", DECISIONS[:1]), ("two", ()), ("three", DECISIONS[1:])):
        board.claim(query.query_id, stage, token="a", lease_ms=LONG_MS)
        assert board.record(query.query_id, stage, token="a", decisions=decisions) is RecordCode.RECORDED
    assert traced(board, query).decisions == DECISIONS
    assert told(fed(board, EventKind.DECISION)) == [
        (EventKind.DECISION, bus_codec.decision_to(decision)) for decision in DECISIONS
    ]


def test_decisions_are_kept_once_and_only_from_the_holder(board: Blackboard, query: NewQuery) -> None:
    board.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS)
    assert board.record(query.query_id, STAGE, token="b", decisions=DECISIONS) is RecordCode.NOT_HELD
    assert traced(board, query).decisions == ()
    said = [board.record(query.query_id, STAGE, token="a", decisions=DECISIONS) for _ in range(2)]
    assert said == [RecordCode.RECORDED, RecordCode.BEFORE]
    assert traced(board, query).decisions == DECISIONS
    assert [event.kind for event in traced(board, query).events].count(EventKind.DECISION) == len(DECISIONS)
    assert len(fed(board, EventKind.DECISION)) == len(DECISIONS)


def test_who_asked_is_told_to_the_stages_and_in_the_trace(board: Blackboard, query: NewQuery) -> None:
    claimed = board.claim(query.query_id, STAGE, token="a", lease_ms=LONG_MS).query
    assert claimed is not None
    trace = traced(board, query)
    assert (claimed.user, claimed.kappa) == (query.user, query.kappa)
    assert (trace.user, trace.session, trace.kappa) == (query.user, query.session, query.kappa)


def test_life_does_not_go_on_after_the_end(board: Blackboard, query: NewQuery) -> None:
    board.finish(query.query_id, ANSWER)
    board.advance(query.query_id, Lifecycle.GENERATION)
    assert lives(board, query) == []
    assert fed(board, EventKind.LIFECYCLE) == []
