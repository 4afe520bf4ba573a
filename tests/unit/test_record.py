"""What is archived of a query: a trace, what was thought, and what came of it, with the rules in force."""

import json
from collections.abc import Generator
from dataclasses import replace

import pytest

from kitbash.archive.entry import SCHEMA_VERSION, Kind
from kitbash.blackboard.board import stage_name
from kitbash.cascade.record import entries_of
from kitbash.domain import codec
from kitbash.domain.coupling import FLAGGED
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.nwp import parse
from kitbash.errors import UsageError
from kitbash.knowledge.library import Library
from tests.unit.archive_kit import archived
from tests.unit.cascade_kit import POLICY, POND, TALE, THRESHOLDS, WEIGHTS, Cascade, library_in
from tests.unit.facts import SKY, candidate

MERCURY = "Where does mercury boil?"
ELVES = "Does mercury boil when elves sing?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Generator[Library]:
    """Return a library of contradictions."""
    library = library_in(tmp_path_factory.mktemp("pond"), POND, TALE)
    yield library
    library.close()


@pytest.fixture
def cascade(library: Library) -> Cascade:
    """Return a cascade over them."""
    return Cascade(library)


def test_a_query_that_was_thought_through_has_lines_of_every_kind(cascade: Cascade) -> None:
    trace = cascade.ended(MERCURY)
    lines = archived(trace)
    assert {kind: len(found) for kind, found in lines.of.items()} == {
        Kind.QUERY_TRACES: 1,
        Kind.ROUTING_DECISIONS: len(trace.decisions),
        Kind.COUPLING_CHECKS: 1,
        Kind.STRUCTURAL_DELTAS: 1,
        Kind.SYNTHESIS_OUTPUTS: 1,
    }
    everything = [line for found in lines.of.values() for line in found]
    assert {line["v"] for line in everything} == {SCHEMA_VERSION}
    assert {line["query_id"] for line in everything} == {trace.query_id}
    assert len({line["append"] for line in everything}) == 1
    line = lines.trace
    assert (line["query"], line["project"], line["kappa"], line["status"]) == (MERCURY, "default", 1.0, "unknown")
    assert line["thresholds"] == {layer.label: threshold for layer, threshold in THRESHOLDS.items()}
    assert line["ended_ms"] == trace.opened_ms + trace.took_us // 1000
    assert [kind for _, kind, _ in line["events"]][:2] == ["opened", "started"]
    (delta,) = lines.of[Kind.STRUCTURAL_DELTAS]
    assert delta["conflict"] == "Mercury boils hot. | Mercury boils cool."
    assert delta["timestamp"] == (trace.coupled.at_ms if trace.coupled else 0) / 1000


def test_what_was_left_to_draw_on_is_told_as_assertions(cascade: Cascade) -> None:
    answered, refused = (
        archived(cascade.ended(it)).of[Kind.SYNTHESIS_OUTPUTS][0] for it in ("How do frogs swim well?", MERCURY)
    )
    assert (answered["layer"], answered["output"]) == (2, "A frog swims well.")
    assert (refused["layer"], refused["output"][:15]) == (None, "I cannot answer")
    said = refused["nwp_assertions"]
    assert said
    assert all(parse(it) for it in said)
    assert not any("pond_general#4" in it for it in said)


def test_a_query_that_was_not_coupled_has_only_what_there_is(cascade: Cascade) -> None:
    lines = archived(cascade.ended("How does a frog swim?", project="nowhere"))
    assert [kind for kind, found in lines.of.items() if found] == [Kind.QUERY_TRACES]
    reflex = archived(cascade.ended("A frog swims well."))
    assert [kind for kind, found in reflex.of.items() if found] == [Kind.QUERY_TRACES]
    assert lines.what() == reflex.what() == []


def test_candidates_are_kept_in_the_order_of_their_shards(cascade: Cascade) -> None:
    trace = cascade.ended(MERCURY)
    work = {name: text for name, text in trace.work.items() if not name.startswith(Stage.SEARCH.value)}
    shards = {
        stage_name(Stage.SEARCH, at): codec.candidates_to([candidate(SKY.fact(at + 1, f"Fact {at}."))])
        for at in range(12)
    }
    line = archived(replace(trace, work=shards | work)).trace
    assert [it["fact"]["fact_id"] for it in line["candidates"]] == list(range(1, 13))


def test_what_was_resolved_before_it_was_archived_amends_what_was_found(cascade: Cascade) -> None:
    """While the disk was full, for instance."""
    trace = cascade.ended(ELVES, project="tale")
    assert trace.coupled is not None
    _, flagged = trace.coupled.deltas
    assert flagged.resolution == FLAGGED
    assert cascade.board.resolve(trace.query_id, flagged.delta_id, "elves win")
    lines = archived(cascade.trace(trace.query_id))
    told = [(it["delta_id"], it["resolution"], it.get("amends", False)) for it in lines.of[Kind.STRUCTURAL_DELTAS]]
    assert told == [("d1", "unresolved", False), ("d2", FLAGGED, False), ("d2", "elves win", True)]
    assert lines.what() == []


@pytest.mark.parametrize("gone", [{"work": {}}, {"items": ()}])
def test_what_lost_a_part_of_its_thinking_is_not_archived_as_if_it_had_none(
    cascade: Cascade, gone: dict[str, object]
) -> None:
    trace = cascade.ended(MERCURY)
    with pytest.raises(UsageError, match=f"part of query {trace.query_id} expired"):
        entries_of(replace(trace, **gone), POLICY, WEIGHTS)  # pyright: ignore[reportArgumentType]


def test_a_line_holds_all_layers_rules_and_is_json(cascade: Cascade) -> None:
    line = archived(cascade.ended(MERCURY)).trace
    assert set(line["thresholds"]) == {layer.label for layer in Layer}
    order = list(WEIGHTS.order)
    assert line["weights"] == {"values": list(WEIGHTS.values), "bias": WEIGHTS.bias, "order": order}
    assert json.loads(json.dumps(line)) == line
