"""What a query keeps of what models wrote: its text while it grows, tokens, contradictions, an archived line."""

from collections.abc import Generator
from dataclasses import replace

import pytest

from kitbash.archive.entry import Kind
from kitbash.blackboard.board import EventKind
from kitbash.cascade import direct, stats
from kitbash.cascade.step import step
from kitbash.domain.answer import Status
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.written import written_from
from kitbash.knowledge.library import Library
from tests.unit.archive_kit import archived
from tests.unit.cascade_kit import Cascade, Model, library_in

WHY = "Why would ice on water be strange?"
BOTH = "What does ice do on water and what does steam do in cold air?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Generator[Library]:
    """Return a library of one cartridge."""
    library = library_in(tmp_path_factory.mktemp("water"))
    yield library
    library.close()


@pytest.fixture
def cascade(library: Library) -> Cascade:
    """Return a cascade over one cartridge, with a model."""
    return Cascade(library, model=Model())


def test_a_reply_is_told_in_the_querys_stream_while_its_stage_runs(cascade: Cascade) -> None:
    trace = cascade.ended(WHY)
    kinds = [event.kind for event in trace.events]
    texts = [event.data for event in trace.events if event.kind is EventKind.TEXT]
    assert "".join(texts) == "Ice floats on water."
    assert kinds.index(EventKind.TEXT) > kinds.index(EventKind.STARTED)
    assert kinds.index(EventKind.TEXT) < kinds.index(EventKind.FINISHED)


def test_every_answer_says_what_it_cost(cascade: Cascade) -> None:
    low, high = cascade.ended("Does ice float on water?"), cascade.ended(WHY)
    assert low.answer is not None
    assert low.answer.tokens is not None
    assert (low.answer.layer, low.answer.tokens.prompt) == (Layer.CARTRIDGE, 0)
    assert low.answer.tokens.avoided == low.answer.tokens.plain > 0
    assert high.answer is not None
    assert high.answer.tokens is not None
    assert (high.answer.layer, high.answer.tokens.avoided) == (Layer.KOBOLD, 0)
    assert 0 < high.answer.tokens.prompt < high.answer.tokens.plain
    written = written_from(high.work[Stage.GENERATE.value])
    assert (written.prompt_tokens, written.reply_tokens) == (high.answer.tokens.prompt, high.answer.tokens.reply)


def test_an_unanswered_query_cost_its_prompt_too(cascade: Cascade) -> None:
    cascade.model = Model(lambda _: "I don't know.")
    trace = cascade.ended(WHY)
    assert trace.answer is not None
    assert trace.answer.tokens is not None
    assert (trace.state, trace.answer.tokens.prompt > 0, trace.answer.tokens.avoided) == (Status.UNKNOWN, True, 0)


def test_tokens_are_counted_for_the_day(cascade: Cascade) -> None:
    trace = cascade.ended(WHY)
    assert trace.answer is not None
    assert stats.summary(stats.counts_of(trace)).tokens == trace.answer.tokens


def test_what_a_reply_contradicts_is_a_delta_and_its_sentence_is_struck(cascade: Cascade) -> None:
    cascade.model = Model(lambda _: "Ice does not float on water. Ice floats.")
    trace = cascade.ended(WHY)
    assert trace.answer is not None
    assert trace.answer.text == "Ice floats. [1]"
    assert trace.coupled is not None
    (delta,) = trace.coupled.deltas
    assert (delta.delta_id, delta.resolution, delta.item_b) == ("r1", "struck", "reply#1")


def test_the_archive_keeps_what_a_model_wrote_and_a_replay_makes_the_rest_again(cascade: Cascade) -> None:
    cascade.model = Model(lambda _: "Ice does not float on water. Ice floats.")
    trace = cascade.ended(WHY)
    lines = archived(trace)
    assert list(lines.trace["written"]) == [Stage.GENERATE.value]
    assert not any(kind == "text" for _, kind, _ in lines.trace["events"])
    (delta,) = lines.of[Kind.STRUCTURAL_DELTAS]
    assert delta["conflict"] == "Ice floats on water. | Ice does not float on water."
    assert lines.what() == []


@pytest.mark.parametrize("reply", ["Ice floats on water [1]. Steam rises in cold air [2].", "Cheese."])
def test_a_composed_answer_is_replayed_whoever_wrote_it(cascade: Cascade, reply: str) -> None:
    with_ = replace(cascade.with_, composer=Model(lambda _: reply))
    query = cascade.ask(BOTH)
    direct.run(query.query_id, with_)
    trace = cascade.trace(query.query_id)
    assert trace.answer is not None
    assert trace.answer.layer is Layer.SYNTHESIS
    written = written_from(trace.work[Stage.SYNTHESISE.value])
    assert written.is_kept is (reply != "Cheese.")
    assert ("in the words of" in trace.verdicts[-1].reason) is written.is_kept
    assert archived(trace).what() == []


def test_no_small_model_is_asked_about_what_the_rules_are_not_sure_of(cascade: Cascade) -> None:
    composer = Model()
    query = cascade.ask("What is a troll and what is a comet?")
    step(Stage.SYNTHESISE, query.query_id, replace(cascade.with_, composer=composer))
    assert composer.asked == []
