"""What becomes of a grain: the rules of its pipeline, as pure decisions.

Hits make a candidate persistent, a steady one locks, and one that passes every gate crystallises. The order and the
numbers are those of the first Kitbash's Shannon grains but where a docstring says otherwise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kitbash.blackboard.board import Trace
from kitbash.domain.answer import Answer, Status
from kitbash.domain.fact import Fact, content_hash
from kitbash.domain.grain import MAX_FORM_CHARS, Grain, GrainState, Hit, Subject, by_form
from kitbash.domain.item import ident_of
from kitbash.domain.layer import Layer
from kitbash.domain.level import Level
from kitbash.domain.normal_form import normal_form

PERSISTENT_HITS: Final = 5
PERSISTENT_MEAN: Final = 0.75
LOCK_CYCLES: Final = 5
"""Over how many completed cycles a grain must be steady to lock.

The first Kitbash asked for fifty, of a hundred queries each: more than many people ask in a year. What fifty showed,
that a question comes back in its own rhythm and is as sure each time, five show too.
"""
LOCK_RETURNS: Final = 2
"""In how many of those it must have been asked: a question asked ten times in one hour is no habit."""
STEADY: Final = 0.8
LEAST_MEAN: Final = 0.91
MOST_VARIANCE: Final = 0.02
BY_GRAIN: Final = "grain "
"""How the reason of a verdict begins that a grain passed."""

_MOST_DISPERSION: Final = 10.0
_MOST_SPREAD: Final = 0.25


class Gate(StrEnum):
    """What a locked grain must pass to crystallise."""

    PERSISTENCE = "persistence"
    """its fact is there, in the wording it was hit with; whatever its state, a grain that fails this dies"""
    LEAST_RESISTANCE = "least resistance"
    """it is right with a probability above 0.91: its mean confidence, and what was said of it since

    The first Kitbash knew only the confidence; where people judge, what they say outweighs it.
    """
    INDEPENDENCE = "independence"
    """it is as sure whatever else is asked: the variance of its confidence is below 0.02"""
    COHERENCE = "coherence"
    """no fact of level L0 or L1 contradicts its own"""


@dataclass(frozen=True, slots=True)
class Judged:
    """What is decided of a grain, and why; `failed` are the gates it did not pass."""

    state: GrainState
    reason: str
    failed: tuple[Gate, ...] = ()


def subject_of(question: str, fact: Fact) -> Subject | None:
    """Return what a grain of this question and fact is about; None where there can be none.

    A question of no words or of too many has none, nor has what is no fact: intents and masks.
    """
    form = normal_form(question)
    if not form or len(form) > MAX_FORM_CHARS or not fact.level.states_facts:
        return None
    return Subject(form, fact.cartridge, fact.fact_id, content_hash(fact.text))


def answered_by(question: str, answer: Answer | None) -> Subject | None:
    """Return the question and the fact that answered it, if one fact did, at Layer 0 or 2; else None."""
    if answer is None or answer.status is not Status.ANSWERED or len(answer.sources) != 1:
        return None
    return subject_of(question, answer.sources[0]) if answer.layer in {Layer.REFLEX, Layer.CARTRIDGE} else None


def hit_of(trace: Trace) -> Hit | None:
    """Return what an ended query counts for: one that search answered with a single fact, or that a grain answered."""
    subject = answered_by(trace.text, trace.answer)
    said = next((verdict for verdict in reversed(trace.verdicts) if verdict.passed), None)
    if subject is None or said is None:
        return None
    if said.layer is Layer.CARTRIDGE:
        return Hit(subject, said.confidence)
    return Hit(subject, None) if said.reason.startswith(BY_GRAIN) else None


def judged(grain: Grain, fact: Fact | None, rivals: Sequence[Fact] = (), *, lock_cycles: int = LOCK_CYCLES) -> Judged:
    """Return the state that a grain has earned by now, at most one step beyond the one it is in.

    `fact` is the one of its name as its cartridge has it now, None if that is gone; `rivals` are those that contradict
    it. The grain must be `at` the current cycle.
    """
    dead = _dead(grain, fact)
    if dead is not None:
        return dead
    if grain.state is GrainState.CANDIDATE:
        return _persistent(grain)
    if grain.state is GrainState.PERSISTENT:
        return _locked(grain, lock_cycles)
    if grain.state is GrainState.LOCKED:
        return _crystallised(grain, rivals)
    return Judged(grain.state, "it is crystallised")


def served(grains: Sequence[Grain], target_precision: float) -> Mapping[str, tuple[Grain, ...]]:
    """Return those that may answer at a target precision, by the form of their question."""
    return by_form([grain for grain in grains if grain.is_served(target_precision)])


def steadiness(grain: Grain, lock_cycles: int = LOCK_CYCLES) -> float | None:
    """Return how steadily a grain comes back, 0 to 1; None before it was asked in two of `lock_cycles` cycles.

    The lesser of two consistencies, of its hits and of its confidence, as in the first Kitbash; but hits are measured
    by their variance over their mean, which is about 1 for whatever comes by chance. The plain variance would keep a
    question that is often asked from ever locking.
    """
    recent = grain.history[-lock_cycles:]
    if len(recent) < lock_cycles or sum(1 for hits in recent if hits) < LOCK_RETURNS:
        return None
    mean = sum(recent) / lock_cycles
    dispersion = sum((hits - mean) ** 2 for hits in recent) / lock_cycles / max(1.0, mean)
    return min(1 - min(dispersion / _MOST_DISPERSION, 1), 1 - min(grain.variance / _MOST_SPREAD, 1))


def _dead(grain: Grain, fact: Fact | None) -> Judged | None:
    subject = grain.subject
    if grain.state is GrainState.DEAD:
        return Judged(grain.state, "its fact changed")
    named = f"{subject.cartridge}#{subject.fact_id}"
    if fact is None:
        return Judged(GrainState.DEAD, f"{named} is gone", (Gate.PERSISTENCE,))
    if content_hash(fact.text) != subject.fact_hash:
        return Judged(GrainState.DEAD, f"{named} says something else now", (Gate.PERSISTENCE,))
    return None


def _persistent(grain: Grain) -> Judged:
    if grain.hits < PERSISTENT_HITS:
        return Judged(grain.state, f"{grain.hits} of {PERSISTENT_HITS} hits")
    if grain.mean < PERSISTENT_MEAN:
        return Judged(grain.state, f"a mean confidence of {grain.mean:.2f}, below {PERSISTENT_MEAN}")
    return Judged(GrainState.PERSISTENT, f"{grain.hits} hits with a mean confidence of {grain.mean:.2f}")


def _locked(grain: Grain, lock_cycles: int) -> Judged:
    steady = steadiness(grain, lock_cycles)
    if steady is None:
        return Judged(grain.state, f"not asked in {LOCK_RETURNS} of the last {lock_cycles} cycles")
    if steady <= STEADY:
        return Judged(grain.state, f"steady to {steady:.2f}, not above {STEADY}")
    return Judged(GrainState.LOCKED, f"steady to {steady:.2f} over {lock_cycles} cycles")


def _crystallised(grain: Grain, rivals: Sequence[Fact]) -> Judged:
    failed: list[Gate] = []
    why: list[str] = []
    if grain.precision.mean <= LEAST_MEAN:
        failed.append(Gate.LEAST_RESISTANCE)
        why.append(f"a precision of {grain.precision.mean:.2f}, not above {LEAST_MEAN}")
    if grain.variance >= MOST_VARIANCE:
        failed.append(Gate.INDEPENDENCE)
        why.append(f"a variance of {grain.variance:.3f}, not below {MOST_VARIANCE}")
    contradicting = [it for it in rivals if it.level <= Level.AXIOMATIC]
    if contradicting:
        failed.append(Gate.COHERENCE)
        why.append(f"{ident_of(contradicting[0])} contradicts it")
    if failed:
        return Judged(grain.state, "; ".join(why), tuple(failed))
    return Judged(GrainState.CRYSTALLISED, "it passed every gate")
