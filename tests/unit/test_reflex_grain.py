"""Layer 0 with grains: after what facts were written to answer, and only where nothing speaks against it."""

from collections.abc import Generator
from dataclasses import replace

import pytest

from kitbash.cascade import reflex
from kitbash.cascade.archivist import Archivist
from kitbash.cascade.grains import BY_GRAIN, subject_of
from kitbash.cascade.served import ServedGrains
from kitbash.domain.answer import Status
from kitbash.domain.grain import Grain, GrainState
from kitbash.domain.ids import QueryId
from kitbash.domain.layer import Layer
from kitbash.knowledge.library import Library
from tests.twins.memory_grains import MemoryGrains
from tests.unit.archive_kit import archived
from tests.unit.cascade_kit import POLICY, POND, TALE, WATER, WEIGHTS, Cascade, library_in
from tests.unit.grain_kit import grain

SWIMS = "How does a frog swim well?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Generator[Library]:
    """Return a library with a contradiction and a fiction."""
    library = library_in(tmp_path_factory.mktemp("pond"), POND, TALE, WATER)
    yield library
    library.close()


@pytest.fixture
def grains() -> MemoryGrains:
    return MemoryGrains()


@pytest.fixture
def cascade(library: Library, grains: MemoryGrains) -> Cascade:
    cascade = Cascade(library)
    cascade.grains = ServedGrains(grains, 0.95, clock_s=iter(range(10**6)).__next__)
    return cascade


def earn(grains: MemoryGrains, library: Library, question: str, text: str, *, refuted: int = 0) -> Grain:
    """Return a crystallised grain of a question and the fact of this text."""
    fact = next(it for cartridge in library.cartridges.values() for it in cartridge.index.facts() if it.text == text)
    subject = subject_of(question, fact)
    assert subject is not None
    it = grain(subject=subject, refuted=refuted)
    assert grains.restore(it)
    return it


def test_a_grain_answers_as_sure_as_its_record_makes_it(cascade: Cascade, grains: MemoryGrains) -> None:
    it = earn(grains, cascade.library, SWIMS, "A frog swims well.")
    trace = cascade.ended("Please, how does the frog swim well?")
    (said,) = trace.verdicts
    assert said.layer is Layer.REFLEX
    assert said.confidence == it.precision.mean
    assert (
        said.reason
        == f"{BY_GRAIN}{it.grain_id} of pond_general#7: 0 right, 0 wrong, at least {it.lower_bound:.3f} precise"
    )
    assert trace.answer is not None
    assert (trace.answer.text, trace.answer.layer) == ("A frog swims well.", Layer.REFLEX)
    assert trace.answer.confidence == pytest.approx(0.99 * 0.9)


def test_without_a_grain_search_answers(cascade: Cascade) -> None:
    assert cascade.ended(SWIMS).verdicts[-1].layer is Layer.CARTRIDGE


def test_a_doubtful_grain_leaves_the_question_to_search(cascade: Cascade, grains: MemoryGrains) -> None:
    earn(grains, cascade.library, SWIMS, "A frog swims well.", refuted=1)
    assert cascade.ended(SWIMS).verdicts[-1].layer is Layer.CARTRIDGE


def test_what_a_fact_was_written_to_answer_comes_first(cascade: Cascade, grains: MemoryGrains) -> None:
    earn(grains, cascade.library, "Does ice float?", "Steam rises in cold air.")
    trace = cascade.ended("Does ice float?")
    assert trace.answer is not None
    assert trace.answer.text == "Ice floats on water."


def test_a_project_sees_the_grains_of_its_own_factions(cascade: Cascade, grains: MemoryGrains) -> None:
    earn(grains, cascade.library, "when elves sing", "Mercury boils when elves sing.")
    assert cascade.ended("when elves sing").verdicts[0].reason == "no question form is the same"
    assert cascade.ended("when elves sing", project="tale").verdicts[0].reason != "no question form is the same"


