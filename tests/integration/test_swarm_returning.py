"""The relay on real servers: what agents and people find out is told to the query behind the task, once."""

from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from kitbash.blackboard.board import EventKind, NewQuery
from kitbash.blackboard.redis_board import RedisBlackboard
from kitbash.domain.returned import Contested, Found
from kitbash.swarm import Finding, RedisBusClient, Task
from kitbash.swarm.opening import opener, task_id_of
from kitbash.swarm.proposal import Decision
from kitbash.swarm.returning import Relay
from tests.boards import OTHER_ANSWER, at_once, new_query, redis_board
from tests.servers import Server
from tests.swarms import bus_client, finding, fresh_prefix, raw

SURE = 0.9


@dataclass(frozen=True, slots=True)
class Joined:
    """A blackboard and a bus on one server, and what joins them."""

    board: RedisBlackboard
    bus: RedisBusClient
    relay: Relay

    def unknown(self, question: str = "how deep is the lake") -> NewQuery:
        """Return a query that ended as unknown, is settled, and became a task."""
        query = new_query(question)
        self.board.open(query)
        self.board.finish(query.query_id, OTHER_ANSWER)
        self.board.settle(query.query_id, decay_s=60, is_logged=True)
        trace = self.board.trace(query.query_id)
        assert trace is not None
        hear = opener(lambda: self.bus, "upkeep")
        hear(trace)
        hear(trace)
        return query

    def told(self, query: NewQuery, kind: EventKind = EventKind.FOUND) -> list[str]:
        """Return what a query was told."""
        trace = self.board.trace(query.query_id)
        assert trace is not None
        return [event.data for event in trace.events if event.kind is kind]

    def found(self, query: NewQuery) -> list[Found]:
        """Return the findings that a query was told."""
        return [Found.of_json(it) for it in self.told(query)]


@pytest.fixture(params=["plain", "cluster"])
def joined(request: pytest.FixtureRequest) -> Generator[Joined]:
    server: Server = request.getfixturevalue(f"fresh_{request.param}")
    with ExitStack() as stack:
        board = stack.enter_context(redis_board(server))
        bus = stack.enter_context(bus_client(server, prefix=fresh_prefix()))
        yield Joined(board, bus, Relay(bus, board, "upkeep", propose_from=SURE))


def complete(joined: Joined, *findings: Finding) -> Task:
    """Have the next task done with these findings, and return it."""
    task = joined.bus.next_task()
    assert task is not None
    for it in findings:
        joined.bus.post_finding(Finding(claim=it.claim, confidence=it.confidence, citations=it.citations,
                                        worker_id=it.worker_id, task_id=task.id))  # fmt: skip
    assert joined.bus.complete_task(task, "done")
    return task


def test_a_query_opens_one_task(joined: Joined) -> None:
    query = joined.unknown()
    (task,) = joined.bus.get_tasks()
    assert (task.id, task.type, task.description) == (task_id_of(query.query_id), "question", query.text)


def test_the_finding_a_task_was_completed_with_comes_back_to_its_query_and_the_feed(joined: Joined) -> None:
    query = joined.unknown()
    task = complete(joined, finding("It is 40 m deep.", 0.7), finding("It is\t50 m deep.", 0.9))
    joined.relay.run()
    (found,) = joined.found(query)
    assert (found.claim, found.confidence, found.worker_id, found.task_id) == ("It is 50 m deep.", 0.9, "ann", task.id)
    assert found.citations == ("book:1", "book:2")
    assert joined.bus.get_finding(found.finding_id) is not None
    (fed,) = [it for it in joined.board.feed(after="0", block_ms=0) if it.kind is EventKind.FOUND]
    assert (fed.query_id, Found.of_json(fed.data)) == (query.query_id, found)
    ended = joined.board.wait_end(query.query_id, block_ms=1)
    assert ended is not None
    assert ended.answer == OTHER_ANSWER


