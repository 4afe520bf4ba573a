"""What each stage runs: a query and what earlier stages left of it, in; a finding, out."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from kitbash.blackboard.board import OpenQuery, opinion_name, stage_name
from kitbash.cascade import composing, consensus, fuse, generation, intent, reflex, route, search, synthesis, triage
from kitbash.cascade.chosen import chosen
from kitbash.cascade.circumstances import circumstances
from kitbash.cascade.collaborators import Collaborators
from kitbash.cascade.deliberation import curated, deliberate
from kitbash.cascade.holding import Holding
from kitbash.cascade.policy import Rule
from kitbash.cascade.prompt import Manner
from kitbash.domain import codec
from kitbash.domain.answer import Answer
from kitbash.domain.candidate import Candidate
from kitbash.domain.curation import Curation, curation_from
from kitbash.domain.item import Item, ident_of
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.lifecycle import Lifecycle
from kitbash.domain.plan import Plan
from kitbash.domain.strategy import Strategy
from kitbash.domain.verdict import Finding


def plan_in(work: Mapping[str, str]) -> Plan:
    """Return the plan that triage left."""
    return plan_of(work.get(Stage.TRIAGE.value))


def plan_of(product: str | None) -> Plan:
    """Return the plan in triage's product, or one that searches nothing if triage was given up."""
    return codec.plan_from(product) if product else Plan((), ())


def curation_in(work: Mapping[str, str]) -> Curation:
    """Return what triage left of the evidence. Where levels could not be coupled, what claims anything is withheld."""
    product = work.get(Stage.FUSE.value)
    if product:
        return curation_from(product)
    return Curation(frozenset(ident_of(it.fact) for it in candidates_in(work) if it.fact.claims))


def candidates_in(work: Mapping[str, str]) -> list[Candidate]:
    """Return the candidates of all shards, in the order of the shards."""
    prefix = stage_name(Stage.SEARCH, 0).removesuffix("0")
    shards = sorted((int(name.removeprefix(prefix)), text) for name, text in work.items() if name.startswith(prefix))
    return [candidate for _, text in shards for candidate in codec.candidates_from(text)]


def is_voter(stage: Stage, work: Mapping[str, str]) -> bool:
    """Return whether what a stage answers is an opinion, which a vote follows."""
    return stage in route.VOTERS and plan_in(work).consensus is not Strategy.NONE


def opinions_in(work: Mapping[str, str]) -> list[Answer]:
    """Return what the engines answered that vote, the cheapest first."""
    names = (opinion_name(stage) for stage in route.CLOSING)
    return [codec.answer_from(work[name]) for name in names if name in work]


def _reflex(query: OpenQuery, with_: Collaborators, _: int | None) -> Finding:
    project = replace(with_.policy.project(query.project), kappa=query.kappa)
    return reflex.answer(query.text, project, with_.library, with_.grains)


def _triage(query: OpenQuery, with_: Collaborators, _: int | None) -> Finding:
    visible = with_.library.visible(with_.policy.project(query.project).factions)
    impression = None if with_.network is None else with_.network.read(query.text)
    found = triage.triage(query.text, visible, query.kappa, with_.policy, impression=impression, at_ms=query.at_ms)
    if query.consensus is Strategy.NONE or not found.product:
        return found
    plan = replace(codec.plan_from(found.product), consensus=query.consensus)
    return replace(found, product=codec.plan_to(plan))


def _search(query: OpenQuery, with_: Collaborators, shard: int | None) -> Finding:
    plan = plan_in(query.work)
    cartridges = with_.library.named(plan.shards[shard or 0])
    limit, cut = with_.policy.candidates, with_.policy.rule(Stage.FUSE).threshold
    return search.search(plan, cartridges, limit, with_.weights, with_.scales, meaning=with_.meaning, cut=cut)


def _fuse(query: OpenQuery, with_: Collaborators, _: int | None) -> Finding:
    found = deliberate(query, plan_in(query.work), candidates_in(query.work), with_)
    return found or Finding(0.0, "the query ended while its levels were coupled")


