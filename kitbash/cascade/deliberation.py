"""Layer 2 thinks: fills the spotlights, has the levels coupled, lets triage rule, and answers from what is left."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kitbash.blackboard.board import OpenQuery
from kitbash.cascade import agent, intent, spotlight
from kitbash.cascade.agent import Ruling
from kitbash.cascade.collaborators import Collaborators
from kitbash.cascade.confidence import Weights
from kitbash.cascade.fuse import fuse
from kitbash.domain.bus import BusState
from kitbash.domain.candidate import Candidate
from kitbash.domain.context import widths
from kitbash.domain.coupling import Response
from kitbash.domain.curation import Curation, curation_to
from kitbash.domain.fact import Fact
from kitbash.domain.item import Item, ident_of
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.level import Level
from kitbash.domain.plan import Plan
from kitbash.domain.verdict import Finding


def deliberate(query: OpenQuery, plan: Plan, candidates: Sequence[Candidate], with_: Collaborators) -> Finding | None:
    """Return what Layer 2 says of a query, with triage's decisions; None when the query has ended meanwhile.

    Raises BusError when its spotlights cannot be coupled.
    """
    project = with_.policy.project(query.project)
    parts = spotlight.ranked_parts(candidates, with_.weights)
    proposed = spotlight.proposals(parts)
    context = None
    if with_.context is not None and query.user:
        context = with_.context.visit(query.user, plan.form, spotlight.shares(proposed))
    leading = {it.ident for it in proposed if it.leads}
    facts = {ident_of(candidate.fact): candidate.fact for candidate in candidates}
    found = [
        rival
        for ident, fact in facts.items()
        if ident in leading
        for rival in with_.library.contesting(fact, project.factions)
    ]
    rivals = sorted(dict.fromkeys(found), key=lambda fact: (fact.level, fact.cartridge, fact.fact_id))
    others = [
        *(spotlight.item_of(rival) for rival in rivals),
        intent.asked(query.text, plan.form, query.kappa),
        *intent.standing(with_.library.intents(project.factions)),
        *project.masks,
    ]
    items = spotlight.fill(proposed, others, widths(context, base=with_.policy.items_per_level))
    considered = with_.board.consider(query.query_id, items, threshold=with_.policy.dissonance_threshold)
    if considered is None:
        return None
    coupled, health = considered
    names = tuple(dict.fromkeys((*(it.ident for it in proposed), *map(ident_of, rivals))))
    bus = BusState(
        names,
        items,
        coupled,
        health,
        context,
        leans=plan.leans,
        world=intent.world(query.text),
        items_per_level=with_.policy.items_per_level,
        dissonance_threshold=with_.policy.dissonance_threshold,
    )
    threshold, calibrated = with_.policy.rule(Stage.FUSE).threshold, with_.policy.calibrated
    ruling = agent.rule(bus)
    found = settled(bus, ruling, plan, candidates, weights=with_.weights, threshold=threshold, calibrated=calibrated)
    return replace(found, evidence=_in_full(found.evidence, (*facts.values(), *rivals)))


def settled(
    bus: BusState,
    ruling: Ruling,
    plan: Plan,
    candidates: Sequence[Candidate],
    *,
    weights: Weights,
    threshold: float,
    calibrated: frozenset[Layer] = frozenset(),
) -> Finding:
    """Return what Layer 2 says once triage has ruled: an answer, a refusal, a question back, or neither. Pure.

    `calibrated` are the layers whose thresholds are the facts' own; if Layer 2 is, `threshold` does not count.
    """
    curation = Curation(
        _withheld(bus, ruling, candidates),
        ruling.factor,
        bus.context,
        items_per_level=bus.items_per_level,
        dissonance_threshold=bus.dissonance_threshold,
        calibrated=calibrated,
    )
    needed = None if Layer.CARTRIDGE in calibrated else threshold
    found = fuse(curated(candidates, curation), weights, needed, parts=len(plan.parts), factor=ruling.factor)
    found = replace(found, product=curation_to(curation), decisions=ruling.decisions)
    if ruling.delta is None or ruling.response is Response.LOWER:
        return found
    delta = ruling.delta
    sides = [it for it in bus.items if it.ident in {delta.item_a, delta.item_b}]
    said = [f"“{it.text}” ({it.level.label}, {it.ident})" for it in sides]
    refusal = (
        f"I cannot answer: what I know contradicts itself. {' against '.join(said)}."
        if ruling.response is Response.REFUSE
        else f"My sources disagree. Which do you mean: {' or '.join(said)}? Add “really” to ask for what is measured."
    )
    reason = f"{delta.severity.value} contradiction {delta.delta_id}: {delta.item_a} against {delta.item_b}"
    evidence = tuple(_fact_of(it) for it in sides)
    return replace(found, answer=None, confidence=0.0, reason=reason, refusal=refusal, evidence=evidence)


def curated(candidates: Sequence[Candidate], curation: Curation) -> list[Candidate]:
    """Return the candidates that may be drawn on."""
    return [candidate for candidate in candidates if ident_of(candidate.fact) not in curation.withheld]


def _withheld(bus: BusState, ruling: Ruling, candidates: Iterable[Candidate]) -> frozenset[str]:
    """Return what must not be drawn on, with what had no room in a spotlight and is not to be drawn on either.

    That is what says the same at the same level, and all folk wisdom if there is an intent that forbids it.
    """
    barred = [it for it in bus.items if it.ident in ruling.withheld]
    same = {(it.level, it.text) for it in barred}
    is_closed = any(it.level is Level.HEURISTIC for it in barred)
    facts = (candidate.fact for candidate in candidates)
    more = (it for it in facts if (it.level, it.text) in same or (is_closed and it.level is Level.HEURISTIC))
    return ruling.withheld.union(map(ident_of, more))


def _fact_of(item: Item) -> Fact:
    fact_id = int(item.ident.rpartition("#")[2])
    return Fact(item.cartridge, fact_id, item.text, item.level, item.confidence)


def _in_full(evidence: Sequence[Fact], known: Iterable[Fact]) -> tuple[Fact, ...]:
    """Return facts with their sources, which a spotlight does not hold."""
    whole = {ident_of(fact): fact for fact in known}
    return tuple(whole.get(ident_of(fact), fact) for fact in evidence)