def test_several_relays_tell_it_once_and_the_next_round_nothing(joined: Joined) -> None:
    query = joined.unknown()
    complete(joined, finding("It is 40 m deep."))
    at_once([joined.relay.run] * 4)
    assert len(joined.found(query)) == 1
    assert joined.relay.run() == 0
    joined.board.note_relayed("0")
    joined.relay.run()
    assert len(joined.found(query)) == 1


def test_a_task_that_was_completed_without_a_finding_or_for_no_query_tells_nothing(joined: Joined) -> None:
    query = joined.unknown()
    complete(joined)
    joined.bus.post_task(Task(description="by hand", data={"query_id": "../../query"}))
    complete(joined, finding("It is 40 m deep."))
    joined.relay.run()
    assert joined.found(query) == []


def test_a_persons_answer_to_an_escalation_comes_back_and_is_proposed(joined: Joined) -> None:
    query = joined.unknown()
    task = joined.bus.next_task()
    assert task is not None
    question = joined.bus.ask_human("which lake?", task_id=task)
    joined.bus.answer_inbox(question.id, "Lake Inari is 92 m deep.", person="carol")
    joined.relay.run()
    (found,) = joined.found(query)
    assert (found.claim, found.worker_id, found.confidence) == ("Lake Inari is 92 m deep.", "person:carol", 1.0)
    (proposal,) = joined.bus.get_proposals()
    assert (proposal.id, proposal.question) == (found.finding_id, query.text)
    complete(joined)
    joined.relay.run()
    assert joined.found(query) == [found]


def test_a_conflict_on_its_task_is_told_beside_its_deltas(joined: Joined) -> None:
    query = joined.unknown()
    task = joined.bus.next_task()
    assert task is not None
    for claim, worker in (("the lake is deep", "ann"), ("the lake is not deep", "bob")):
        joined.bus.post_finding(finding(claim, task_id=task.id, worker_id=worker))
    (clash,) = joined.bus.detect_clashes(task)
    joined.relay.run()
    (told,) = [Contested.of_json(it) for it in joined.told(query, EventKind.CONFLICT)]
    assert (told.conflict_id, told.grade, told.kind) == (clash.id, "critical", "opposite")
    assert (told.first, told.second) == ("the lake is deep", "the lake is not deep")


def test_a_conflict_of_no_query_is_told_in_the_feed(joined: Joined) -> None:
    for claim in ("the lake is deep", "the lake is not deep"):
        joined.bus.post_finding(finding(claim, task_id="t1"))
    joined.bus.detect_clashes("t1")
    joined.relay.run()
    assert [(it.kind, it.query_id) for it in joined.board.feed(after="0", block_ms=0)] == [(EventKind.CONFLICT, "")]


def test_what_two_agree_on_is_proposed_once_and_decided_once(joined: Joined) -> None:
    joined.unknown()
    complete(joined, finding("the lake is deep", 0.8), finding("the lake is deep", 0.8, worker_id="bob"))
    joined.relay.run()
    joined.board.note_relayed("0")
    joined.relay.run()
    (proposal,) = joined.bus.get_proposals()
    assert (proposal.claim, proposal.confidence) == ("the lake is deep", pytest.approx(0.96))
    assert joined.bus.decide_proposal(proposal.id, "refused", person="carol")
    assert not joined.bus.decide_proposal(proposal.id, "accepted", person="dan")
    decided = joined.bus.get_proposal(proposal.id)
    assert decided is not None
    assert (decided.decision, decided.decided_by) == (Decision.REFUSED, "carol")
    joined.board.note_relayed("0")
    joined.relay.run()
    assert joined.bus.get_proposals() == []


def test_a_record_that_cannot_be_read_keeps_no_other_waiting(joined: Joined, request: pytest.FixtureRequest) -> None:
    broken, whole = joined.unknown(), joined.unknown()
    complete(joined, finding("one"))
    complete(joined, finding("two"))
    server: Server = request.getfixturevalue(f"fresh_{request.node.callspec.params['joined']}")
    raw(server).hset(joined.bus.bus.keys.task(task_id_of(broken.query_id)), "created_at", "never")
    joined.relay.run()
    assert joined.found(broken) == []
    assert len(joined.found(whole)) == 1
