"""One stage of one query, run once whatever is delivered twice: claim, run, record.

`tasks/` calls this from a worker and direct mode from the caller, so both give the same answer and the same trace.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from kitbash.cascade import stages
from kitbash.cascade.collaborators import Collaborators
from kitbash.cascade.economy import economy
from kitbash.cascade.holding import LEASE_MS
from kitbash.domain import codec
from kitbash.domain.answer import DONT_KNOW, Answer, Status
from kitbash.domain.fact import Fact
from kitbash.domain.ids import QueryId, new_token
from kitbash.domain.layer import Stage
from kitbash.domain.lifecycle import Lifecycle
from kitbash.domain.tokens import Tokens
from kitbash.domain.verdict import Finding, Verdict
from kitbash.errors import KitbashError, StoreUnavailable
from kitbash.models.generator import Generator

_NO_WORK: Final[Mapping[str, str]] = {}
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
_LAST: Final = frozenset({Stage.GENERATE, Stage.VOTE})
"""The stages after which there is nobody left to ask."""
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
        """Return what a fresh delivery of this job wants; while a model thinks, its lease is short and renewed."""
        lease_ms = with_.policy.rule(self.stage).lease_ms
        if _model_of(self.stage, with_) is not None:
            lease_ms = min(lease_ms, LEASE_MS)
        return Claiming(self.name, new_token(), lease_ms, _life(self.stage, with_))


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
        deltas=found.deltas,
        opinion=found.opinion,
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
    answer, opinion, is_last = answer_of(verdict, finding), "", stage in _LAST
    if stages.is_voter(stage, claim.query.work):
        opinion, answer, is_last = "" if answer is None else codec.answer_to(answer), None, False
    answer = answer or refused(finding)
    if answer is None and is_last:
        answer = Answer(Status.UNKNOWN, DONT_KNOW, None, 0.0, finding.evidence)
    if answer is not None:
        answer = replace(answer, tokens=_tokens(stage, claim.query, answer, finding.product))
    return Recording(
        want.stage,
        want.token,
        verdict=None if stage is Stage.SEARCH else verdict,
        product=finding.product or "",
        answer=answer,
        decisions=finding.decisions,
        deltas=finding.deltas,
        opinion=opinion,
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
    sources = finding.evidence if finding.sources is None else finding.sources
    if finding.layer is not None:
        return Answer(Status.ANSWERED, finding.answer, finding.layer, finding.confidence, sources)
    least = min((fact.confidence for fact in sources), default=1.0)
    return Answer(Status.ANSWERED, finding.answer, verdict.layer, finding.confidence * least, sources)


def refused(finding: Finding) -> Answer | None:
    """Return the end of a query that a layer will not answer, with what it tells the user instead."""
    return None if finding.refusal is None else Answer(Status.UNKNOWN, finding.refusal, None, 0.0, finding.evidence)


def tokens_of(
    question: str, answer: Answer, proposed: Sequence[Fact] = (), work: Mapping[str, str] = _NO_WORK
) -> Tokens:
    """Return what a query cost that ends with an answer; without proposed facts, by those it was answered from."""
    return economy(question, proposed or answer.sources, work, answer.layer)


def _tokens(stage: Stage, query: OpenQuery, answer: Answer, product: str | None) -> Tokens:
    work = {**query.work, **({stage.value: product} if product else {})}
    candidates = stages.candidates_in(query.work)
    whole = [it.fact for it in candidates if it.part == 0] or [it.fact for it in candidates]
    return tokens_of(query.text, answer, whole, work)


def _model_of(stage: Stage, with_: Collaborators) -> Generator | None:
    return {Stage.GENERATE: with_.generator, Stage.SYNTHESISE: with_.composer}.get(stage)


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
