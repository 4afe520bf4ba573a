"""One stage of one query, run once whatever is delivered twice: claim, run, record.

`tasks/` calls this from a worker and direct mode from the caller, so both give the same answer and the same trace.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from kitbash.blackboard.board import ClaimCode, OpenQuery, RecordCode, stage_name
from kitbash.blackboard.lanes import DeadLetter
from kitbash.cascade import fuse, generation, reflex, search, synthesis, triage
from kitbash.cascade.collaborators import Collaborators
from kitbash.cascade.deliberation import curated, deliberate
from kitbash.domain import codec
from kitbash.domain.answer import DONT_KNOW, Answer, Status
from kitbash.domain.candidate import Candidate
from kitbash.domain.curation import Curation, curation_from
from kitbash.domain.fact import Fact
from kitbash.domain.ids import QueryId, new_token
from kitbash.domain.layer import Layer, Queue, Stage
from kitbash.domain.lifecycle import Lifecycle
from kitbash.domain.plan import Plan
from kitbash.domain.verdict import Finding, Verdict
from kitbash.errors import KitbashError, StoreUnavailable

_SLOT_POLL_S: Final = 0.05


class Outcome(Enum):
    """What the caller does next."""

    CONTINUE = auto()
    """the stage is done, now or before: go on to the next"""
    OVER = auto()
    """the query has ended, or another delivery runs this stage: drop what is left of this canvas"""


@dataclass(frozen=True, slots=True)
class Stepped:
    """How a step went, and what the stage left for later ones: now, or when it was recorded before."""

    outcome: Outcome
    product: str | None = None


_OVER: Final = Stepped(Outcome.OVER)


def step(stage: Stage, query_id: QueryId, with_: Collaborators, *, shard: int | None = None) -> Stepped:
    """Have one stage claimed, run and recorded, unless it was before or the query is over.

    A stage that was delivered too often is buried with its reason and passed over; a layer that fails says so in its
    verdict. Raises StoreUnavailable only: then nothing was recorded and the stage may be delivered again.
    """
    name, token = stage_name(stage, shard), new_token()
    rule = with_.policy.rule(stage)
    claim = with_.board.claim(query_id, name, token=token, lease_ms=rule.lease_ms, lifecycle=_life(stage, with_))
    if claim.code is ClaimCode.LATE:
        with_.board.finish(query_id, late())
    if claim.query is None:
        return _OVER
    if claim.code is ClaimCode.RECORDED:
        return Stepped(Outcome.CONTINUE, claim.query.work.get(name))
    started_s = time.monotonic()
    if claim.code is ClaimCode.EXHAUSTED:
        finding = _buried(stage, query_id, with_)
    else:
        finding = _run(stage, claim.query, with_, shard)
    latency_ms = (time.monotonic() - started_s) * 1000
    verdict = verdict_of(stage, finding, rule.threshold, latency_ms)
    answer = answer_of(verdict, finding) or refused(finding)
    if answer is None and stage is Stage.GENERATE:
        answer = Answer(Status.UNKNOWN, DONT_KNOW, None, 0.0, finding.evidence)
    code = with_.board.record(
        query_id,
        name,
        token=token,
        verdict=None if stage is Stage.SEARCH else verdict,
        product=finding.product or "",
        answer=answer,
        decisions=finding.decisions,
    )
    is_kept = code in {RecordCode.RECORDED, RecordCode.BEFORE}
    return Stepped(Outcome.CONTINUE, finding.product) if is_kept and answer is None else _OVER


def late() -> Answer:
    """Return the answer of a query that ran out of time."""
    return Answer(Status.EXPIRED, "There was not enough time to answer.", None, 0.0)


def verdict_of(stage: Stage, finding: Finding, threshold: float, latency_ms: float) -> Verdict:
    """Return what a layer said: it passes with an answer at or above its threshold."""
    passed = finding.answer is not None and finding.confidence >= threshold
    return Verdict(stage, finding.confidence, threshold, passed, finding.reason, latency_ms)


def answer_of(verdict: Verdict, finding: Finding) -> Answer | None:
    """Return the answer of a verdict that passed: as sure as that its facts fit and are so."""
    if not verdict.passed or finding.answer is None:
        return None
    if verdict.layer is Layer.KOBOLD:
        # A model may cite only what its words can have come from.
        drawn_on = generation.drawn_on(finding.answer, finding.evidence)
        return Answer(Status.ANSWERED, finding.answer, verdict.layer, finding.confidence, drawn_on)
    least = min((fact.confidence for fact in finding.evidence), default=1.0)
    return Answer(Status.ANSWERED, finding.answer, verdict.layer, finding.confidence * least, finding.evidence)


def refused(finding: Finding) -> Answer | None:
    """Return the end of a query that a layer will not answer, with what it tells the user instead."""
    return None if finding.refusal is None else Answer(Status.UNKNOWN, finding.refusal, None, 0.0, finding.evidence)


def _run(stage: Stage, query: OpenQuery, with_: Collaborators, shard: int | None) -> Finding:
    try:
        return _STAGES[stage](query, with_, shard)
    except StoreUnavailable:
        raise
    except KitbashError as error:
        # Later stages go on with less: without a product of this one.
        return Finding(0.0, f"failed: {error}")


def _buried(stage: Stage, query_id: QueryId, with_: Collaborators) -> Finding:
    reason = "every delivery of this stage died; it was given up"
    with_.board.bury(DeadLetter(stage.queue, stage.value, query_id, reason))
    return Finding(0.0, reason)


def plan_in(work: Mapping[str, str]) -> Plan:
    """Return the plan that triage left."""
    return plan_of(work.get(Stage.TRIAGE.value))


def plan_of(product: str | None) -> Plan:
    """Return the plan in triage's product, or one that searches nothing if triage was given up."""
    return codec.plan_from(product) if product else Plan((), ())


