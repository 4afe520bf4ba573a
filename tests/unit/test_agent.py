"""Triage rules over a bus: what stays, what is gated, what a contradiction means, and each decision written down."""

from dataclasses import replace
from typing import Final

import pytest

from kitbash.cascade import coupling
from kitbash.cascade.agent import MATERIAL, Ruling, rule
from kitbash.domain.bus import BusState
from kitbash.domain.coupling import Response
from kitbash.domain.decision import Decision, DecisionKind
from kitbash.domain.item import Item
from kitbash.domain.level import Level
from tests.boards import CALM, INTENT, LAW, LEGEND, MASK, PROVERB, RIVAL, STORY, boils_at

AT_MS: Final = 1_700_000_000_123
QUIET: Final = Item(Level.INTENT, "asks for a thing")
SURE: Final = replace(LEGEND, probability=0.9, leads=True)
SINGER: Final = replace(STORY, probability=0.9, leads=True)
SERENE: Final = replace(QUIET, claims=(replace(CALM, affirmed=False),))


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


def test_measurement_against_theory_is_refused() -> None:
    ruling = rule(bus_of(LAW, RIVAL))
    assert ruling.response is Response.REFUSE
    assert ruling.delta is not None
    assert (ruling.delta.item_a, ruling.delta.item_b) == (LAW.ident, RIVAL.ident)
    assert ruling.withheld == {RIVAL.ident}
    assert only(ruling, DecisionKind.ROUTE).output == ("refuse",)
    said = only(ruling, DecisionKind.CONTRADICTION)
    assert (said.input, said.output, said.confidence) == ((LAW.ident, RIVAL.ident), ("refuse",), 0.5)
    assert "no answer can be trusted" in said.rationale


@pytest.mark.parametrize("fact", [LAW, replace(LAW, level=Level.AXIOMATIC, ident="sky#9")])
@pytest.mark.parametrize("leads", ["fact", "legend"])
def test_a_fact_against_a_narrative_asks_which_is_meant(fact: Item, leads: str) -> None:
    sides = (replace(fact, leads=leads == "fact"), replace(SURE, leads=leads == "legend"))
    ruling = rule(bus_of(*sides))
    assert ruling.response is Response.ASK
    assert only(ruling, DecisionKind.ROUTE).output == ("ask",)
    assert "which world is meant" in only(ruling, DecisionKind.ROUTE).rationale


def test_a_narrative_against_an_intent_lowers_the_confidence() -> None:
    ruling = rule(bus_of(SINGER, SERENE))
    assert (ruling.response, ruling.factor) == (Response.LOWER, 0.8)
    route = only(ruling, DecisionKind.ROUTE)
    assert (route.output, route.confidence) == ((STORY.ident,), 0.8)
    assert route.rationale == "coherent; 1 of 1 facts may be drawn on, confidence times 0.8"


def test_folk_wisdom_that_is_forbidden_is_withheld_and_lowers_little() -> None:
    ruling = rule(bus_of(replace(PROVERB, leads=True, probability=0.9), replace(QUIET, allows_folk_wisdom=False)))
    assert (ruling.response, ruling.factor, ruling.withheld) == (Response.LOWER, 0.95, {PROVERB.ident})
    gate = only(ruling, DecisionKind.FOLK_WISDOM)
    assert (gate.input, gate.output, gate.rationale) == ((PROVERB.ident,), (), "an intent forbids it")
    assert only(ruling, DecisionKind.ROUTE).output == ()


def test_what_no_intent_forbids_may_be_used() -> None:
    ruling = rule(bus_of(replace(PROVERB, leads=True, probability=0.9), MASK, QUIET))
    assert (ruling.response, ruling.withheld) == (Response.NONE, frozenset())
    assert only(ruling, DecisionKind.FOLK_WISDOM).output == (PROVERB.ident,)
    assert only(ruling, DecisionKind.SPECULATION).output == (MASK.ident,)
    assert only(ruling, DecisionKind.SPECULATION).rationale == "every intent allows it"


def test_a_mask_is_gated_by_speculation_and_lowers_nothing() -> None:
    """No answer stands on a mask, so the gate is not about the likely answer."""
    ruling = rule(bus_of(LAW, MASK, INTENT))
    assert (ruling.response, ruling.factor) == (Response.NONE, 1)
    assert only(ruling, DecisionKind.SPECULATION).output == ()
    assert MASK.ident in ruling.withheld


def test_lowering_contradictions_add_up_and_the_worst_decides() -> None:
    several = bus_of(SINGER, replace(PROVERB, leads=True, probability=0.6), replace(SERENE, allows_folk_wisdom=False))
    assert (rule(several).response, rule(several).factor) == (Response.LOWER, 0.76)
    worse = bus_of(*several.items, LAW, SURE)
    assert rule(worse).response is Response.ASK
    assert rule(worse).factor == 0.76
    worst = bus_of(*worse.items, RIVAL)
    assert rule(worst).response is Response.REFUSE


