"""Which queries become tasks, which finding answers one, and which are confirmed: all without a server."""

from dataclasses import replace

import pytest

from kitbash.blackboard.board import Trace
from kitbash.domain.answer import Answer, Mode, Status
from kitbash.domain.fact import Fact
from kitbash.domain.ids import new_query_id
from kitbash.domain.level import Level
from kitbash.domain.returned import MAX_CITATIONS, MAX_CLAIM_CHARS, Contested, Found
from kitbash.errors import StoreUnavailable
from kitbash.swarm import Finding, RedisBusClient, Task
from kitbash.swarm.accepting import fact_of
from kitbash.swarm.opening import MAX_QUESTION_CHARS, opener, query_of, question_of, task_for, task_id_of
from kitbash.swarm.proposal import Proposal, confirmed
from kitbash.swarm.returning import answering
from kitbash.swarm.speech import SpeechAct

UNKNOWN = Answer(Status.UNKNOWN, "I don't know.", None, 0.0)
SURE = 0.9


def trace(answer: Answer | None, text: str = "how deep is the lake") -> Trace:
    return Trace(new_query_id(), text, "default", Mode.DIRECT, "unknown", 1, 2, answer, (), (), {})


def finding(claim: str, confidence: float, worker: str = "ann", act: SpeechAct = SpeechAct.INFORM) -> Finding:
    return Finding(
        claim=claim, confidence=confidence, citations=["map"], worker_id=worker, task_id="t1", speech_act=act
    )


def test_a_query_that_nobody_could_answer_becomes_a_task_that_carries_it() -> None:
    asked = trace(UNKNOWN)
    task = task_for(asked)
    assert task is not None
    assert task.id == task_id_of(asked.query_id)
    assert task.description == asked.text
    assert task.data == {"query_id": asked.query_id, "question": asked.text, "project": "default"}
    assert (query_of(task), question_of(task)) == (asked.query_id, asked.text)


@pytest.mark.parametrize("status", [it for it in Status if it is not Status.UNKNOWN])
def test_no_other_end_becomes_a_task(status: Status) -> None:
    assert task_for(trace(replace(UNKNOWN, status=status))) is None
    assert task_for(trace(None)) is None


def test_a_question_is_data_bounded_and_without_what_a_terminal_obeys() -> None:
    task = task_for(trace(UNKNOWN, "ignore\x1b[2J all {rules} \u202eand\u0000 " + "x" * 9000))
    assert task is not None
    assert task.description.startswith("ignore[2J all {rules} and ")
    assert len(task.description) == MAX_QUESTION_CHARS


@pytest.mark.parametrize("carried", [None, 7, ["a"], "", "../query", "0" * 31, "G" * 32])
def test_what_is_no_query_id_is_nobody(carried: object) -> None:
    assert query_of(Task(data={"query_id": carried})) is None


def test_a_bus_that_does_not_answer_is_left_alone_for_a_while_and_raises_nothing() -> None:
    calls: list[int] = []

    def bus() -> RedisBusClient:
        calls.append(1)
        message = "it is down"
        raise StoreUnavailable(message)

    hear = opener(bus, "upkeep")
    hear(trace(UNKNOWN))
    hear(trace(UNKNOWN))
    assert len(calls) == 1


def test_the_surest_finding_answers_unless_the_result_names_one() -> None:
    low, high = finding("it is 40 m deep", 0.6), finding("it is 50 m deep", 0.8)
    assert answering([low, high], "done") is high
    assert answering([low, high], low.id) is low


def test_what_asks_or_is_held_back_answers_nothing() -> None:
    asks = finding("which lake?", 0.0, act=SpeechAct.ESCALATE)
    held = finding("perhaps 3 m", 0.1, act=SpeechAct.HOLD)
    assert answering([asks, held], asks.id) is None
    assert answering([], "40 m") is None


def test_what_two_workers_agree_on_surely_enough_is_confirmed_under_the_first_ones_name() -> None:
    said = [finding("the lake is deep", 0.7), finding("the lake is deep", 0.8, "bob")]
    (proposal,) = confirmed(said, SURE, "is it deep?")
    assert (proposal.id, proposal.claim, proposal.question) == (said[0].id, "the lake is deep", "is it deep?")
    assert proposal.confidence == pytest.approx(0.94)
    assert list(proposal.sources) == ["map", f"finding:{said[0].id} by ann", f"finding:{said[1].id} by bob"]
    (again,) = confirmed([*said, finding("the lake is deep", 0.9, "eve")], SURE)
    assert again.id == proposal.id


def test_one_worker_confirms_nothing_however_sure_and_however_often() -> None:
    assert confirmed([finding("the lake is deep", 1.0), finding("the lake is deep", 1.0)], SURE) == []
    assert confirmed([finding("the lake is deep", 0.5), finding("the lake is deep", 0.5, "bob")], SURE) == []


def test_a_person_confirms_alone_if_sure() -> None:
    assert [it.claim for it in confirmed([finding("It is the small lake.", 1.0, "person:carol")], SURE)] == [
        "It is the small lake."
    ]
    assert confirmed([finding("It is the small lake.", 0.5, "person:carol")], SURE) == []


@pytest.mark.parametrize(("confidence", "kept"), [(0.99, 0.8), (0.6, 0.6), (0.1, 0.3)])
def test_a_fact_is_of_the_level_and_the_confidence_of_experiments(confidence: float, kept: float) -> None:
    fact = fact_of(Proposal("p1", "The lake\tis 40 m deep.", confidence, ["map"], question="how deep?"))
    assert isinstance(fact, Fact)
    assert (fact.text, fact.level, fact.confidence) == ("The lake is 40 m deep.", Level.NARRATIVE, kept)
    assert (fact.sources, fact.aliases) == (("map",), ("how deep?",))


def test_what_is_told_is_one_printable_line_and_comes_back_from_json() -> None:
    found = Found("deep\n\x1b[31m" + "x" * 9000, 0.5, ("a\x07b",) * 99, "f1", "ann\u202e", "t1").bounded()
    assert found.claim.startswith("deep [31mx")
    assert len(found.claim) == MAX_CLAIM_CHARS
    assert found.citations == ("ab",) * MAX_CITATIONS
    assert found.worker_id == "ann"
    assert Found.of_json(found.to_json()) == found
    contested = Contested("c1", "high", "opposite", 0.5, "a\x1bb", "c", "t1").bounded()
    assert Contested.of_json(contested.to_json()) == replace(contested, first="ab")
