"""Engines that vote: nobody ends the query before the vote, and it ends whoever dies."""

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Final

import pytest

from kitbash.blackboard.board import Trace, opinion_name
from kitbash.cascade import direct, route
from kitbash.cascade.collaborators import Collaborators
from kitbash.cascade.consensus import MARGIN_MS
from kitbash.cascade.stages import plan_in
from kitbash.cascade.step import Outcome, Stepped, step
from kitbash.domain.answer import DONT_KNOW, Status
from kitbash.domain.ids import QueryId
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.strategy import Strategy
from kitbash.knowledge.library import Library
from tests.boards import LONG_MS
from tests.unit.archive_kit import archived
from tests.unit.cascade_kit import Cascade, Model, library_in

FLOATS: Final = "Does ice float on water?"
SEVERAL: Final = "Does ice float on water and what does steam do in cold air?"
DENIED: Final = "Ice does not float on water."


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Generator[Library]:
    """Return a library about water."""
    with_water = library_in(tmp_path_factory.mktemp("vote"))
    yield with_water
    with_water.close()


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def cascade(library: Library, model: Model) -> Cascade:
    return Cascade(library, model=model, consensus=Strategy.SIMPLE)


def stages(trace: Trace) -> list[Stage]:
    return [it.stage for it in trace.verdicts]


def run(cascade: Cascade, query_id: QueryId, stage: Stage) -> Stepped:
    return step(stage, query_id, cascade.with_, shard=0 if stage is Stage.SEARCH else None)


def test_all_engines_answer_before_they_vote(cascade: Cascade) -> None:
    trace = cascade.ended(FLOATS)
    assert stages(trace) == [*route.BEGIN, *route.CLOSING, Stage.VOTE]
    assert trace.answer is not None
    assert (trace.answer.status, trace.answer.layer) == (Status.ANSWERED, Layer.CARTRIDGE)
    assert trace.verdicts[-1].reason == "simple consensus, cartridge and kobold agree"
    assert trace.answer.tokens is not None
    assert trace.answer.tokens.prompt > 0
    assert {opinion_name(it) for it in (Stage.FUSE, Stage.GENERATE)} <= trace.work.keys()


def test_a_model_that_denies_a_fact_makes_the_answer_uncertain(cascade: Cascade, model: Model) -> None:
    model.reply = lambda _: "Penguins are birds."
    cascade.policy = replace(
        cascade.policy,
        rules={**cascade.policy.rules, Layer.KOBOLD: replace(cascade.policy.rules[Layer.KOBOLD], threshold=0.0)},
    )
    sure = Cascade(cascade.library, model=Model(), consensus=Strategy.SIMPLE).ended(FLOATS).answer
    trace = cascade.ended(FLOATS)
    assert trace.answer is not None
    assert sure is not None
    assert trace.verdicts[-1].reason == "simple consensus, uncertain: cartridge against kobold"
    assert trace.answer.text == "Ice floats on water."
    assert trace.answer.confidence < 0.6 * sure.confidence


def test_layer_0_answers_at_once(cascade: Cascade, model: Model) -> None:
    trace = cascade.ended("Does ice float?")
    assert (stages(trace), model.asked) == ([Stage.REFLEX], [])


def test_without_a_consensus_the_first_that_is_sure_answers(cascade: Cascade, model: Model) -> None:
    cascade.consensus = Strategy.NONE
    assert stages(cascade.ended(FLOATS))[-1] is Stage.FUSE
    assert model.asked == []


def test_without_an_answer_the_vote_ends_the_query_with_the_nearest_evidence(cascade: Cascade) -> None:
    cascade.model = None
    trace = cascade.ended("Why would ice sing in the bath of the queen?")
    assert stages(trace)[-1] is Stage.VOTE
    assert trace.answer is not None
    assert (trace.answer.status, trace.answer.text) == (Status.UNKNOWN, DONT_KNOW)
    assert "no engine was sure enough" in trace.verdicts[-1].reason


def test_where_nothing_is_to_be_searched_only_the_model_votes(cascade: Cascade) -> None:
    trace = cascade.ended("Who painted the cellar ceiling?")
    assert stages(trace) == [*route.BEGIN, Stage.GENERATE, Stage.VOTE]
    assert trace.state in {Status.ANSWERED, Status.UNKNOWN}


