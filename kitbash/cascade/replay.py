"""An archived query run again from what was recorded: triage, coupling and policy, without search and without a model.

With nothing changed every decision, check, contradiction and verdict comes out the same. What lies beyond the recorded
candidates (a stage that never ran, a reply that was not sure enough) cannot be known, and is said to be unrecorded.
Layers 0 and 1 are not run again: they read cartridges.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from kitbash.cascade import agent, consensus, coupling, intent, spotlight
from kitbash.cascade.confidence import Weights
from kitbash.cascade.deliberation import curated, settled
from kitbash.cascade.overrides import Overrides
from kitbash.cascade.record import thought
from kitbash.cascade.recorded import Recorded
from kitbash.cascade.route import CLOSING, VOTERS
from kitbash.cascade.step import FAILED, GIVEN_UP, answer_of, refused, verdict_of
from kitbash.cascade.synthesis import synthesise
from kitbash.domain import codec
from kitbash.domain.answer import DONT_KNOW, Answer, Status
from kitbash.domain.bus import BusState
from kitbash.domain.context import widths
from kitbash.domain.coupling import Coupled
from kitbash.domain.curation import Curation, curation_from
from kitbash.domain.decision import Decision
from kitbash.domain.item import ident_of
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.plan import Plan
from kitbash.domain.verdict import Finding, Verdict

_LAST: Final = frozenset({Stage.GENERATE, Stage.VOTE})
_NEVER_RAN: Final = (FAILED, GIVEN_UP)
"""How the verdict of a stage begins that was passed over."""


class Change(StrEnum):
    """What of a query can come out otherwise."""

    ANSWER = "answer"
    VERDICTS = "verdicts"
    DECISIONS = "routing_decisions"
    CHECKS = "coupling_checks"
    DELTAS = "structural_deltas"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a query comes out. `answer` is None when that was never recorded; `bus` is None without coupling."""

    answer: Answer | None
    verdicts: tuple[Verdict, ...]
    bus: BusState | None = None
    decisions: tuple[Decision, ...] = ()

    def lines(self) -> Mapping[Any, Sequence[Mapping[str, object]]]:
        """Return the lines the archive would hold about its decisions, checks and contradictions."""
        items, coupled = ((), Coupled(0)) if self.bus is None else (self.bus.items, self.bus.coupled)
        return thought(items, coupled, self.decisions)


def replay(was: Recorded, set_to: Overrides) -> Outcome:
    """Return how a query comes out with these settings. Pure."""
    return _Replay(was, set_to).run()


