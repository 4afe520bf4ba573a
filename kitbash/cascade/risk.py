"""The threshold above which answers are right often enough, with a bound that holds for a finite sample.

Angelopoulos, Bates, Candès, Jordan, Lei: "Learn then Test: Calibrating Predictive Algorithms to Achieve Risk Control"
(arXiv:2110.01052): every threshold is a hypothesis "too many answers above it are wrong", tested by an exact binomial
tail (Clopper and Pearson, 1934). They are tested in a fixed sequence, from few answers to many, up to the first that
is not rejected, so the whole sequence errs no more often than one test. It holds for questions drawn as those it was
chosen on; for others it is a guess.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_STEPS: Final = 60
_START: Final = 0.1
"""Which share of the questions the first test answers: of fewer, one odd label would end the sequence."""
_WIDER: Final = 1.1


@dataclass(frozen=True, slots=True)
class Cut:
    """A threshold, what share of the questions it answers, how many of these were right, and what is sure of that.

    `at_least` bounds the precision from below, 0 to 1, with the confidence it was chosen with.
    """

    threshold: float
    coverage: float
    precision: float
    at_least: float


def lower_bound(right: int, total: int, delta: float) -> float:
    """Return the Clopper-Pearson lower bound, 0 to 1, of a share: it is below the true one but for `delta` of samples.

    Raises ValueError unless 0 <= right <= total and 0 < delta < 1.
    """
    if not 0 <= right <= total or not 0 < delta < 1:
        message = f"{right} of {total} at {delta} is no share with an error"
        raise ValueError(message)
    if not right:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if _at_least(right, total, middle) > delta else (middle, high)
    return low


def interval(right: int, total: int, *, delta: float = 0.05) -> tuple[float, float]:
    """Return the Clopper-Pearson interval, 0 to 1, of a share: it misses the true one for at most `delta` of samples.

    Raises ValueError as `lower_bound` does.
    """
    return lower_bound(right, total, delta / 2), 1 - lower_bound(total - right, total, delta / 2)


def choose(scored: Sequence[tuple[float, bool]], target: float, *, delta: float = 0.1) -> Cut | None:
    """Return the cut that answers most with a precision of `target` or more, but for `delta` of samples; None if none.

    `scored` is (probability, is right) of each question. Which thresholds are tested depends on the probabilities
    alone, never on what was right. Equal probabilities are answered together or not at all.
    """
    if not scored:
        return None
    ranked = sorted(scored, key=lambda it: -it[0])
    ends = [at for at in range(1, len(ranked) + 1) if at == len(ranked) or ranked[at][0] < ranked[at - 1][0]]
    found: Cut | None = None
    for end in dict.fromkeys(_nearest(ends, count) for count in _counts(len(ranked), target, delta)):
        right = sum(is_right for _, is_right in ranked[:end])
        bound = lower_bound(right, end, delta)
        if bound < target:
            break
        found = Cut(ranked[end - 1][0], end / len(ranked), right / end, bound)
    return found


def _counts(total: int, target: float, delta: float) -> list[int]:
    """Return how many answers are tried: first a tenth, or twice the fewest that could pass, each step a tenth more."""
    fewest = math.ceil(math.log(delta) / math.log(target)) if 0 < target < 1 else total
    count = max(2 * fewest, math.ceil(_START * total))
    found: list[int] = []
    while count < total:
        found.append(count)
        count = math.ceil(count * _WIDER)
    return [*found, total]


def _nearest(ends: Sequence[int], count: int) -> int:
    return min(ends, key=lambda end: (abs(end - count), end))


def _at_least(right: int, total: int, p: float) -> float:
    """Return how probable it is that `right` or more of `total` are right when each is with probability `p`."""
    if p <= 0 or p >= 1:
        return float(p >= 1 or not right)
    log_p, log_q = math.log(p), math.log1p(-p)
    whole = math.lgamma(total + 1)
    terms = (
        whole - math.lgamma(k + 1) - math.lgamma(total - k + 1) + k * log_p + (total - k) * log_q
        for k in range(right, total + 1)
    )
    return min(1.0, math.fsum(map(math.exp, terms)))