def _synthesise(query: OpenQuery, with_: Collaborators, _: int | None) -> Finding:
    plan, curation = plan_in(query.work), curation_in(query.work)
    candidates = curated(candidates_in(query.work), curation) if len(plan.parts) > 1 else []
    is_calibrated = Layer.SYNTHESIS in curation.calibrated
    found = synthesis.synthesise(plan, candidates, with_.weights, factor=curation.factor, is_calibrated=is_calibrated)
    rule, composer = with_.policy.rule(Stage.SYNTHESISE), with_.composer
    needed = rule.threshold if found.threshold is None else found.threshold
    if composer is None or found.answer is None or found.confidence < needed:
        return found
    time_s = _time_s(query, rule)
    until_s = time.monotonic() + time_s - composing.MARGIN_S
    with Holding(with_.board, query, Stage.SYNTHESISE, slots=composer.slots, lease_ms=rule.lease_ms) as held:
        return composing.composed(
            query.text,
            found,
            composer,
            with_.policy,
            time_s=time_s,
            take_slot=lambda: held.take_slot(until_s),
            say=held.say,
            masks=_worn(query, with_, curation),
        )


def _generate(query: OpenQuery, with_: Collaborators, _: int | None) -> Finding:
    rule, generator = with_.policy.rule(Stage.GENERATE), with_.generator
    curation = curation_in(query.work)
    candidates = curated(candidates_in(query.work), curation)
    shown = chosen(candidates, with_.weights)
    nearest = tuple(fact for fact in fuse.nearest(candidates, with_.weights) if fact.level.states_facts)
    time_s = _time_s(query, rule)
    until_s = time.monotonic() + time_s - generation.MARGIN_S
    slots = 1 if generator is None else generator.slots
    with ExitStack() as stack:

        def take_slot() -> bool:
            held = stack.enter_context(holding)
            is_taken = held.take_slot(until_s)
            if is_taken:
                with_.board.advance(query.query_id, Lifecycle.GENERATION)
            return is_taken

        holding = Holding(with_.board, query, Stage.GENERATE, slots=slots, lease_ms=rule.lease_ms)
        found = generation.generate(
            query.text,
            shown,
            generator,
            with_.policy,
            time_s=time_s,
            take_slot=take_slot,
            say=holding.say,
            manner=_manner(query, with_, curation),
            factor=curation.factor,
        )
    return replace(found, evidence=nearest)


def _vote(query: OpenQuery, with_: Collaborators, _: int | None) -> Finding:
    plan, opinions = plan_in(query.work), opinions_in(query.work)
    weights = consensus.NO_WEIGHTS if with_.reputation is None else with_.reputation.weights()
    found = consensus.voted(query.text, plan, opinions, weights)
    if found.answer is not None:
        return found
    candidates = curated(candidates_in(query.work), curation_in(query.work))
    nearest = tuple(fact for fact in fuse.nearest(candidates, with_.weights) if fact.level.states_facts)
    return replace(found, evidence=nearest)


def _time_s(query: OpenQuery, rule: Rule) -> float:
    """Return how long a model may take; where engines vote, the vote must come before the sweep ends the query."""
    margin_ms = consensus.MARGIN_MS if plan_in(query.work).consensus is not Strategy.NONE else 0
    return max(0, min(rule.timeout_ms, query.remaining_ms - margin_ms)) / 1000


def _manner(query: OpenQuery, with_: Collaborators, curation: Curation) -> Manner:
    """Return how Layer 4 is to answer: in the masks that no intent forbids, and with what the question leans on."""
    plan = plan_in(query.work)
    project = with_.policy.project(query.project)
    intents = [
        intent.asked(query.text, plan.form, query.kappa),
        *intent.standing(with_.library.intents(project.factions)),
    ]
    lines = circumstances(query.text, at_ms=query.at_ms, leans=plan.leans, context=curation.context)
    return Manner(_worn(query, with_, curation), lines, all(it.allows_speculation for it in intents))


def _worn(query: OpenQuery, with_: Collaborators, curation: Curation) -> tuple[Item, ...]:
    masks = with_.policy.project(query.project).masks
    return tuple(mask for mask in masks if mask.ident not in curation.withheld)


Run = Callable[[OpenQuery, Collaborators, int | None], Finding]
RUNS: Final[Mapping[Stage, Run]] = {
    Stage.REFLEX: _reflex,
    Stage.TRIAGE: _triage,
    Stage.SEARCH: _search,
    Stage.FUSE: _fuse,
    Stage.SYNTHESISE: _synthesise,
    Stage.GENERATE: _generate,
    Stage.VOTE: _vote,
}
