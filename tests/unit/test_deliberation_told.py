"""How Layer 2's thinking is told: decisions before verdicts, a life in order, and what is remembered."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from kitbash.blackboard.board import EventKind, Trace
from kitbash.cascade import direct
from kitbash.cascade.step import step
from kitbash.domain.context import widths
from kitbash.domain.curation import Curation, curation_from, curation_to
from kitbash.domain.decision import DecisionKind
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.level import Level
from kitbash.domain.lifecycle import Lifecycle
from kitbash.knowledge.library import Library
from tests.boards import ANSWER
from tests.twins.memory_context import MemoryContext
from tests.unit.archive_kit import archived
from tests.unit.cascade_kit import BALLAD, POND, RIGOUR, TALE, Cascade, Model, library_in

MERCURY = "Where does mercury boil?"
FROG = "What does a frog do before rain?"


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


def test_decisions_are_told_before_the_verdict_they_lead_to(cascade: Cascade) -> None:
    trace = cascade.ended(MERCURY)
    kinds = [event.kind for event in trace.events]
    fused = len(kinds) - 1 - kinds[::-1].index(EventKind.VERDICT)
    assert kinds.index(EventKind.DELTA) < kinds.index(EventKind.DECISION, kinds.index(EventKind.DELTA)) < fused
    assert kinds[fused + 1 :] == [EventKind.FINISHED]
    assert [it.decision_id for it in trace.decisions] == ["p1", *(f"t{number}" for number in range(1, 5))]
    assert {it.at_ms for it in trace.decisions[1:]} == {trace.coupled.at_ms if trace.coupled else 0}


def test_a_life_is_told_in_order_and_skips_what_is_not_needed(cascade: Cascade) -> None:
    def life(trace: Trace) -> list[str]:
        return [event.data for event in trace.events if event.kind is EventKind.LIFECYCLE]

    assert life(cascade.ended(MERCURY)) == ["search", "triage"]
    assert life(cascade.ended(FROG, project="own")) == ["search", "triage", "synthesis"]
    cascade.model = Model(lambda _: "Who knows.")
    whole = cascade.ended(FROG, project="own")
    assert life(whole) == ["search", "triage", "synthesis", "injection", "generation"]
    assert whole.lifecycle == Lifecycle.GENERATION


def test_a_stage_that_is_delivered_again_decides_the_same_and_tells_it_once(cascade: Cascade) -> None:
    """The first delivery died after it had coupled."""
    query = cascade.ask(MERCURY)
    board = cascade.board
    for stage, shard in ((Stage.REFLEX, None), (Stage.TRIAGE, None), (Stage.SEARCH, 0)):
        step(stage, query.query_id, cascade.with_, shard=shard)
    kept: list[Any] = []

    def die(*_: object, **said: object) -> None:
        kept.append(said["decisions"])
        raise ZeroDivisionError

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(board, "record", die)
        with pytest.raises(ZeroDivisionError):
            step(Stage.FUSE, query.query_id, cascade.with_)
    cascade.clock.now_ms += 5000
    step(Stage.FUSE, query.query_id, cascade.with_)
    trace = cascade.trace(query.query_id)
    assert trace.decisions[1:] == kept[0]
    assert [event.kind for event in trace.events].count(EventKind.DELTA) == 1


def test_a_query_that_ends_while_it_is_thought_through_keeps_its_end(
    cascade: Cascade, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = cascade.ask(MERCURY)

    def ends(*_: object) -> tuple[()]:
        cascade.board.finish(query.query_id, ANSWER)
        return ()

    monkeypatch.setattr(Library, "intents", ends)
    direct.run(query.query_id, cascade.with_)
    trace = cascade.trace(query.query_id)
    assert (trace.answer, trace.coupled) == (ANSWER, None)


def test_salience_makes_room_and_never_drops_what_leads(library: Library) -> None:
    """Three questions about frogs widen the level they dwell on; the others stay as narrow as they may."""
    cascade = Cascade(library, context=MemoryContext(ttl_s=3600))
    cascade.policy = replace(cascade.policy, items_per_level=4)
    traces = [cascade.ended("What does a frog do before it rains?") for _ in range(4)]
    seen = [curation_from(trace.work[Stage.FUSE.value]).context for trace in traces]
    assert [it.visits if it else 0 for it in seen] == [0, 1, 2, 3]
    rooms = [widths(it, base=4)[Level.HEURISTIC] for it in seen]
    assert rooms[0] == 4
    assert rooms[1:] == sorted(rooms[1:])
    assert rooms[-1] > rooms[1]
    for trace in traces:
        assert [it.ident for it in trace.items if it.leads] == ["pond_general#6"]
        assert archived(trace, cascade.policy).what() == []
    told = next(it for it in traces[-1].decisions if it.kind is DecisionKind.CONTEXT)
    assert "3 earlier questions" in told.rationale


def test_a_curation_comes_back_from_the_wire() -> None:
    for curation in (Curation(), Curation(frozenset({"a#1", "b#2"}), 0.25, calibrated=frozenset({Layer.CARTRIDGE}))):
        assert curation_from(curation_to(curation)) == curation
