"""What becomes of a grain: the rules of its pipeline, as pure decisions.

Hits make a candidate persistent, a steady one locks, and one that passes every gate crystallises. The order and the
numbers are those of the first Kitbash's Shannon grains but where a docstring says otherwise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kitbash.blackboard.board import Trace
from kitbash.cascade.confidence import EXACT
from kitbash.domain.answer import Status
from kitbash.domain.fact import Fact, content_hash
from kitbash.domain.grain import MAX_FORM_CHARS, Grain, GrainState, Hit, Subject, by_form
from kitbash.domain.layer import Layer
from kitbash.domain.normal_form import normal_form

PERSISTENT_HITS: Final = 5
PERSISTENT_MEAN: Final = 0.75
LOCK_CYCLES: Final = 5
"""Over how many completed cycles a grain must be steady to lock.

The first Kitbash asked for fifty, of a hundred queries each: more than most people ask in a year. What fifty showed,
that a question comes back in its own rhythm and is as sure each time, five show too.
"""
LOCK_RETURNS: Final = 2
"""In how many of those it must have been asked: a question asked ten times in one hour is no habit."""
STEADY: Final = 0.8
LEAST_MEAN: Final = 0.91
MOST_VARIANCE: Final = 0.02
BY_GRAIN: Final = "grain "
"""How the reason of a verdict begins that a grain passed."""


class Gate(StrEnum):
    """What a locked grain must pass to crystallise."""

    PERSISTENCE = "persistence"
    """its fact is there, in the wording it was hit with"""
    LEAST_RESISTANCE = "least_resistance"
    """it is found with a mean confidence above 0.91"""
    INDEPENDENCE = "independence"
    """it is as sure whatever else is asked: the variance of its confidence is below 0.02"""
    COHERENCE = "coherence"
    """no visible fact of level L0 or L1 contradicts its own"""
    SINGLE = "single"
    """no other crystallised grain has the same form and another fact that the same projects see"""


@dataclass(frozen=True, slots=True)
class Judged:
    """What is decided of a grain; `failed` are the gates it did not pass."""

    state: GrainState
    reason: str
    failed: tuple[Gate, ...] = ()


def hit_of(trace: Trace) -> Hit | None:
    """Return what an ended query counts for: one that search answered with a single fact, or that a grain answered."""
    raise NotImplementedError


def subject_of(question: str, fact: Fact) -> Subject | None:
    """Return what a grain of this question and fact is about; None for a question that cannot have one."""
    raise NotImplementedError


def judged(
    grain: Grain,
    fact: Fact | None,
    rivals: Sequence[Fact] = (),
    others: Sequence[Grain] = (),
    *,
    lock_cycles: int = LOCK_CYCLES,
) -> Judged:
    """Return the state that a grain has earned by now, at most one step further than it is, and why.

    `fact` is the one of its name as its cartridge has it, None if that is gone; `rivals` are those that contradict it;
    `others` the crystallised grains of its form. The grain is to be `at` the current cycle.
    """
    raise NotImplementedError


def served(grains: Sequence[Grain], target_precision: float) -> Mapping[str, tuple[Grain, ...]]:
    """Return those that may answer at a target precision, by form."""
    raise NotImplementedError