class _Replay:
    """One query on its way through the recorded stages."""

    def __init__(self, was: Recorded, set_to: Overrides) -> None:
        self._was = was
        self._set_to = set_to
        self._thresholds = {**was.thresholds, **set_to.thresholds}
        self._kappa = was.kappa if set_to.kappa is None else set_to.kappa
        self._verdicts: list[Verdict] = []
        self._bus: BusState | None = None
        self._decisions = was.planned
        self._curation = Curation()
        self._is_unrecorded = False
        self._opinions: dict[Stage, Answer] = {}

    def run(self) -> Outcome:
        for said in self._was.verdicts:
            answer = self._stage(said)
            if answer is not None or self._is_unrecorded:
                return self._outcome(answer)
        was = self._was
        if self._bus is None and was.plan is not None and was.weights is not None:
            # Its levels were coupled, and nobody was left to rule.
            self._bus = self._coupled(was.plan, was.weights)
        # Nobody answered, then as now: whatever ended the query from outside ends it again.
        last = was.verdicts[-1] if was.verdicts else None
        is_same = not (last and last.passed and not self._votes(last.stage)) and was.answer is not None
        ends_so = was.answer is not None and was.answer.layer is None and not self._refused_before()
        return self._outcome(was.answer if is_same and ends_so else None)

    def _refused_before(self) -> bool:
        """Return whether the query ended at Layer 2 with a refusal, so that later stages were never recorded."""
        last = self._was.verdicts[-1].stage if self._was.verdicts else None
        return last is Stage.FUSE and self._was.answer is not None and self._was.answer.status is Status.UNKNOWN

    def _outcome(self, answer: Answer | None) -> Outcome:
        return Outcome(answer, tuple(self._verdicts), self._bus, self._decisions)

    def _votes(self, stage: Stage) -> bool:
        return self._was.voting is not None and stage in VOTERS

    def _stage(self, said: Verdict) -> Answer | None:
        finding = self._finding(said)
        threshold = self._thresholds[said.layer]
        if finding is None:
            is_set = said.layer in self._set_to.thresholds
            passed = said.passed and (said.confidence >= threshold or not is_set)
            self._verdicts.append(replace(said, threshold=threshold, passed=passed))
            if self._votes(said.stage):
                self._recall(said, threshold, passed=passed)
                return None
            if passed:
                return self._was.answer
            ends = said.stage in _LAST
            if ends and is_set and not said.passed and said.confidence and said.confidence >= threshold:
                # A reply that is sure enough now; a model's words are kept only in an answer.
                self._is_unrecorded = True
                return None
            return Answer(Status.UNKNOWN, DONT_KNOW, None, 0.0, self._nearest()) if ends else None
        verdict = verdict_of(said.stage, finding, threshold, said.latency_ms)
        # What stands on the blackboard is rounded.
        self._verdicts.append(codec.verdict_from(codec.verdict_to(verdict)))
        answer = answer_of(verdict, finding)
        if answer is not None and self._votes(said.stage):
            # As it stood on the blackboard for the vote.
            self._opinions[said.stage] = codec.answer_from(codec.answer_to(answer))
            answer = None
        if answer is None and said.stage is Stage.VOTE:
            return Answer(Status.UNKNOWN, DONT_KNOW, None, 0.0, self._nearest())
        return answer or refused(finding)

    def _recall(self, said: Verdict, threshold: float, *, passed: bool) -> None:
        """Take up the recorded opinion of an engine that is not asked again; one it did not have is not known."""
        opinion = None if self._was.voting is None else self._was.voting.opinions.get(said.stage)
        if passed and opinion is not None:
            self._opinions[said.stage] = opinion
        elif (
            not said.passed
            and said.confidence
            and said.confidence >= threshold
            and said.layer in self._set_to.thresholds
        ):
            self._is_unrecorded = True

    def _nearest(self) -> tuple[Any, ...]:
        return () if self._was.answer is None else self._was.answer.sources

    def _finding(self, said: Verdict) -> Finding | None:
        """Return what a stage says now, or None for one that is not run again."""
        was, stage = self._was, said.stage
        is_known = not said.reason.startswith(_NEVER_RAN) and stage.value not in was.wrote
        if stage is Stage.VOTE and was.voting is not None and is_known:
            said_by = [self._opinions[it] for it in CLOSING if it in self._opinions]
            return consensus.voted(was.text, was.voting.plan, said_by, was.voting.weights)
        if was.plan is None or was.weights is None or not is_known:
            return None
        if stage is Stage.FUSE:
            return self._fused(was.plan, was.weights)
        if stage is Stage.SYNTHESISE:
            candidates = curated(was.candidates, self._curation)
            is_calibrated = Layer.SYNTHESIS in self._curation.calibrated
            factor = self._curation.factor
            return synthesise(was.plan, candidates, was.weights, factor=factor, is_calibrated=is_calibrated)
        return None

    def _fused(self, plan: Plan, weights: Weights) -> Finding:
        bus = self._bus = self._coupled(plan, weights)
        ruling = agent.rule(bus)
        self._decisions = (*self._was.planned, *ruling.decisions)
        threshold = self._thresholds[Layer.CARTRIDGE]
        was = self._was
        # A threshold that is set now holds against what the facts' own would be.
        calibrated = frozenset[Layer]() if was.curation is None else was.curation.calibrated
        calibrated -= self._set_to.thresholds.keys()
        found = settled(bus, ruling, plan, was.candidates, weights=weights, threshold=threshold, calibrated=calibrated)
        self._curation = curation_from(found.product) if found.product else Curation()
        return found

    def _coupled(self, plan: Plan, weights: Weights) -> BusState:
        """Return the bus as it is when the recorded items are coupled with the kappa of now."""
        was = self._was
        asked = intent.asked(was.text, plan.form, self._kappa)
        meant = tuple(asked if it.ident == asked.ident and it.level is asked.level else it for it in was.items)
        proposed = spotlight.proposals(spotlight.ranked_parts(was.candidates, weights))
        context = None if was.curation is None else was.curation.context
        room = widths(context, base=was.items_per_level)
        items = meant if was.curation is None else spotlight.fill(proposed, meant, room)
        coupled = coupling.couple(items, self._kappa, was.coupled_ms)
        health = coupling.health(coupled.deltas, was.dissonance_threshold)
        facts = (it.ident for it in meant if it.level.states_facts)
        names = tuple(dict.fromkeys((*(it.ident for it in proposed), *facts)))
        return BusState(
            names,
            items,
            coupled,
            health,
            context,
            leans=plan.leans,
            world=intent.world(was.text),
            items_per_level=was.items_per_level,
            dissonance_threshold=was.dissonance_threshold,
        )


def changes(was: Recorded, now: Outcome, set_to: Overrides) -> list[Change]:
    """Return what of the answer and the verdicts came out otherwise; that a threshold is set is no change."""
    found: list[Change] = []
    if _said(was.answer) != _said(now.answer):
        found.append(Change.ANSWER)
    before = [replace(it, threshold=set_to.thresholds.get(it.layer, it.threshold)) for it in was.verdicts]
    if [codec.verdict_to(it) for it in before] != [codec.verdict_to(it) for it in now.verdicts]:
        found.append(Change.VERDICTS)
    return found


def _said(answer: Answer | None) -> str:
    """Return an answer as it is compared: its facts by name, since a spotlight does not hold their origins."""
    if answer is None:
        return ""
    record = json.loads(codec.answer_to(replace(answer, sources=(), tokens=None)))
    return codec.dumps(record | {"sources": [ident_of(fact) for fact in answer.sources]})
