"""What a set of scored answers shows: calibration error, AUROC, reliability, risk against coverage, intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

Scored = Sequence[tuple[float, bool]]
"""The probability of each question's likeliest fact, and whether it is the right one."""

BINS: Final = 10
_POINTS: Final = 50
_RESAMPLED: Final = 1000


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers with a probability from `low` to `high`: how many, how sure on average, what share is right."""

    low: float
    high: float
    count: int
    sure: float
    right: float


def reliability(scored: Scored) -> list[Bin]:
    """Return the bins that hold anything, of ten of equal width, the least sure first."""
    held: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for probability, is_right in scored:
        held[min(BINS - 1, int(probability * BINS))].append((probability, is_right))
    return [
        Bin(
            at / BINS,
            (at + 1) / BINS,
            len(some),
            sum(probability for probability, _ in some) / len(some),
            sum(is_right for _, is_right in some) / len(some),
        )
        for at, some in enumerate(held)
        if some
    ]


def calibration_error(scored: Scored) -> float:
    """Return the expected calibration error, 0 to 1, in ten bins of equal width.

    Guo et al., "On Calibration of Modern Neural Networks" (2017).
    """
    return sum(it.count * abs(it.sure - it.right) for it in reliability(scored)) / len(scored) if scored else 0.0


def auroc(scored: Scored) -> float:
    """Return how probable it is that a right one scores above a wrong one; ties count half, one class alone is 0.5."""
    right = sorted(probability for probability, is_right in scored if is_right)
    wrong = sorted(probability for probability, is_right in scored if not is_right)
    if not right or not wrong:
        return 0.5
    below = at = wins = 0
    for probability in right:
        while below < len(wrong) and wrong[below] < probability:
            below += 1
        at = max(at, below)
        while at < len(wrong) and wrong[at] == probability:
            at += 1
        wins += below + at
    return wins / (2 * len(right) * len(wrong))


def risk_coverage(scored: Scored) -> list[tuple[float, float]]:
    """Return (coverage, risk) where more and more is answered, the surest first; at most about fifty points.

    El-Yaniv and Wiener, "On the Foundations of Noise-free Selective Classification" (2010).
    """
    ranked = sorted(scored, key=lambda it: -it[0])
    step = max(1, len(ranked) // _POINTS)
    wrong = 0
    found: list[tuple[float, float]] = []
    for count, (_, is_right) in enumerate(ranked, start=1):
        wrong += not is_right
        if count % step == 0 or count == len(ranked):
            found.append((count / len(ranked), wrong / count))
    return found


def resampled(of: Mapping[str, Scored], threshold: float, *, seed: int = 0) -> tuple[float, float] | None:
    """Return the interval, 95 %, of the share answered from a threshold on, when whole cartridges are drawn anew.

    The bootstrap by group: questions of one cartridge are alike. None with fewer than two cartridges.
    """
    counts = [(sum(p >= threshold for p, _ in scored), len(scored)) for scored in of.values() if scored]
    if len(counts) <= 1:
        return None
    # Not for secrets: the same interval each time.
    chance = Random(seed)  # noqa: S311
    shares: list[float] = []
    for _ in range(_RESAMPLED):
        drawn = chance.choices(counts, k=len(counts))
        shares.append(sum(said for said, _ in drawn) / sum(asked for _, asked in drawn))
    shares.sort()
    return shares[_RESAMPLED // 40], shares[-_RESAMPLED // 40 - 1]
