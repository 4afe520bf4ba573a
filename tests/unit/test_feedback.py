"""Feedback: what can be judged counts once, what cannot says why, and a correction is text for a person."""

from collections.abc import Generator
from dataclasses import replace

import pytest

from kitbash.blackboard.board import Trace
from kitbash.blackboard.engines import JudgeCode, Judged
from kitbash.blackboard.grains import VoteCode
from kitbash.cascade.feedback import MAX_CHARS, Asked, give
from kitbash.cascade.reputation import shares
from kitbash.cascade.step import late
from kitbash.domain.answer import Status
from kitbash.domain.grain import Correction, GrainState
from kitbash.domain.ids import new_query_id
from kitbash.domain.judgement import Judgement
from kitbash.domain.layer import Layer
from kitbash.errors import UsageError
from kitbash.knowledge.library import Library
from tests.twins.memory_engines import MemoryEngines
from tests.twins.memory_grains import MemoryGrains
from tests.unit.cascade_kit import POND, WATER, Cascade, library_in

SWIMS = "How does a frog swim well?"
RIGHT, WRONG, CORRECT = Judgement


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Generator[Library]:
    """Return a library about frogs and ice."""
    library = library_in(tmp_path_factory.mktemp("pond"), POND, WATER)
    yield library
    library.close()


@pytest.fixture
def cascade(library: Library) -> Cascade:
    return Cascade(library)


@pytest.fixture
def grains() -> MemoryGrains:
    return MemoryGrains()


def of(trace: Trace) -> Asked:
    return Asked(trace.query_id, trace.text, trace.answer, trace.user)


def test_a_judgement_begins_a_candidate_of_the_fact_that_answered(cascade: Cascade, grains: MemoryGrains) -> None:
    asked = of(cascade.ended(SWIMS))
    found = give(asked, RIGHT, grains, cascade.library)
    assert (found.code, found.is_written, found.correction) == (VoteCode.COUNTED, False, None)
    (grain,) = grains.every()
    assert found.grain == grain
    assert (grain.state, grain.hits, grain.confirmed, grain.refuted) == (GrainState.CANDIDATE, 0, 1, 0)
    assert (grain.subject.cartridge, grain.subject.fact_id) == ("pond_general", 7)


def test_every_answer_counts_for_its_engine_also_one_that_is_no_single_fact(cascade: Cascade) -> None:
    engines, grains = MemoryEngines(), MemoryGrains()
    one = of(cascade.ended(SWIMS))
    assert give(one, RIGHT, grains, cascade.library, engines).engine is JudgeCode.COUNTED
    assert give(one, CORRECT, grains, cascade.library, engines, text="It kicks.").engine is JudgeCode.MOVED
    assert one.answer is not None
    model = replace(one, query_id=new_query_id(), answer=replace(one.answer, layer=Layer.KOBOLD, sources=()))
    found = give(model, RIGHT, grains, cascade.library, engines)
    assert (found.code, found.engine) == (None, JudgeCode.COUNTED)
    assert "not one fact alone" in found.unvoted
    assert engines.judged() == {Layer.CARTRIDGE: Judged(0, 1), Layer.KOBOLD: Judged(1, 0)}


def test_an_engine_is_weighed_once_it_was_judged_often_enough() -> None:
    assert shares({Layer.KOBOLD: Judged(40, 9), Layer.CARTRIDGE: Judged(45, 5)}) == {Layer.CARTRIDGE: 0.9}


def test_what_was_not_answered_counts_for_nobody(cascade: Cascade) -> None:
    engines = MemoryEngines()
    unknown = of(cascade.ended("Who wrote the ballad of the moor?"))
    with pytest.raises(UsageError, match="no answer to judge"):
        give(unknown, WRONG, MemoryGrains(), cascade.library, engines)
    assert engines.judged() == {}