def curation_in(work: Mapping[str, str]) -> Curation:
    """Return what triage left of the evidence; all of it, if the levels were not coupled."""
    product = work.get(Stage.FUSE.value)
    return curation_from(product) if product else Curation()


def candidates_in(work: Mapping[str, str]) -> list[Candidate]:
    """Return the candidates of all shards, in the order of the shards."""
    prefix = stage_name(Stage.SEARCH, 0).removesuffix("0")
    shards = sorted((int(name.removeprefix(prefix)), text) for name, text in work.items() if name.startswith(prefix))
    return [candidate for _, text in shards for candidate in codec.candidates_from(text)]


def _reflex(query: OpenQuery, with_: Collaborators, _: int | None) -> Finding:
    return reflex.answer(query.text, with_.policy.project(query.project), with_.library)


def _triage(query: OpenQuery, with_: Collaborators, _: int | None) -> Finding:
    visible = with_.library.visible(with_.policy.project(query.project).factions)
    return triage.triage(query.text, visible, query.kappa, with_.policy, at_ms=query.at_ms)


def _search(query: OpenQuery, with_: Collaborators, shard: int | None) -> Finding:
    plan = plan_in(query.work)
    cartridges = with_.library.named(plan.shards[shard or 0])
    return search.search(plan, cartridges, with_.policy.candidates)


def _fuse(query: OpenQuery, with_: Collaborators, _: int | None) -> Finding:
    threshold = with_.policy.rule(Stage.FUSE).threshold
    found = deliberate(query, plan_in(query.work), candidates_in(query.work), threshold, with_)
    return found or Finding(0.0, "the query ended while its levels were coupled")


def _synthesise(query: OpenQuery, with_: Collaborators, _: int | None) -> Finding:
    plan, curation = plan_in(query.work), curation_in(query.work)
    candidates = curated(candidates_in(query.work), curation) if len(plan.parts) > 1 else []
    return synthesis.synthesise(plan, candidates, with_.weights, factor=curation.factor)


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


def _life(stage: Stage, with_: Collaborators) -> Lifecycle | None:
    """Return how far a query has come when a stage begins; without a model nothing is injected into a prompt."""
    return None if stage is Stage.GENERATE and with_.generator is None else _LIVES.get(stage)


_LIVES: Final[Mapping[Stage, Lifecycle]] = {
    Stage.SEARCH: Lifecycle.SEARCH,
    Stage.FUSE: Lifecycle.TRIAGE,
    Stage.SYNTHESISE: Lifecycle.SYNTHESIS,
    Stage.GENERATE: Lifecycle.INJECTION,
}
_Stage = Callable[[OpenQuery, Collaborators, int | None], Finding]
_STAGES: Final[Mapping[Stage, _Stage]] = {
    Stage.REFLEX: _reflex,
    Stage.TRIAGE: _triage,
    Stage.SEARCH: _search,
    Stage.FUSE: _fuse,
    Stage.SYNTHESISE: _synthesise,
    Stage.GENERATE: _generate,
}
