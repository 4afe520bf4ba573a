"""One stage of one query, whatever becomes of it: it is recorded once, and the cascade goes on or is over."""

from collections.abc import Generator

import pytest
from typing_extensions import override

from kitbash.blackboard.board import OPEN, ClaimCode, EventKind, stage_name
from kitbash.cascade import direct
from kitbash.cascade.stages import candidates_in, plan_of
from kitbash.cascade.step import Outcome, Stepped, step
from kitbash.domain import codec
from kitbash.domain.answer import DONT_KNOW, Status
from kitbash.domain.ids import new_query_id
from kitbash.domain.layer import Layer, Queue, Stage
from kitbash.errors import KnowledgeError
from kitbash.knowledge.library import Library
from tests.boards import ANSWER, LONG_MS
from tests.unit.cascade_kit import LEASE_MS, Cascade, Model, library_in
from tests.unit.facts import SKY, candidate

OVER = Stepped(Outcome.OVER)
GOES_ON = Stepped(Outcome.CONTINUE)


class BrokenLibrary(Library):
    """A library whose question forms cannot be read."""

    @override
    def with_form(self, form: str) -> tuple[tuple[str, int], ...]:
        message = "forms.db is torn"
        raise KnowledgeError(message)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Generator[Library]:
    """Return a library of one cartridge."""
    library = library_in(tmp_path_factory.mktemp("water"))
    yield library
    library.close()


@pytest.fixture
def cascade(library: Library) -> Cascade:
    """Return a cascade over one cartridge, without a model."""
    return Cascade(library)


def test_a_layer_that_passes_ends_the_query(cascade: Cascade) -> None:
    query = cascade.ask("Does ice float, please?")
    assert step(Stage.REFLEX, query.query_id, cascade.with_) == OVER
    trace = cascade.trace(query.query_id)
    assert trace.state == Status.ANSWERED
    assert trace.answer is not None
    assert (trace.answer.text, trace.answer.layer) == ("Ice floats on water.", Layer.REFLEX)
    assert trace.answer.confidence == pytest.approx(0.99 * 0.9)
    assert [fact.cartridge for fact in trace.answer.sources] == ["water_general"]
    assert [(verdict.stage, verdict.passed) for verdict in trace.verdicts] == [(Stage.REFLEX, True)]
    assert trace.verdicts[0].threshold == 0.9
    assert trace.verdicts[0].latency_ms > 0


def test_a_layer_that_is_not_sure_lets_the_cascade_go_on(cascade: Cascade) -> None:
    query = cascade.ask("Why is the sky dark?")
    assert step(Stage.REFLEX, query.query_id, cascade.with_) == GOES_ON
    trace = cascade.trace(query.query_id)
    assert (trace.state, trace.answer) == (OPEN, None)
    assert [(verdict.passed, verdict.reason) for verdict in trace.verdicts] == [(False, "no question form is the same")]


def test_a_layer_that_fails_says_so_and_the_cascade_goes_on(cascade: Cascade) -> None:
    query = cascade.ask("Does ice float?")
    cascade.library = BrokenLibrary(cascade.library.folders, cascade.library.cache)
    assert step(Stage.REFLEX, query.query_id, cascade.with_) == GOES_ON
    (verdict,) = cascade.trace(query.query_id).verdicts
    assert (verdict.passed, verdict.confidence, verdict.reason) == (False, 0.0, "failed: forms.db is torn")


def test_a_layer_that_fails_leaves_no_product(cascade: Cascade) -> None:
    query = cascade.ask("Does ice float?", project="gone")
    assert step(Stage.TRIAGE, query.query_id, cascade.with_) == GOES_ON
    trace = cascade.trace(query.query_id)
    assert trace.verdicts[0].reason.startswith("failed: there is no project 'gone'")
    assert trace.work == {}