def test_a_fact_that_another_level_contradicts_is_left_to_those_that_couple(
    cascade: Cascade, grains: MemoryGrains
) -> None:
    earn(grains, cascade.library, "is mercury hot when it boils", "Mercury boils hot.")
    said = cascade.ended("is mercury hot when it boils").verdicts[0]
    assert (said.passed, said.reason) == (False, "pond_general#4 contradicts pond_general#3")


def test_grains_that_disagree_answer_nothing(cascade: Cascade, grains: MemoryGrains) -> None:
    earn(grains, cascade.library, SWIMS, "A frog swims well.")
    earn(grains, cascade.library, SWIMS, "Ice floats on water.")
    said = cascade.ended(SWIMS).verdicts[0]
    assert (said.passed, said.reason) == (False, "2 grains answer this question differently")


def test_a_veto_holds_for_grains_too(cascade: Cascade, grains: MemoryGrains) -> None:
    earn(grains, cascade.library, "does a frog not swim well", "A frog swims well.")
    said = cascade.ended("does a frog not swim well").verdicts[0]
    assert not said.passed
    assert "one of them is negated" in said.reason


@pytest.mark.parametrize(
    "change", [{"fact_hash": "sha256:" + "0" * 64}, {"fact_id": 99}, {"cartridge": "lost_general"}]
)
def test_a_grain_whose_fact_is_not_as_it_was_answers_nothing(
    cascade: Cascade, grains: MemoryGrains, change: dict[str, str | int]
) -> None:
    it = earn(grains, cascade.library, SWIMS, "A frog swims well.")
    grains.drop(it.grain_id)
    grains.restore(replace(it, subject=replace(it.subject, **change)))
    assert cascade.ended(SWIMS).verdicts[0].reason == "no question form is the same"


def test_no_grains_are_needed(library: Library) -> None:
    found = reflex.answer(SWIMS, POLICY.projects["default"], library)
    assert (found.confidence, found.answer) == (0.0, None)


def test_an_archived_hit_counts_once_and_only_where_it_was_counted(cascade: Cascade, grains: MemoryGrains) -> None:
    archivist = Archivist(cascade.board, None, POLICY, WEIGHTS, 60, grains)
    for _ in range(3):
        cascade.ended(SWIMS)
    cascade.ended("Does ice float?")
    cascade.ended("Who sings of lemons?")
    assert list(grains.every()) == []
    archivist.drain_all()
    archivist.drain_all()
    (found,) = grains.every()
    assert (found.hits, found.measured, found.state) == (3, 3, GrainState.CANDIDATE)
    assert found.variance == pytest.approx(0)
    grains.promote(found, GrainState.CRYSTALLISED)
    for number in range(2):
        grains.vote(cascade.ask(str(number)).query_id, found.subject, is_right=True)
    assert cascade.ended(SWIMS).verdicts[-1].layer is Layer.REFLEX
    archivist.drain_all()
    (found,) = grains.every()
    assert found.hits == 4


def test_a_query_that_is_archived_twice_counts_once(
    cascade: Cascade, grains: MemoryGrains, monkeypatch: pytest.MonkeyPatch
) -> None:
    archivist = Archivist(cascade.board, None, POLICY, WEIGHTS, 60, grains)
    query_id = cascade.ended(SWIMS).query_id

    def ended(_: int) -> list[QueryId]:
        # As for one whose lease ended while it was at work.
        return [query_id]

    monkeypatch.setattr(cascade.board, "ended", ended)
    for _ in range(3):
        archivist.drain()
    assert [it.hits for it in grains.every()] == [1]


def test_a_query_that_a_grain_answered_replays_the_same(cascade: Cascade, grains: MemoryGrains) -> None:
    earn(grains, cascade.library, SWIMS, "A frog swims well.")
    trace = cascade.ended(SWIMS)
    assert trace.state == Status.ANSWERED
    lines = archived(trace)
    grains.drop(next(iter(grains.every())).grain_id)
    assert lines.trace["verdicts"][0]["reason"].startswith(BY_GRAIN)
    assert lines.what() == []
    assert lines.what("threshold.reflex=0.999") != []