def test_a_query_counts_once_and_the_last_judgement_stands(cascade: Cascade, grains: MemoryGrains) -> None:
    asked = of(cascade.ended(SWIMS))
    said = [give(asked, it, grains, cascade.library).code for it in (RIGHT, RIGHT, WRONG, WRONG, RIGHT)]
    assert said == [VoteCode.COUNTED, VoteCode.BEFORE, VoteCode.MOVED, VoteCode.BEFORE, VoteCode.MOVED]
    give(of(cascade.ended(SWIMS)), WRONG, grains, cascade.library)
    (grain,) = grains.every()
    assert (grain.confirmed, grain.refuted) == (1, 1)


def test_a_correction_refutes_and_is_kept_as_text(cascade: Cascade, grains: MemoryGrains) -> None:
    asked = of(cascade.ended(SWIMS))
    found = give(asked, CORRECT, grains, cascade.library, text=" It\x1b[31m kicks\n{x} %s ", at_ms=7)
    kept = Correction(asked.query_id, SWIMS, "A frog swims well.", "It[31m kicks {x} %s", ("pond_general#7",), "ann", 7)
    assert list(grains.corrections(9)) == [found.correction] == [kept]
    assert (found.code, found.unvoted) == (VoteCode.COUNTED, "")
    (grain,) = grains.every()
    assert (grain.confirmed, grain.refuted) == (0, 1)


def test_that_the_cartridge_itself_asks_this_is_said(cascade: Cascade, grains: MemoryGrains) -> None:
    assert give(of(cascade.ended("Does ice float?")), WRONG, grains, cascade.library).is_written


def test_what_was_not_known_can_be_corrected_but_not_judged(cascade: Cascade, grains: MemoryGrains) -> None:
    asked = of(cascade.ended("Who sings of lemons?"))
    assert asked.answer is not None
    assert asked.answer.status is Status.UNKNOWN
    for judgement in (RIGHT, WRONG):
        with pytest.raises(UsageError, match="ended unknown, so there is no answer to judge"):
            give(asked, judgement, grains, cascade.library)
    found = give(asked, CORRECT, grains, cascade.library, text="A poet.")
    assert (found.code, found.grain) == (None, None)
    assert found.unvoted.startswith(f"query {asked.query_id} ended unknown")
    assert [it.text for it in grains.corrections(9)] == ["A poet."]
    assert list(grains.every()) == []


def test_an_open_query_and_one_that_ran_out_of_time_have_no_answer(cascade: Cascade, grains: MemoryGrains) -> None:
    query = cascade.ask(SWIMS)
    with pytest.raises(UsageError, match="has not ended yet"):
        give(of(cascade.trace(query.query_id)), RIGHT, grains, cascade.library)
    cascade.board.finish(query.query_id, late())
    with pytest.raises(UsageError, match="ended expired"):
        give(of(cascade.trace(query.query_id)), RIGHT, grains, cascade.library)


def test_an_answer_of_several_facts_earns_no_grain(cascade: Cascade, grains: MemoryGrains) -> None:
    trace = cascade.ended("How does a frog swim well and what does steam do?")
    assert trace.answer is not None
    assert len(trace.answer.sources) == 2
    with pytest.raises(UsageError, match="not one fact alone"):
        give(of(trace), RIGHT, grains, cascade.library)
    assert list(grains.every()) == []


@pytest.mark.parametrize("text", ["", " \n", "\x1b\x07", "x" * (MAX_CHARS + 1)])
def test_a_correction_that_is_none_or_too_long_changes_nothing(
    cascade: Cascade, grains: MemoryGrains, text: str
) -> None:
    with pytest.raises(UsageError, match="a correction is a text of 1 to 1,000 characters"):
        give(of(cascade.ended(SWIMS)), CORRECT, grains, cascade.library, text=text)
    assert list(grains.corrections(9)) == list(grains.every()) == []


def test_right_and_wrong_take_no_text(cascade: Cascade, grains: MemoryGrains) -> None:
    with pytest.raises(UsageError, match="right takes no text"):
        give(of(cascade.ended(SWIMS)), RIGHT, grains, cascade.library, text="It kicks.")
    assert list(grains.every()) == []