def test_a_stage_delivered_twice_is_recorded_once(cascade: Cascade) -> None:
    query = cascade.ask("How does ice behave on water?")
    first, again = (step(Stage.TRIAGE, query.query_id, cascade.with_) for _ in range(2))
    assert first.outcome is again.outcome is Outcome.CONTINUE
    assert first.product == again.product
    assert plan_of(again.product).shards == (("water_general",),)
    trace = cascade.trace(query.query_id)
    assert len(trace.verdicts) == 1
    assert [event.kind for event in trace.events] == [
        EventKind.OPENED,
        EventKind.STARTED,
        EventKind.DECISION,
        EventKind.VERDICT,
    ]
    assert [decision.decision_id for decision in trace.decisions] == ["p1"]


def test_a_stage_that_another_delivery_runs_is_left_to_it(cascade: Cascade) -> None:
    query = cascade.ask("Does ice float?")
    cascade.board.claim(query.query_id, Stage.REFLEX, token="another", lease_ms=LEASE_MS)
    assert step(Stage.REFLEX, query.query_id, cascade.with_) == OVER
    assert cascade.trace(query.query_id).verdicts == ()
    cascade.clock.now_ms += LEASE_MS
    step(Stage.REFLEX, query.query_id, cascade.with_)
    assert cascade.trace(query.query_id).state == Status.ANSWERED


def test_a_stage_of_an_ended_query_is_dropped(cascade: Cascade) -> None:
    query = cascade.ask("What is it?")
    cascade.board.finish(query.query_id, ANSWER)
    cascade.model = model = Model()
    assert step(Stage.GENERATE, query.query_id, cascade.with_) == OVER
    assert model.asked == []
    assert cascade.trace(query.query_id).answer == ANSWER


