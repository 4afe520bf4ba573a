"""A cartridge's own calibration: the shipped probability moved by two numbers, fitted to the cartridge's questions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from kitbash.cascade.training.figures import Scored, calibration_error
from kitbash.cascade.training.fitting import solve
from kitbash.cascade.training.promises import paired, promises
from kitbash.domain.calibration import Calibration, log_odds, moved
from kitbash.errors import UsageError

FEWEST: Final = 10
"""Of fewer questions nothing is learned."""
_SLOPE_WEIGHT: Final = 10.0
_OFFSET_WEIGHT: Final = 2.0
"""What holds the two at 1 and 0: one over the variance of the normal distribution they are thought to come from."""
_ROUNDS: Final = 50
_STILL: Final = 1e-9
_FOLDS: Final = 5
_DIGITS: Final = 4
_LEAST_SLOPE: Final = 0.05
_EDGE: Final = 1e-4


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to a cartridge: how probable its likeliest fact was by the shipped weights, and if it was right."""

    text: str
    probability: float
    is_right: bool


def refit(asked: Sequence[Asked], *, made: str, facts: str, model: str) -> Calibration:
    """Return what questions teach about the shipped probability: a slope and an offset on its log odds, and promises.

    Only two numbers are learned (Platt, 1999), not the twenty-odd weights: a cartridge has dozens of questions, seldom
    thousands, and with as many weights as that the fit would be to the questions' wording. Two numbers also keep the
    order, so that facts of all cartridges still compare, and a threshold chosen on the moved probabilities is the one
    that would have been chosen on the others. They are shrunken towards slope 1 and offset 0, so that
    little data moves little. The error after is measured on questions that the two numbers were not fitted to.
    A question that is given twice counts once.

    Raises UsageError if there are fewer than ten different questions, or only right or only wrong answers.
    """
    once = list({it.text: it for it in reversed(asked)}.values())[::-1]
    right = sum(it.is_right for it in once)
    if len(once) < FEWEST:
        message = f"{len(once)} different questions are too few to calibrate on; {FEWEST} are the fewest"
        raise UsageError(message)
    if right in {0, len(once)}:
        what = "right" if right else "wrong"
        message = f"all {len(once)} answers are {what}; both kinds are needed to tell how sure is sure enough"
        raise UsageError(message)
    slope, offset = fit([(it.probability, it.is_right) for it in once])
    scored = [(it.text, round(moved(it.probability, slope, offset), _DIGITS), it.is_right) for it in once]
    return Calibration(
        slope=slope,
        offset=offset,
        alone=promises([(probability, is_right) for _, probability, is_right in scored]),
        composed=promises(paired(scored)),
        questions=len(once),
        right=right,
        ece_before=round(calibration_error([(it.probability, it.is_right) for it in once]), _DIGITS),
        ece=round(calibration_error(_crossed(once)), _DIGITS),
        made=made,
        facts=facts,
        model=model,
    )


def fit(scored: Scored) -> tuple[float, float]:
    """Return slope and offset by Newton's method; for no data, or one class alone, they are finite too."""
    rows = [(log_odds(min(1 - _EDGE, max(_EDGE, probability))), is_right) for probability, is_right in scored]
    slope, offset = 1.0, 0.0
    for _ in range(_ROUNDS):
        gradient = [_SLOPE_WEIGHT * (1 - slope), -_OFFSET_WEIGHT * offset]
        curve = [[_SLOPE_WEIGHT, 0.0], [0.0, _OFFSET_WEIGHT]]
        for odds, is_right in rows:
            chance = 1 / (1 + math.exp(-max(-60.0, min(60.0, slope * odds + offset))))
            gradient[0] += (is_right - chance) * odds
            gradient[1] += is_right - chance
            spread = chance * (1 - chance)
            curve[0][0] += spread * odds * odds
            curve[0][1] += spread * odds
            curve[1][1] += spread
        curve[1][0] = curve[0][1]
        steps = solve(curve, gradient)
        # A full step from far away can overshoot.
        length = max(1.0, *map(abs, steps))
        slope, offset = slope + steps[0] / length, offset + steps[1] / length
        if max(map(abs, steps)) < _STILL:
            break
    # The order of facts must not be turned round, whatever the data say.
    return round(max(_LEAST_SLOPE, slope), _DIGITS), round(offset, _DIGITS)


def _crossed(asked: Sequence[Asked]) -> list[tuple[float, bool]]:
    """Return each question's probability, moved by what the questions of the other folds teach."""
    folds = [int.from_bytes(sha256(it.text.encode()).digest()[:4]) % _FOLDS for it in asked]
    found: list[tuple[float, bool]] = []
    for fold in range(_FOLDS):
        rest = [(it.probability, it.is_right) for it, its in zip(asked, folds, strict=True) if its != fold]
        slope, offset = fit(rest)
        held = (it for it, its in zip(asked, folds, strict=True) if its == fold)
        found += [(moved(it.probability, slope, offset), it.is_right) for it in held]
    return found
