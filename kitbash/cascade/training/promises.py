"""Thresholds for a list of targets, each shown to be kept by `kitbash/cascade/risk.py`."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from kitbash.cascade.risk import choose
from kitbash.cascade.training.figures import Scored
from kitbash.domain.calibration import Promise

TARGETS: Final = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995)
SLIP: Final = 0.6
"""What share of the allowed errors is used up where thresholds are moved over to other people's cartridges.

Thresholds chosen on some articles were found to be 2 to 4 points less precise on others: 95 % wants 97 %.
"""
_DIGITS: Final = 4


def promises(scored: Scored, *, slip: float = 1.0) -> tuple[Promise, ...]:
    """Return a promise for each target that can be kept; each is tested for the target with `slip` of its errors."""
    found: list[Promise] = []
    for target in TARGETS:
        cut = choose(scored, 1 - slip * (1 - target))
        if cut is not None:
            said = (cut.threshold, cut.coverage, cut.precision, cut.at_least)
            found.append(Promise(target, *(round(value, _DIGITS) for value in said)))
    return tuple(found)


def paired(scored: Sequence[tuple[str, float, bool]]) -> list[tuple[float, bool]]:
    """Return questions two and two, as if both were asked at once: both facts must be right.

    Each (text, probability, is right) is used once, in an order that their texts decide, so that pairs are independent.
    """
    mixed = sorted(scored, key=lambda it: sha256(it[0].encode()).digest())
    halves = zip(mixed[::2], mixed[1::2], strict=False)
    return [(one * two, is_right and too) for (_, one, is_right), (_, two, too) in halves]
