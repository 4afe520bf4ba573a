"""Layer 2 thinks over tiny cartridges: it refuses, asks back, lowers, flags or answers, and says why."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from kitbash.blackboard.board import Trace
from kitbash.cascade import direct
from kitbash.cascade.stages import candidates_in, curation_in
from kitbash.cascade.step import Outcome, step
from kitbash.domain.answer import Status
from kitbash.domain.coupling import Severity
from kitbash.domain.decision import DecisionKind
from kitbash.domain.item import Place
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.level import Level
from kitbash.knowledge.library import Library
from tests.boards import new_query
from tests.unit.archive_kit import archived
from tests.unit.cascade_kit import BALLAD, POND, RIGOUR, TALE, Cascade, Model, library_in

GOLDFISH = "How long does a goldfish remember?"
MERCURY = "Where does mercury boil?"
ELVES = "When does mercury boil?"
FROG = "What does a frog do before rain?"
SWAN = "Are swans black in the ballad?"
CROAK = "- A frog croaks before rain.\n"
SEVERAL = "Why does a frog croak and where does mercury boil?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Generator[Library]:
    """Return a library of contradictions."""
    library = library_in(tmp_path_factory.mktemp("pond"), POND, TALE, RIGOUR, BALLAD)
    yield library
    library.close()


@pytest.fixture
def cascade(library: Library) -> Cascade:
    """Return a cascade over them, without a model."""
    return Cascade(library)


def severities(trace: Trace) -> list[Severity]:
    assert trace.coupled is not None
    return [delta.severity for delta in trace.coupled.deltas]


def said(trace: Trace) -> str:
    assert trace.answer is not None
    return trace.answer.text


def test_what_could_not_be_coupled_claims_nothing_to_later_layers(library: Library) -> None:
    model = Model(lambda _: "Goldfish remember three seconds.")
    cascade = Cascade(library, model=model)
    query = replace(new_query(GOLDFISH), kappa=0.0)
    cascade.board.open(query)
    direct.run(query.query_id, cascade.with_)
    trace = cascade.trace(query.query_id)
    assert any(it.reason.startswith("failed: ") for it in trace.verdicts if it.stage is Stage.FUSE)
    assert not trace.items
    assert "seconds" not in model.asked[0].text
    assert "months" not in model.asked[0].text


def test_a_measurement_against_a_theory_is_refused_and_both_are_named(cascade: Cascade) -> None:
    trace = cascade.ended(MERCURY)
    assert trace.answer is not None
    assert (trace.state, trace.answer.layer, trace.answer.confidence) == (Status.UNKNOWN, None, 0.0)
    assert trace.answer.text.startswith("I cannot answer: what I know contradicts itself.")
    assert "“Mercury boils hot.” (L0_EMPIRICAL, pond_general#3) against “Mercury boils cool.”" in trace.answer.text
    assert [fact.fact_id for fact in trace.answer.sources] == [3, 4]
    assert all(fact.sources for fact in trace.answer.sources)
    assert severities(trace) == [Severity.CRITICAL]
    assert [verdict.stage for verdict in trace.verdicts] == [Stage.REFLEX, Stage.TRIAGE, Stage.FUSE]
    assert trace.verdicts[-1].reason == "critical contradiction d1: pond_general#3 against pond_general#4"


def test_a_fact_against_a_legend_is_asked_back(cascade: Cascade) -> None:
    trace = cascade.ended(GOLDFISH)
    assert trace.state == Status.UNKNOWN
    assert said(trace).startswith("My sources disagree. Which do you mean: “A goldfish remembers for months.”")
    assert "(L2_NARRATIVE, pond_general#2)?" in said(trace)
    assert severities(trace) == [Severity.HIGH]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How long does a goldfish really remember?", "A goldfish remembers for months."),
        (
            "Is it three seconds they tell a goldfish remembers in myth?",
            "A goldfish remembers three seconds, they tell.",
        ),
    ],
)
def test_a_question_that_names_its_world_is_answered_from_it(cascade: Cascade, question: str, answer: str) -> None:
    trace = cascade.ended(question)
    assert severities(trace) == [Severity.HIGH]
    assert (trace.state, said(trace)) == (Status.ANSWERED, answer)


def test_a_question_for_what_is_really_so_gets_no_forbidden_folk_wisdom(cascade: Cascade) -> None:
    assert cascade.ended("What in fact does a frog do before rain?").state == Status.UNKNOWN
    assert cascade.ended("What does a frog really do before rain?", project="own").state == Status.UNKNOWN


def test_a_reflex_never_answers_with_what_another_level_contradicts(cascade: Cascade) -> None:
    """It is the question form of one fact, word for word."""
    query = cascade.ask(MERCURY)
    assert step(Stage.REFLEX, query.query_id, cascade.with_).outcome is Outcome.CONTINUE
    (verdict,) = cascade.trace(query.query_id).verdicts
    assert (verdict.passed, verdict.confidence) == (False, 0.5)
    assert verdict.reason == "pond_general#4 contradicts pond_general#3"


def test_a_reflex_answers_with_fiction_in_its_own_project(cascade: Cascade) -> None:
    trace = cascade.ended(ELVES, project="tale")
    assert trace.answer is not None
    assert (trace.answer.layer, trace.answer.text) == (Layer.REFLEX, "Mercury boils when elves sing.")


def test_fiction_in_its_own_project_is_flagged_and_answers(cascade: Cascade) -> None:
    trace = cascade.ended("Does mercury boil when elves sing?", project="tale")
    assert trace.answer is not None
    assert (trace.answer.layer, trace.answer.text) == (Layer.CARTRIDGE, "Mercury boils when elves sing.")
    assert trace.coupled is not None
    flagged = [delta for delta in trace.coupled.deltas if delta.resolution == "flagged"]
    assert [delta.item_b for delta in flagged] == ["tale_fiction#1"]
    assert trace.coupled.placement("tale_fiction#1").place is Place.APPROVED


def test_fiction_where_levels_are_not_fluid_is_asked_back(cascade: Cascade) -> None:
    trace = cascade.ended(ELVES, project="grim")
    assert trace.state == Status.UNKNOWN
    assert said(trace).startswith("My sources disagree.")


def test_a_rival_that_search_did_not_propose_is_pulled_in(cascade: Cascade) -> None:
    """Triage opens only the cartridge about elves."""
    trace = cascade.ended("Does mercury boil when elves sing?", project="grim")
    plan = next(it for it in trace.decisions if it.kind is DecisionKind.CARTRIDGES)
    assert plan.output == ("tale_fiction",)
    rivals = {it.ident: it.probability for it in trace.items if it.cartridge == "pond_general"}
    assert rivals == {"pond_general#3": 0.0, "pond_general#4": 0.0}
    assert said(trace).startswith("My sources disagree.")
    spotlight = next(it for it in trace.decisions if it.kind is DecisionKind.SPOTLIGHT)
    assert spotlight.input == ("tale_fiction#1", "pond_general#3", "pond_general#4")


def test_a_contradiction_of_one_thing_asked_stops_the_whole_question(cascade: Cascade) -> None:
    trace = cascade.ended(SEVERAL)
    assert said(trace).startswith("I cannot answer")
    assert [verdict.stage for verdict in trace.verdicts][-1] is Stage.FUSE


def test_folk_wisdom_answers_unless_it_is_forbidden(cascade: Cascade) -> None:
    allowed, forbidden = cascade.ended(FROG), cascade.ended(FROG, project="own")
    assert said(allowed) == "A frog croaks before rain."
    assert forbidden.state == Status.UNKNOWN
    assert severities(forbidden) == [Severity.LOW]
    assert forbidden.coupled is not None
    assert forbidden.coupled.placement("pond_general#6").reason == "forbidden by rigour_self#1 (d1)"
    assert forbidden.answer is not None
    assert "pond_general#6" not in {f"{it.cartridge}#{it.fact_id}" for it in forbidden.answer.sources}


@pytest.mark.parametrize(
    "more", [CROAK, "- A frog croaks in rain.\n- Before rain croaks a frog.\n"], ids=["twin", "crowd"]
)
def test_folk_wisdom_without_a_place_of_its_own_is_forbidden_too(tmp_path: Path, more: str) -> None:
    """Because it is the same word for word in another cartridge, or because the spotlight is narrow."""
    wide = Cascade(library_in(tmp_path, POND, RIGOUR, f"---\ndomain: creek\nlevel: L3\n---\n{more}"))
    wide.policy = replace(wide.policy, items_per_level=1)
    trace = wide.ended("Does a frog croak before rain?", project="own")
    several = wide.ended("Does a frog croak before rain and does a frog swim well?", project="own")
    wide.library.close()
    placed = {it.ident for it in trace.items if it.level is Level.HEURISTIC}
    proposed = {f"{it.fact.cartridge}#{it.fact.fact_id}" for it in candidates_in(trace.work)} - {"pond_general#7"}
    assert proposed > placed
    assert curation_in(trace.work).withheld == proposed
    assert trace.state == Status.UNKNOWN
    for it in (trace, several):
        assert archived(it, wide.policy).what() == []
        assert not any("croak" in fact.text for fact in it.answer.sources) if it.answer else False


def test_a_blocked_narrative_is_not_shown_under_the_name_of_another_cartridge(tmp_path: Path) -> None:
    """It is not what was likely asked for, so the question goes on to the model."""
    legend = "- A goldfish remembers three seconds, they tell. | L2 | claim: none\n"
    twice = Cascade(library_in(tmp_path, POND, f"---\ndomain: zoo\n---\n{legend}"), model=Model(lambda _: "Hm."))
    trace = twice.ended("How does a goldfish remember names?")
    twice.library.close()
    assert severities(trace) == [Severity.HIGH]
    assert curation_in(trace.work).withheld == {"pond_general#2", "zoo_general#1"}
    assert isinstance(twice.model, Model)
    assert "three seconds" not in twice.model.asked[0].text


def test_what_is_forbidden_is_not_shown_to_a_model(cascade: Cascade) -> None:
    cascade.model = model = Model(lambda _: "Who knows.")
    cascade.ended(FROG, project="own")
    (prompt,) = model.asked
    assert "swims" in prompt.text
    assert "croaks" not in prompt.text


def test_a_question_that_insists_on_proof_gets_no_folk_wisdom(cascade: Cascade) -> None:
    assert cascade.ended("What exactly does a frog do before rain?").state == Status.UNKNOWN


def test_a_narrative_against_an_intent_answers_with_less_confidence(cascade: Cascade) -> None:
    alone, opposed = cascade.ended(SWAN), cascade.ended(SWAN, project="own")
    assert severities(opposed) == [Severity.MEDIUM]
    last = opposed.verdicts[2]
    assert last.stage is Stage.FUSE
    assert last.confidence == pytest.approx(alone.verdicts[2].confidence * 0.8, abs=1e-6)
    assert curation_in(opposed.work).factor == 0.8
    assert opposed.coupled is not None
    assert opposed.coupled.placement("ballad_self#1").place is Place.MASKED
    (check,) = [it for it in opposed.coupled.checks if it.mask is not None]
    assert check.mask is not None
    assert "1" in check.mask.disagreement
