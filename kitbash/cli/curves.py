"""The reliability diagram and the risk-coverage curve as lines of plain text."""

from collections.abc import Iterator, Sequence
from typing import Final

from kitbash.cascade.training.figures import Scored, reliability, risk_coverage

_WIDTH: Final = 50
_HEIGHT: Final = 8


def reliability_lines(scored: Scored) -> Iterator[str]:
    """Yield a line for each bin: a bar as long as the share that was right, with a mark where it would be if honest."""
    yield f"{'sure':9} {'right: bar; as sure as it said: |':{_WIDTH + 2}} {'right':>5}  answers"
    for it in reliability(scored):
        filled, mark = round(it.right * _WIDTH), min(_WIDTH, round(it.sure * _WIDTH))
        bar = ["#" if at < filled else " " for at in range(_WIDTH + 1)]
        bar[mark] = "|"
        yield f"{it.low:.1f}-{it.high:.1f}   {''.join(bar)}  {it.right:5.2f}  {it.count:7}"


def risk_lines(scored: Scored) -> Iterator[str]:
    """Yield the lines of a plot: what share of the answers is wrong (up) where what share is answered (right)."""
    points = risk_coverage(scored)
    if not points:
        return
    most = max(risk for _, risk in points) or 1.0
    columns = [_at(points, (at + 1) / _WIDTH) for at in range(_WIDTH)]
    for row in range(_HEIGHT, -1, -1):
        label = f"{most * row / _HEIGHT:5.0%}"
        yield f"{label} {''.join('*' if round(risk / most * _HEIGHT) == row else ' ' for risk in columns).rstrip()}"
    yield f"wrong 0 %{'answered':^{_WIDTH - 10}}100 %"


def _at(points: Sequence[tuple[float, float]], coverage: float) -> float:
    """Return the risk at the first point that answers as much as that."""
    return next((risk for answered, risk in points if answered >= coverage - 1e-9), points[-1][1])
