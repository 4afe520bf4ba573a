"""What triage writes down of each decision: numbered, dated, with a reason, the same for the same bus."""

import json
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.cascade import agent, coupling
from kitbash.cascade.agent import Ruling, rule
from kitbash.domain import bus_codec, codec, context
from kitbash.domain.bus import BusState
from kitbash.domain.context import Window
from kitbash.domain.coupling import Response
from kitbash.domain.decision import Decision, DecisionKind
from kitbash.domain.item import Item
from kitbash.domain.level import Level
from tests.boards import CALM, INTENT, LAW, LEGEND, MASK, PROVERB, RIVAL, STORY

AT_MS: Final = 1_700_000_000_123
FIELDS: Final = {"decision_id", "timestamp", "type", "rationale", "input", "output", "confidence"}
QUIET: Final = Item(Level.INTENT, "asks for a thing")
SURE: Final = replace(LEGEND, probability=0.9, leads=True)
SINGER: Final = replace(STORY, probability=0.9, leads=True)
SERENE: Final = replace(QUIET, claims=(replace(CALM, affirmed=False),))
SEEN: Final = context.snapshot("thing", context.visited(context.BLANK, {Level.NARRATIVE: 1.0}), elapsed_s=60, visits=3)


def bus_of(*items: Item, kappa: float = 1.0, **more: object) -> BusState:
    """Return the bus of a query whose spotlights hold these items, all of them proposed if they are facts."""
    stand = tuple(sorted(items, key=lambda it: it.level))
    coupled = coupling.couple(stand, kappa, AT_MS)
    proposed = tuple(it.ident for it in stand if it.level.states_facts)
    bus = BusState(proposed, stand, coupled, coupling.health(coupled.deltas, 0))
    return replace(bus, **more)  # pyright: ignore[reportArgumentType]


def only(ruling: Ruling, kind: DecisionKind) -> Decision:
    (found,) = [it for it in ruling.decisions if it.kind is kind]
    return found


def test_what_had_no_room_is_told() -> None:
    said = only(rule(bus_of(LAW, proposed=(LAW.ident, "sky#77"))), DecisionKind.SPOTLIGHT)
    assert (said.input, said.output) == ((LAW.ident, "sky#77"), (LAW.ident,))
    assert said.rationale == "1 of 2 proposed facts are near and have room"
    assert said.confidence == LAW.probability


@pytest.mark.parametrize("leans", [True, False])
def test_whether_context_is_needed_and_what_is_remembered_is_told(leans: bool) -> None:
    nothing = only(rule(bus_of(LAW, leans=leans)), DecisionKind.CONTEXT)
    assert nothing.rationale.endswith("; nothing is remembered")
    said = only(rule(bus_of(LAW, leans=leans, context=SEEN)), DecisionKind.CONTEXT)
    assert ("leans on what was asked before" in said.rationale) is leans
    assert "3 earlier questions" in said.rationale
    assert said.input == (SEEN.snapshot_id,)
    assert said.output[0] == f"L2={SEEN.layer_salience[Level.NARRATIVE]:.3f}"
    assert len(said.output) == len(Level)
    assert said.confidence == round(SEEN.recency_decay, 4)
    assert Window.HOUR in SEEN.windows


def test_an_empty_bus_is_ruled_on() -> None:
    ruling = rule(bus_of())
    assert ruling.response is Response.NONE
    assert [it.kind for it in ruling.decisions] == [DecisionKind.SPOTLIGHT, DecisionKind.CONTEXT, DecisionKind.ROUTE]


ANY: Final = st.lists(
    st.sampled_from([LAW, RIVAL, LEGEND, STORY, PROVERB, INTENT, MASK, SURE, SINGER, SERENE, QUIET]),
    unique_by=lambda it: it.ident,
).map(lambda items: bus_of(*items, context=SEEN))


@given(ANY)
def test_every_decision_is_numbered_dated_and_comes_back_from_the_wire(bus: BusState) -> None:
    decisions = rule(bus).decisions
    assert [it.decision_id for it in decisions] == [f"t{number + 1}" for number in range(len(decisions))]
    for decision in decisions:
        record = json.loads(codec.dumps(bus_codec.decision_to(decision)))
        assert record.keys() == FIELDS
        assert record["timestamp"] == AT_MS / 1000
        assert bus_codec.decision_from(record) == decision
        assert 0 <= decision.confidence <= 1
        assert decision.rationale


@given(ANY)
def test_the_same_bus_gives_the_same_decisions_byte_for_byte(bus: BusState) -> None:
    once, again = (
        [codec.dumps(bus_codec.decision_to(it)) for it in rule(state).decisions] for state in (bus, replace(bus))
    )
    assert once == again
    assert agent.rule(bus) == rule(bus)
