"""What of a fact another fact can contradict: a subject, an attribute, yes or no, and the range of a quantity."""

from dataclasses import dataclass
from typing import Final

SAME: Final = 0.0
OPPOSITE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Claim:
    """`subject` and `attribute` in normal form; `affirmed` is the polarity; `low` to `high` in `unit`, both or neither.

    Two claims can contradict each other only when their keys are the same. Units are canonical (SI base units,
    temperatures in degrees Celsius), so that ranges of one key in one unit compare as they are.
    """

    subject: str
    attribute: str
    affirmed: bool = True
    low: float | None = None
    high: float | None = None
    unit: str = ""

    @property
    def key(self) -> str:
        """Return what two claims must share to be about the same thing, unit included."""
        return f"{self.subject}|{self.attribute}|{self.unit}"


def apart(one: Claim, other: Claim) -> float:
    """Return how far two claims of one key contradict each other, 0 to 1.

    Two affirmed ranges are as far apart as the gap between them over the largest of their ends; ranges that meet, and
    claims without a range, agree. A denied claim is opposite (1) to an affirmed one unless their ranges do not meet:
    "does not boil at 50 °C" says nothing against "boils at 100 °C". Two denied claims agree.
    """
    if not one.affirmed and not other.affirmed:
        return SAME
    if one.affirmed and other.affirmed:
        return _distance(one, other)
    denied, stated = (other, one) if one.affirmed else (one, other)
    if denied.low is None or denied.high is None:
        return OPPOSITE
    if stated.low is None or stated.high is None:
        return SAME
    return OPPOSITE if stated.low <= denied.high and denied.low <= stated.high else SAME


def _distance(one: Claim, other: Claim) -> float:
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return SAME
    gap = max(one.low - other.high, other.low - one.high)
    if gap <= 0:
        return SAME
    return min(OPPOSITE, gap / max(abs(end) for end in (one.low, one.high, other.low, other.high)))