@pytest.mark.parametrize("question", [FLOATS, SEVERAL, "Who painted the cellar ceiling?"])
@pytest.mark.parametrize("strategy", [Strategy.SIMPLE, Strategy.WEIGHTED, Strategy.TYPED])
def test_a_vote_is_replayed_as_it_was(cascade: Cascade, strategy: Strategy, question: str) -> None:
    cascade.consensus = strategy
    lines = archived(cascade.ended(question), cascade.policy)
    assert lines.trace["vote"]["plan"]["consensus"] == strategy
    assert lines.what() == []


def test_a_replay_with_a_threshold_that_silences_layer_2_votes_without_it(cascade: Cascade) -> None:
    lines = archived(cascade.ended(FLOATS), cascade.policy)
    assert "answer" in lines.what("threshold.cartridge=1.0")


def test_a_vote_in_which_one_expired_is_replayed_too(cascade: Cascade) -> None:
    query = cascade.ask(FLOATS)
    for stage in (*route.BEGIN, Stage.SEARCH, Stage.FUSE):
        run(cascade, query.query_id, stage)
    cascade.clock.now_ms += LONG_MS + 1
    assert step(Stage.GENERATE, query.query_id, cascade.with_).outcome is Outcome.OVER
    trace = cascade.trace(query.query_id)
    assert trace.state == Status.EXPIRED
    assert archived(trace, cascade.policy).what() == []


class Trusting:
    """Counts Layer 2 three times as much as Layer 4."""

    def weights(self) -> Mapping[Layer, float]:
        return {Layer.CARTRIDGE: 0.9, Layer.KOBOLD: 0.3}


def test_what_engines_count_is_recorded_for_a_replay(cascade: Cascade) -> None:
    cascade.consensus = Strategy.WEIGHTED
    query = cascade.ask(FLOATS)
    with_: Collaborators = replace(cascade.with_, reputation=Trusting())
    direct.run(query.query_id, with_)
    trace = cascade.trace(query.query_id)
    lines = archived(trace, cascade.policy)
    assert lines.trace["vote"]["product"] == {"weights": {"cartridge": 0.9, "kobold": 0.3}}
    assert lines.what() == []


@pytest.mark.parametrize("dead", [*route.CLOSING, Stage.VOTE])
def test_whatever_stage_is_given_up_the_query_ends(cascade: Cascade, dead: Stage) -> None:
    query = cascade.ask(FLOATS, timeout_ms=10 * LONG_MS)
    cascade.exhaust(query.query_id, dead.value)
    direct.run(query.query_id, cascade.with_)
    trace = cascade.trace(query.query_id)
    assert stages(trace)[-1] is Stage.VOTE
    # Without what Layer 2 leaves, facts that claim anything are withheld from the others too.
    ends_unknown = dead in {Stage.FUSE, Stage.VOTE}
    assert trace.state == (Status.UNKNOWN if ends_unknown else Status.ANSWERED)


def test_a_vote_whose_canvas_died_anywhere_is_resumed_to_the_same_end(cascade: Cascade, model: Model) -> None:
    """Whatever was done when it died is not done again, in whichever order engines answered."""
    whole = cascade.ended(FLOATS).answer
    path = [*route.BEGIN, Stage.SEARCH, Stage.FUSE, Stage.GENERATE, Stage.SYNTHESISE]
    for count in range(len(path) + 1):
        query = cascade.ask(FLOATS)
        for stage in path[:count]:
            assert run(cascade, query.query_id, stage).outcome is Outcome.CONTINUE
        model.asked.clear()
        (pulse,) = [it for it in cascade.board.pulses(100) if it.query_id == query.query_id]
        rest = route.rest(pulse.done, plan_in(cascade.trace(query.query_id).work) if count > 1 else None)
        if not isinstance(rest, route.Beyond):
            for stage in rest:
                run(cascade, query.query_id, stage)
            rest = route.beyond(plan_in(cascade.trace(query.query_id).work))
        searches = [Stage.SEARCH] * rest.shards
        for stage in (*searches, *rest.after, *reversed(rest.engines), *rest.last):
            run(cascade, query.query_id, stage)
        assert cascade.trace(query.query_id).answer == whole
        assert len(model.asked) == (count < path.index(Stage.GENERATE) + 1)


def test_a_vote_is_taken_before_the_time_is_up_although_an_engine_takes_all_it_has(
    cascade: Cascade, model: Model
) -> None:
    cascade.ended(FLOATS)
    (prompt,) = model.asked
    assert prompt.deadline_s <= (LONG_MS - MARGIN_MS) / 1000
