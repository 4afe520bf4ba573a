"""What scored questions show: thresholds chosen on some and tested on others, and what is promised now."""

from collections.abc import Sequence
from typing import Final

from kitbash.cascade.risk import choose
from kitbash.cascade.training.figures import calibration_error
from kitbash.cascade.training.refit import fit
from kitbash.domain.calibration import moved

TARGET: Final = 0.95
Scored = list[tuple[float, bool]]


def recalibrated_error(fitted: Scored, held_out: Scored) -> float:
    """Return the calibration error on some questions after slope and offset were fitted on others (Platt, 1999)."""
    slope, offset = fit(fitted)
    return calibration_error([(moved(probability, slope, offset), is_right) for probability, is_right in held_out])


def tested(fitted: Scored, held_out: Scored) -> dict[str, object]:
    """Return how a threshold chosen on some questions does on others."""
    cut = choose(fitted, TARGET)
    said = [is_right for p, is_right in held_out if cut and p >= cut.threshold]
    return {
        "target_precision": TARGET,
        "threshold": round(cut.threshold, 4) if cut else None,
        "achieved_precision": round(sum(said) / len(said), 4) if said else None,
        "coverage": round(len(said) / len(held_out), 4) if held_out else 0.0,
        "answered": len(said),
    }


def in_force(answered: Sequence[bool], right: Sequence[bool]) -> dict[str, float | None]:
    """Return what share is answered with the thresholds in force, and what share of that is right."""
    said = [is_right for is_said, is_right in zip(answered, right, strict=True) if is_said]
    return {"coverage": round(len(said) / len(right), 4), "precision": share(said)}


def share(some: Sequence[bool]) -> float | None:
    """Return the share of those that are so, None of none."""
    return round(sum(some) / len(some), 4) if some else None
