"""How sure is sure enough: a recalibrated probability, and the thresholds that were shown to keep a precision."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

NEVER: Final = 1.0
"""A threshold that nothing judged reaches: where no precision can be promised, nothing is answered."""
EXACT: Final = 0.99
"""How sure an exact question form is. Not 1: an alias can be a poor one."""
_MOST: Final = 30.0
_SAME: Final = 1e-9


class Origin(StrEnum):
    """Which questions a threshold was chosen on."""

    NONE = "none"
    EXACT = "exact form"
    ALIASES = "starter, with aliases"
    TEXTS = "starter, without aliases"
    CARTRIDGE = "its own questions"


@dataclass(frozen=True, slots=True)
class Scale:
    """How a candidate's probability is read: moved by `slope` and `offset` on its log odds, enough from `threshold` on.

    `composed` is the threshold where it is one of several facts of an answer. All but the offset are 0 to 1 or, for the
    slope, above 0.
    """

    slope: float = 1.0
    offset: float = 0.0
    threshold: float = NEVER
    composed: float = NEVER
    origin: Origin = Origin.NONE

    def moved(self, probability: float) -> float:
        """Return the probability, 0 to 1, after recalibration; the same to the last digit where nothing is moved."""
        return moved(probability, self.slope, self.offset)


UNSCALED: Final = Scale()
"""Nothing is moved, and nothing is enough."""


@dataclass(frozen=True, slots=True)
class Promise:
    """From `threshold` on at least `target` of the answers are right: shown with the bound `at_least`.

    `coverage` is the share of the questions that is answered then, `precision` the share of these that was right.
    """

    target: float
    threshold: float
    coverage: float
    precision: float
    at_least: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What some questions taught about a probability. `alone` and `composed` are promises in order of their targets.

    `questions` were asked, for `right` of them the likeliest fact was right. `ece_before` is the expected calibration
    error without `slope` and `offset`, `ece` with them. `made` is a date; `facts` and `model` are the digests of the
    facts and of the shipped weights it holds for, empty for the shipped ones.
    """

    slope: float = 1.0
    offset: float = 0.0
    alone: tuple[Promise, ...] = ()
    composed: tuple[Promise, ...] = ()
    questions: int = 0
    right: int = 0
    ece_before: float = 0.0
    ece: float = 0.0
    made: str = ""
    facts: str = ""
    model: str = ""

    def moved(self, probability: float) -> float:
        """Return the probability, 0 to 1, after recalibration."""
        return moved(probability, self.slope, self.offset)


UNTAUGHT: Final = Calibration()
"""What no questions teach."""


def promised(promises: Sequence[Promise], target: float) -> Promise | None:
    """Return the promise of a target, or of the next higher one there is; None if none reaches it."""
    return next((it for it in promises if it.target >= target - _SAME), None)


def moved(probability: float, slope: float, offset: float) -> float:
    """Return a probability moved on its log odds (Platt, "Probabilistic Outputs for Support Vector Machines", 1999)."""
    if slope == 1.0 and not offset:
        return probability
    return 1 / (1 + math.exp(-max(-_MOST, min(_MOST, slope * log_odds(probability) + offset))))


def log_odds(probability: float) -> float:
    """Return the log odds of a probability, at most 30 to either side."""
    if probability <= 0 or probability >= 1:
        return -_MOST if probability <= 0 else _MOST
    return max(-_MOST, min(_MOST, math.log(probability / (1 - probability))))