def test_a_canvas_is_dropped_when_its_query_ends_while_a_layer_runs(
    cascade: Cascade, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = cascade.ask("Does ice float?")

    def asked(*_: object) -> tuple[()]:
        cascade.board.finish(query.query_id, ANSWER)
        return ()

    monkeypatch.setattr(Library, "with_form", asked)
    assert step(Stage.REFLEX, query.query_id, cascade.with_) == OVER
    assert cascade.trace(query.query_id).verdicts == ()


def test_a_stage_of_an_unknown_query_is_dropped(cascade: Cascade) -> None:
    assert step(Stage.REFLEX, new_query_id(), cascade.with_) == OVER


def test_a_late_query_is_expired(cascade: Cascade) -> None:
    query = cascade.ask("Does ice float?", timeout_ms=500)
    cascade.clock.now_ms += 500
    assert step(Stage.REFLEX, query.query_id, cascade.with_) == OVER
    trace = cascade.trace(query.query_id)
    assert (trace.state, trace.verdicts) == (Status.EXPIRED, ())
    assert trace.answer is not None
    assert trace.answer.layer is None
    assert list(cascade.board.pulses(10)) == []


@pytest.mark.parametrize("stage", [Stage.REFLEX, Stage.TRIAGE, Stage.FUSE, Stage.SYNTHESISE])
def test_an_exhausted_stage_is_buried_and_passed_over(cascade: Cascade, stage: Stage) -> None:
    query = cascade.ask("Does ice float?")
    cascade.exhaust(query.query_id, stage)
    assert step(stage, query.query_id, cascade.with_) == GOES_ON
    (letter,) = cascade.board.dead(stage.queue)
    (verdict,) = cascade.trace(query.query_id).verdicts
    assert (letter.task, letter.query_id) == (stage.value, query.query_id)
    assert (verdict.passed, verdict.reason) == (False, letter.reason)
    assert "given up" in letter.reason
    assert cascade.board.claim(query.query_id, stage, token="more", lease_ms=1).code is ClaimCode.RECORDED


def test_an_exhausted_last_stage_ends_the_query_as_unknown(cascade: Cascade) -> None:
    query = cascade.ask("Does ice float?")
    cascade.model = model = Model()
    cascade.exhaust(query.query_id, Stage.GENERATE)
    assert step(Stage.GENERATE, query.query_id, cascade.with_) == OVER
    assert (cascade.trace(query.query_id).state, model.asked) == (Status.UNKNOWN, [])
    assert len(cascade.board.dead(Queue.KOBOLD)) == 1


def test_a_search_leaves_candidates_and_no_verdict(cascade: Cascade) -> None:
    query = cascade.ask("How does ice behave?")
    step(Stage.TRIAGE, query.query_id, cascade.with_)
    found = step(Stage.SEARCH, query.query_id, cascade.with_, shard=0)
    assert found.outcome is Outcome.CONTINUE
    trace = cascade.trace(query.query_id)
    assert [verdict.stage for verdict in trace.verdicts] == [Stage.TRIAGE]
    assert (trace.events[-1].kind, trace.events[-1].data) == (EventKind.RECORDED, stage_name(Stage.SEARCH, 0))
    assert [it.fact.text for it in candidates_in(trace.work)] == ["Ice floats on water."]


def test_a_search_that_is_given_up_leaves_the_others(cascade: Cascade) -> None:
    query = cascade.ask("How does ice behave on water?")
    step(Stage.TRIAGE, query.query_id, cascade.with_)
    cascade.exhaust(query.query_id, stage_name(Stage.SEARCH, 0))
    assert step(Stage.SEARCH, query.query_id, cascade.with_, shard=0) == GOES_ON
    assert step(Stage.FUSE, query.query_id, cascade.with_).outcome is Outcome.CONTINUE
    assert cascade.trace(query.query_id).verdicts[-1].reason == "no fact shares a word with the question"


def test_fusing_answers_from_what_the_searches_left(cascade: Cascade) -> None:
    query = cascade.ask("Is it water where ice floats?")
    direct.run(query.query_id, cascade.with_)
    trace = cascade.trace(query.query_id)
    assert trace.answer is not None
    assert (trace.answer.layer, trace.answer.text) == (Layer.CARTRIDGE, "Ice floats on water.")
    assert [verdict.stage for verdict in trace.verdicts] == [Stage.REFLEX, Stage.TRIAGE, Stage.FUSE]


def test_synthesis_answers_a_question_for_two_things(cascade: Cascade) -> None:
    query = cascade.ask("Why does ice float on water and how does steam rise in cold air?")
    direct.run(query.query_id, cascade.with_)
    trace = cascade.trace(query.query_id)
    assert trace.answer is not None
    assert trace.answer.layer is Layer.SYNTHESIS
    assert trace.answer.text == "Ice floats on water. [1] Steam rises in cold air. [2]"
    assert trace.answer.confidence < 0.8


def test_a_question_nothing_answers_ends_as_unknown(cascade: Cascade) -> None:
    query = cascade.ask("Who painted the cellar ceiling?")
    direct.run(query.query_id, cascade.with_)
    trace = cascade.trace(query.query_id)
    assert trace.state == Status.UNKNOWN
    assert trace.answer is not None
    assert (trace.answer.text, trace.answer.layer, trace.answer.confidence) == (DONT_KNOW, None, 0.0)
    assert [verdict.stage for verdict in trace.verdicts] == [Stage.REFLEX, Stage.TRIAGE, Stage.GENERATE]
    assert "no model is configured" in trace.verdicts[-1].reason


def test_every_stage_may_be_exhausted_and_the_query_still_ends(cascade: Cascade) -> None:
    query = cascade.ask("Does ice float?", timeout_ms=10 * LONG_MS)
    for name in (*(stage for stage in Stage if stage is not Stage.SEARCH), stage_name(Stage.SEARCH, 0)):
        cascade.exhaust(query.query_id, name)
    direct.run(query.query_id, cascade.with_)
    assert cascade.trace(query.query_id).state == Status.UNKNOWN


def test_candidates_come_in_the_order_of_the_shards() -> None:
    facts = [candidate(SKY.fact(number, f"fact {number}")) for number in range(12)]
    work = {stage_name(Stage.SEARCH, shard): codec.candidates_to([it]) for shard, it in enumerate(facts)}
    assert [it.fact.fact_id for it in candidates_in(work)] == list(range(12))
