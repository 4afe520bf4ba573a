"""The triage agent: reads a query's bus and decides what stays, what is gated, and what a contradiction means.

A pure function: the same bus state gives the same decisions, byte for byte, whenever it is asked.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from kitbash.domain.bus import BusState
from kitbash.domain.coupling import UNRESOLVED, Delta, Response, Severity
from kitbash.domain.decision import Decision, DecisionKind
from kitbash.domain.item import Item, Place
from kitbash.domain.level import Level

MATERIAL: Final = 0.5
"""From this probability on a fact is more likely than not what is asked for; what contradicts it matters."""

WEIGHTS: Final[Mapping[Severity, float]] = {Severity.MEDIUM: 0.2, Severity.LOW: 0.05}
"""How much a contradiction of size 1 takes off the confidence when nothing worse follows from it."""

_RESPONSES: Final = {Severity.CRITICAL: Response.REFUSE, Severity.HIGH: Response.ASK}
_SAYS: Final = {
    Response.REFUSE: "L0 against L1: no answer can be trusted",
    Response.ASK: "a fact against a narrative: the user is asked which world is meant",
    Response.LOWER: "confidence is lowered",
    Response.NONE: "nothing follows",
}
_ORDER: Final = (Response.NONE, Response.LOWER, Response.ASK, Response.REFUSE)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What triage decided: what follows, for which contradiction, and what later layers must not draw on."""

    decisions: tuple[Decision, ...]
    response: Response
    delta: Delta | None
    factor: float
    withheld: frozenset[str]


def rule(bus: BusState) -> Ruling:
    """Return what triage decides about a bus; a contradiction matters when one side of it is the likely answer."""
    judged = [(delta, _response(delta, bus)) for delta in bus.coupled.deltas]
    response = max((it for _, it in judged), key=_ORDER.index, default=Response.NONE)
    worst = next((delta for delta, it in judged if it is response and it is not Response.NONE), None)
    lowering = (delta for delta, it in judged if it is Response.LOWER)
    factor = round(math.prod(1 - WEIGHTS[delta.severity] * delta.size for delta in lowering), 4)
    withheld = frozenset(
        it.ident
        for it in bus.items
        if bus.coupled.placement(it.ident).place is not Place.APPROVED and not _is_meant(it, bus)
    )
    writer = _Writer(bus.coupled.at_ms)
    writer.spotlight(bus)
    writer.context(bus)
    for level, kind in ((Level.HEURISTIC, DecisionKind.FOLK_WISDOM), (Level.MASK, DecisionKind.SPECULATION)):
        writer.gate(kind, [it for it in bus.items if it.level is level], withheld)
    for delta, it in judged:
        writer.contradiction(delta, it, bus)
    writer.route(bus, response, factor, withheld)
    return Ruling(tuple(writer.written), response, worst, factor, withheld)


def _response(delta: Delta, bus: BusState) -> Response:
    sides = {delta.item_a, delta.item_b}
    leading = [it for it in bus.items if it.leads and it.probability >= MATERIAL and it.ident in sides]
    if delta.resolution != UNRESOLVED or not leading:
        return Response.NONE
    if delta.severity is Severity.HIGH and all(_is_meant(it, bus) for it in leading):
        return Response.NONE
    return _RESPONSES.get(delta.severity, Response.LOWER)


def _is_meant(item: Item, bus: BusState) -> bool:
    """Return whether the question names the world of what is likely asked for, so that nobody needs to ask."""
    if bus.world is None or not item.leads or item.probability < MATERIAL:
        return False
    # Folk wisdom belongs to neither world: whether it may be used is for the intents to say.
    return item.level is bus.world if bus.world is Level.NARRATIVE else item.level < Level.NARRATIVE


class _Writer:
    """Writes decisions down, numbered in order."""

    def __init__(self, at_ms: int) -> None:
        self._at_ms = at_ms
        self.written: list[Decision] = []

    def spotlight(self, bus: BusState) -> None:
        posted = {it.ident for it in bus.items}
        kept = tuple(ident for ident in bus.proposed if ident in posted)
        surest = max((it.probability for it in bus.items), default=0.0)
        rationale = f"{len(kept)} of {len(bus.proposed)} proposed facts are near and have room"
        self._write(DecisionKind.SPOTLIGHT, rationale, bus.proposed, kept, surest)

    def context(self, bus: BusState) -> None:
        needed = "the question leans on what was asked before" if bus.leans else "the question stands alone"
        if bus.context is None or not bus.context.visits:
            self._write(DecisionKind.CONTEXT, f"{needed}; nothing is remembered", (), (), 1.0)
            return
        hot = sorted(bus.context.layer_salience.items(), key=lambda pair: (-pair[1], pair[0]))
        output = tuple(f"L{level.value}={salience:.3f}" for level, salience in hot)
        rationale = f"{needed}; {bus.context.visits} earlier questions set how much room each level has"
        self._write(DecisionKind.CONTEXT, rationale, (bus.context.snapshot_id,), output, bus.context.recency_decay)

    def gate(self, kind: DecisionKind, gated: list[Item], withheld: frozenset[str]) -> None:
        if not gated:
            return
        open_to = tuple(it.ident for it in gated if it.ident not in withheld)
        rationale = "every intent allows it" if len(open_to) == len(gated) else "an intent forbids it"
        self._write(kind, rationale, _idents(gated), open_to, 1.0)

    def contradiction(self, delta: Delta, response: Response, bus: BusState) -> None:
        is_about = any(_is_meant(it, bus) for it in bus.items if it.ident in {delta.item_a, delta.item_b})
        if delta.resolution != UNRESOLVED:
            why = delta.resolution
        elif response is Response.NONE and delta.severity is Severity.HIGH and is_about:
            why = "the question says which world is meant"
        elif response is Response.NONE:
            why = "it is not about the likely answer: logged, and the query goes on"
        else:
            why = _SAYS[response]
        rationale = f"{delta.severity.value} {delta.delta_id}, L{delta.a.value} against L{delta.b.value}: {why}"
        self._write(DecisionKind.CONTRADICTION, rationale, (delta.item_a, delta.item_b), (response.value,), delta.size)

    def route(self, bus: BusState, response: Response, factor: float, withheld: frozenset[str]) -> None:
        facts = [it for it in bus.items if it.level.states_facts]
        leading = [it for it in facts if it.leads]
        if response in {Response.REFUSE, Response.ASK}:
            self._write(DecisionKind.ROUTE, _SAYS[response], _idents(leading), (response.value,), 1.0)
        else:
            free = sum(it.ident not in withheld for it in facts)
            state = "coherent" if bus.health.is_coherent else "dissonant"
            rationale = f"{state}; {free} of {len(facts)} facts may be drawn on, confidence times {factor:g}"
            kept = (it for it in leading if it.ident not in withheld)
            self._write(DecisionKind.ROUTE, rationale, _idents(leading), _idents(kept), factor)

    def _write(
        self, kind: DecisionKind, rationale: str, input_: tuple[str, ...], output: tuple[str, ...], confidence: float
    ) -> None:
        decision_id = f"t{len(self.written) + 1}"
        self.written.append(Decision(decision_id, self._at_ms, kind, rationale, input_, output, round(confidence, 4)))


def _idents(items: Iterable[Item]) -> tuple[str, ...]:
    return tuple(it.ident for it in items)