@pytest.mark.parametrize(
    ("leads", "probability", "response"),
    [
        (True, MATERIAL, Response.REFUSE),
        (True, MATERIAL - 0.001, Response.NONE),
        (False, 0.99, Response.NONE),
    ],
)
def test_a_contradiction_matters_when_one_side_is_the_likely_answer(
    leads: bool, probability: float, response: Response
) -> None:
    """What leads, and is more likely than not."""
    ruling = rule(bus_of(replace(LAW, leads=leads, probability=probability), RIVAL))
    assert ruling.response is response
    assert ruling.withheld == {RIVAL.ident}
    assert (ruling.delta is None) is (response is Response.NONE)
    said = only(ruling, DecisionKind.CONTRADICTION).rationale
    assert ("logged, and the query goes on" in said) is (response is Response.NONE)


def test_a_contradiction_beside_the_likely_answer_leaves_it_alone() -> None:
    likely = Item(Level.EMPIRICAL, "sky#8", "Ice floats.", probability=0.95, leads=True)
    ruling = rule(bus_of(likely, replace(LAW, leads=False, probability=0.3), RIVAL))
    assert (ruling.response, ruling.factor) == (Response.NONE, 1)
    assert "dissonant" in only(ruling, DecisionKind.ROUTE).rationale
    assert only(ruling, DecisionKind.ROUTE).output == (likely.ident,)


@pytest.mark.parametrize(("kappa", "response"), [(0.99, Response.NONE), (1.0, Response.ASK)])
def test_fiction_in_a_fluid_project_is_flagged_and_not_blocked(kappa: float, response: Response) -> None:
    ruling = rule(bus_of(LAW, replace(SURE, is_fiction=True, claims=(boils_at(10),)), kappa=kappa))
    assert ruling.response is response
    said = only(ruling, DecisionKind.CONTRADICTION)
    assert (said.rationale.endswith(": flagged"), said.output) == (kappa < 1, (response.value,))
    assert (ruling.withheld == frozenset()) is (kappa < 1)


@pytest.mark.parametrize(
    ("leads", "world", "response"),
    [
        ("legend", Level.NARRATIVE, Response.NONE),
        ("legend", Level.EMPIRICAL, Response.ASK),
        ("legend", None, Response.ASK),
        ("fact", Level.EMPIRICAL, Response.NONE),
        ("fact", Level.NARRATIVE, Response.ASK),
    ],
)
def test_nobody_is_asked_which_world_when_the_question_names_it(
    leads: str, world: Level | None, response: Response
) -> None:
    items = (replace(LAW, leads=leads == "fact"), replace(SURE, leads=leads == "legend"))
    ruling = rule(bus_of(*items, world=world))
    assert ruling.response is response
    said = only(ruling, DecisionKind.CONTRADICTION)
    assert said.rationale.endswith("the question says which world is meant") is (response is Response.NONE)
    meant = leads == "legend" and world is Level.NARRATIVE
    assert ruling.withheld == (frozenset() if meant else {SURE.ident})


def test_naming_a_world_opens_no_gate_and_reconciles_no_measurement_with_a_theory() -> None:
    folk = replace(PROVERB, leads=True, probability=0.9)
    for world in (Level.EMPIRICAL, Level.NARRATIVE):
        assert rule(bus_of(folk, INTENT, world=world)).withheld >= {folk.ident}
        assert rule(bus_of(LAW, RIVAL, world=world)).response is Response.REFUSE
        assert rule(bus_of(SINGER, SERENE, world=world)).response is Response.LOWER


def test_a_legend_that_is_not_likely_stays_withheld_whatever_world_is_named() -> None:
    unlikely = replace(SURE, probability=MATERIAL - 0.01)
    assert rule(bus_of(LAW, unlikely, world=Level.NARRATIVE)).withheld == {unlikely.ident}
    assert rule(bus_of(LAW, replace(SURE, leads=False), world=Level.NARRATIVE)).withheld == {SURE.ident}


def test_a_resolved_contradiction_has_no_consequence() -> None:
    bus = bus_of(LAW, RIVAL)
    (delta,) = bus.coupled.deltas
    coupled = replace(bus.coupled, deltas=(replace(delta, resolution="L0 holds"),))
    ruling = rule(replace(bus, coupled=coupled))
    assert ruling.response is Response.NONE
    assert only(ruling, DecisionKind.CONTRADICTION).rationale.endswith(": L0 holds")
