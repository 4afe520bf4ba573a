"""Two small convex fits by Newton's method, in plain Python: the same data give the same weights to the last digit.

Which fact is best: a softmax over a question's candidates (Cao et al., "Learning to Rank: From Pairwise Approach to
Listwise Approach", 2007, with the top-one probability). How sure the best one is: logistic regression. Both with a
ridge on all weights but the bias.
"""

import math
from collections.abc import Sequence
from itertools import starmap
from operator import mul
from typing import Final

RIDGE: Final = 1.0
_ROUNDS: Final = 30
_STILL: Final = 1e-6

Row = Sequence[float]
Matrix = list[list[float]]


def fit_order(lists: Sequence[tuple[Sequence[Row], int]]) -> list[float]:
    """Return the weights that put the right row of each list first. `lists` are (rows, place of the right one)."""
    size = len(lists[0][0][0])
    beta = [0.0] * size
    for _ in range(_ROUNDS):
        gradient, hessian = _ridge(beta, size)
        for rows, right in lists:
            scores = [_dot(beta, row) for row in rows]
            most = max(scores)
            chances = [math.exp(score - most) for score in scores]
            total = sum(chances)
            chances = [chance / total for chance in chances]
            mean = [math.fsum(map(mul, chances, column)) for column in zip(*rows, strict=True)]
            for at in range(size):
                gradient[at] += rows[right][at] - mean[at]
            for chance, row in zip(chances, rows, strict=True):
                _add(hessian, [value - middle for value, middle in zip(row, mean, strict=True)], chance)
        if _step(beta, hessian, gradient):
            break
    return beta


def fit_probability(rows: Sequence[Row], right: Sequence[bool]) -> tuple[list[float], float]:
    """Return the weights and the bias of the logistic model of being right."""
    size = len(rows[0]) + 1
    beta = [0.0] * size
    for _ in range(_ROUNDS):
        gradient, hessian = _ridge(beta, size - 1)
        for row, is_right in zip(rows, right, strict=True):
            whole = (*row, 1.0)
            chance = 1 / (1 + math.exp(-max(-60.0, min(60.0, _dot(beta, whole)))))
            for at, value in enumerate(whole):
                gradient[at] += (is_right - chance) * value
            _add(hessian, whole, chance * (1 - chance))
        if _step(beta, hessian, gradient):
            break
    return beta[:-1], beta[-1]


def _dot(one: Row, two: Row) -> float:
    return sum(starmap(mul, zip(one, two, strict=True)))


def _ridge(beta: Row, ridged: int) -> tuple[list[float], Matrix]:
    """Return the gradient and the Hessian of the ridge alone; only the first `ridged` weights have one."""
    size = len(beta)
    gradient = [-RIDGE * value if at < ridged else 0.0 for at, value in enumerate(beta)]
    hessian = [[0.0] * size for _ in range(size)]
    for at in range(size):
        hessian[at][at] = RIDGE if at < ridged else 1e-9
    return gradient, hessian


def _add(hessian: Matrix, row: Row, weight: float) -> None:
    """Add the outer product of a row with itself to the lower half."""
    for at, value in enumerate(row):
        if value:
            scaled = weight * value
            line = hessian[at]
            for other in range(at + 1):
                line[other] += scaled * row[other]


def _step(beta: list[float], lower: Matrix, gradient: list[float]) -> bool:
    """Take one Newton step; return whether it was too small to matter."""
    size = len(beta)
    whole = [[lower[max(at, other)][min(at, other)] for other in range(size)] for at in range(size)]
    steps = solve(whole, gradient)
    for at, step in enumerate(steps):
        beta[at] += step
    return max(map(abs, steps)) < _STILL


def solve(matrix: Matrix, right: Sequence[float]) -> list[float]:
    """Return the solution of a small linear system, by elimination with pivoting."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for at in range(size):
        pivot = max(range(at, size), key=lambda row: abs(rows[row][at]))
        rows[at], rows[pivot] = rows[pivot], rows[at]
        for below in range(at + 1, size):
            factor = rows[below][at] / rows[at][at]
            rows[below] = [b - factor * a for a, b in zip(rows[at], rows[below], strict=True)]
    found = [0.0] * size
    for at in reversed(range(size)):
        rest = sum(rows[at][other] * found[other] for other in range(at + 1, size))
        found[at] = (rows[at][size] - rest) / rows[at][at]
    return found
