"""What each stage runs: a query and what earlier stages left of it, in; a finding, out."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from kitbash.blackboard.board import OpenQuery, stage_name
from kitbash.cascade import fuse, generation, reflex, search, synthesis, triage
from kitbash.cascade.collaborators import Collaborators
from kitbash.cascade.deliberation import curated, deliberate
from kitbash.domain import codec
from kitbash.domain.candidate import Candidate
from kitbash.domain.curation import Curation, curation_from
from kitbash.domain.fact import Fact
from kitbash.domain.ids import new_token
from kitbash.domain.item import ident_of
from kitbash.domain.layer import Layer, Queue, Stage
from kitbash.domain.lifecycle import Lifecycle
from kitbash.domain.plan import Plan
from kitbash.domain.verdict import Finding

_SLOT_POLL_S: Final = 0.05


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
        return curation_from(product, with_context=False)
    return Curation(frozenset(ident_of(it.fact) for it in candidates_in(work) if it.fact.claims))


def candidates_in(work: Mapping[str, str]) -> list[Candidate]:
    """Return the candidates of all shards, in the order of the shards."""
    prefix = stage_name(Stage.SEARCH, 0).removesuffix("0")
    shards = sorted((int(name.removeprefix(prefix)), text) for name, text in work.items() if name.startswith(prefix))
    return [candidate for _, text in shards for candidate in codec.candidates_from(text)]


def _reflex(query: OpenQuery, with_: Collaborators, _: int | None) -> Finding:
    project = replace(with_.policy.project(query.project), kappa=query.kappa)
    return reflex.answer(query.text, project, with_.library, with_.grains)


def _triage(query: OpenQuery, with_: Collaborators, _: int | None) -> Finding:
    visible = with_.library.visible(with_.policy.project(query.project).factions)
    impression = None if with_.network is None else with_.network.read(query.text)
    return triage.triage(query.text, visible, query.kappa, with_.policy, impression=impression, at_ms=query.at_ms)


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
    return synthesis.synthesise(plan, candidates, with_.weights, factor=curation.factor, is_calibrated=is_calibrated)


def _generate(query: OpenQuery, with_: Collaborators, _: int | None) -> Finding:
    rule = with_.policy.rule(Stage.GENERATE)
    time_s = min(rule.timeout_ms, query.remaining_ms) / 1000
    ends_s = time.monotonic() + time_s
    token = new_token()

    def take_slot() -> bool:
        while not with_.board.acquire_slot(
            Queue.KOBOLD, token=token, lease_ms=rule.lease_ms, slots=with_.policy.model_slots
        ):
            if time.monotonic() + _SLOT_POLL_S >= ends_s - generation.MARGIN_S:
                return False
            time.sleep(_SLOT_POLL_S)
        with_.board.advance(query.query_id, Lifecycle.GENERATION)
        return True

    curation = curation_in(query.work)
    evidence = _shown(fuse.nearest(curated(candidates_in(query.work), curation), with_.weights))
    try:
        return generation.generate(
            query.text, evidence, with_.generator, with_.policy, time_s=time_s, take_slot=take_slot
        )
    finally:
        if with_.generator is not None:
            with_.board.release_slot(Queue.KOBOLD, token=token)


def _shown(facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    return tuple(fact for fact in facts if fact.level.states_facts)


Run = Callable[[OpenQuery, Collaborators, int | None], Finding]
RUNS: Final[Mapping[Stage, Run]] = {
    Stage.REFLEX: _reflex,
    Stage.TRIAGE: _triage,
    Stage.SEARCH: _search,
    Stage.FUSE: _fuse,
    Stage.SYNTHESISE: _synthesise,
    Stage.GENERATE: _generate,
}
