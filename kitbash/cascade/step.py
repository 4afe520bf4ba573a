"""One stage of one query, run once whatever is delivered twice: claim, run, record.

`tasks/` calls this from a worker and direct mode from the caller, so both give the same answer and the same trace.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from kitbash.blackboard.board import (
    Claim,
    ClaimCode,
    Claiming,
    OpenQuery,
    RecordCode,
    Recording,
    stage_name,
)
from kitbash.blackboard.lanes import DeadLetter
from kitbash.cascade import generation, stages
from kitbash.cascade.collaborators import Collaborators
from kitbash.domain.answer import DONT_KNOW, Answer, Status
from kitbash.domain.ids import QueryId, new_token
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.lifecycle import Lifecycle
from kitbash.domain.verdict import Finding, Verdict
from kitbash.errors import KitbashError, StoreUnavailable

FAILED: Final = "failed: "
GIVEN_UP: Final = "every delivery of this stage died; it was given up"
"""How the reason of a verdict begins whose stage did not come to think; a replay passes it over too."""


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
KEPT: Final = frozenset({RecordCode.RECORDED, RecordCode.BEFORE})


@dataclass(frozen=True, slots=True)
class Job:
    """One stage to run: of a search, one shard."""

    stage: Stage
    shard: int | None = None

    @property
    def name(self) -> str:
        """Return the name under which it is claimed and recorded."""
        return stage_name(self.stage, self.shard)

    def claiming(self, with_: Collaborators) -> Claiming:
        """Return what a fresh delivery of this job wants."""
        return Claiming(self.name, new_token(), with_.policy.rule(self.stage).lease_ms, _life(self.stage, with_))


def step(stage: Stage, query_id: QueryId, with_: Collaborators, *, shard: int | None = None) -> Stepped:
    """Have one stage claimed, run and recorded, unless it was before or the query is over.

    A stage that was delivered too often is buried with its reason and passed over; a layer that fails says so in its
    verdict. Raises StoreUnavailable only: then nothing was recorded and the stage may be delivered again.
    """
    job = Job(stage, shard)
    want = job.claiming(with_)
    found = work(job, query_id, want, claimed(query_id, want, with_), with_)
    if isinstance(found, Stepped):
        return found
    code = recorded(query_id, found, with_)
    return Stepped(Outcome.CONTINUE, found.product or None) if code in KEPT and found.answer is None else _OVER


def claimed(query_id: QueryId, want: Claiming, with_: Collaborators) -> Claim:
    """Return what came of claiming a stage."""
    return with_.board.claim(query_id, want.stage, token=want.token, lease_ms=want.lease_ms, lifecycle=want.lifecycle)


def recorded(query_id: QueryId, found: Recording, with_: Collaborators) -> RecordCode:
    """Have recorded what the holder of a stage found."""
    return with_.board.record(
        query_id,
        found.stage,
        token=found.token,
        verdict=found.verdict,
        product=found.product,
        answer=found.answer,
        decisions=found.decisions,
    )


def work(job: Job, query_id: QueryId, want: Claiming, claim: Claim, with_: Collaborators) -> Recording | Stepped:
    """Return what the holder of a claim found, still to be recorded; or how the step went, if it need not run."""
    if claim.code is ClaimCode.LATE:
        with_.board.finish(query_id, late())
    if claim.query is None:
        return _OVER
    if claim.code is ClaimCode.RECORDED:
        return Stepped(Outcome.CONTINUE, claim.query.work.get(job.name))
    stage = job.stage
    started_s = time.monotonic()
    if claim.code is ClaimCode.EXHAUSTED:
        finding = _buried(stage, query_id, with_)
    else:
        finding = _run(stage, claim.query, with_, job.shard)
    latency_ms = (time.monotonic() - started_s) * 1000
    verdict = verdict_of(stage, finding, with_.policy.rule(stage).threshold, latency_ms)
    answer = answer_of(verdict, finding) or refused(finding)
    if answer is None and stage is Stage.GENERATE:
        answer = Answer(Status.UNKNOWN, DONT_KNOW, None, 0.0, finding.evidence)
    return Recording(
        want.stage,
        want.token,
        verdict=None if stage is Stage.SEARCH else verdict,
        product=finding.product or "",
        answer=answer,
        decisions=finding.decisions,
    )


def late() -> Answer:
    """Return the answer of a query that ran out of time."""
    return Answer(Status.EXPIRED, "There was not enough time to answer.", None, 0.0)


def verdict_of(stage: Stage, finding: Finding, threshold: float, latency_ms: float) -> Verdict:
    """Return what a layer said: it passes with an answer at or above its threshold, or that of its facts."""
    threshold = threshold if finding.threshold is None else finding.threshold
    passed = finding.answer is not None and finding.confidence >= threshold
    # As the blackboard rounds them, so that a verdict reads the same wherever it comes from.
    return Verdict(stage, round(finding.confidence, 6), threshold, passed, finding.reason, round(latency_ms, 3))


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
        return stages.RUNS[stage](query, with_, shard)
    except StoreUnavailable:
        raise
    except KitbashError as error:
        # Later stages go on with less: without a product of this one.
        return Finding(0.0, FAILED + str(error))


def _buried(stage: Stage, query_id: QueryId, with_: Collaborators) -> Finding:
    reason = GIVEN_UP
    with_.board.bury(DeadLetter(stage.queue, stage.value, query_id, reason))
    return Finding(0.0, reason)


def _life(stage: Stage, with_: Collaborators) -> Lifecycle | None:
    """Return how far a query has come when a stage begins; without a model nothing is injected into a prompt."""
    return None if stage is Stage.GENERATE and with_.generator is None else _LIVES.get(stage)


_LIVES: Final[Mapping[Stage, Lifecycle]] = {
    Stage.SEARCH: Lifecycle.SEARCH,
    Stage.FUSE: Lifecycle.TRIAGE,
    Stage.SYNTHESISE: Lifecycle.SYNTHESIS,
    Stage.GENERATE: Lifecycle.INJECTION,
}
