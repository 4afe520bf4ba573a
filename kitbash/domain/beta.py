"""The Beta distribution, as far as a share with right and wrong cases needs it."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_STEPS: Final = 60
_TERMS: Final = 500
_TINY: Final = 1e-300
_EXACT: Final = 1e-15


@dataclass(frozen=True, slots=True)
class Beta:
    """What is known of a share, 0 to 1: `right` and `wrong` are pseudo-counts, both above 0.

    Raises ValueError for others.
    """

    right: float
    wrong: float

    def __post_init__(self) -> None:
        """Refuse pseudo-counts that are none."""
        if not (0 < self.right < math.inf and 0 < self.wrong < math.inf):
            message = f"{self.right} right and {self.wrong} wrong are no pseudo-counts; both lie above 0"
            raise ValueError(message)

    @property
    def mean(self) -> float:
        """Return the mean, 0 to 1."""
        return self.right / (self.right + self.wrong)

    def below(self, share: float) -> float:
        """Return how probable it is that the share lies below this one: the regularised incomplete beta function."""
        if share <= 0:
            return 0.0
        if share >= 1:
            return 1.0
        a, b = self.right, self.wrong
        log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(share) + b * math.log1p(-share)
        front = math.exp(log_front)
        # The fraction converges fast only on its own side of the mean.
        if share < (a + 1) / (a + b + 2):
            return min(1.0, front * _fraction(a, b, share) / a)
        return max(0.0, 1 - front * _fraction(b, a, 1 - share) / b)

    def quantile(self, probability: float) -> float:
        """Return the share below which this much of the probability lies, to 15 digits, by bisection."""
        return _quantile(self, probability)


@lru_cache(maxsize=4096)
def _quantile(of: Beta, probability: float) -> float:
    # Kept, since what was found once is printed with every answer.
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if of.below(middle) >= probability else (middle, high)
    return low


def _fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of the incomplete beta function by Lentz's method (Numerical Recipes, 6.4)."""
    c, d = 1.0, _inverse(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = _inverse(1 + term * d)
            c = _apart_from_0(1 + term / c)
            found *= c * d
        if abs(c * d - 1) < _EXACT:
            break
    return found


def _inverse(value: float) -> float:
    return 1 / _apart_from_0(value)


def _apart_from_0(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
