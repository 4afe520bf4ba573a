"""Near ties: two facts of different cartridges that a question meets equally well, and that say different things."""

from typing import Final

from kitbash.cascade.coupling import size_of
from kitbash.cascade.wording import wording
from kitbash.domain.fact import Fact

NEAR: Final = 0.95
"""From this share of the strongest one's strength on another fact is as good."""
_ALIKE: Final = 0.5


def tied(strongest: float, next_: float) -> bool:
    """Return whether the next one meets a question as well as the strongest, within 5 %."""
    return strongest > 0 and next_ >= NEAR * strongest


def disagree(one: Fact, other: Fact) -> bool:
    """Return whether two facts of different cartridges contradict each other.

    By their claims, or because texts that share most of their words hold other numbers, or exactly one is negated.
    Levels do not matter: what coupling makes of facts of different levels comes later, and is told apart there.
    """
    if one.cartridge == other.cartridge or one.text == other.text:
        return False
    if size_of(one.claims, other.claims)[0] > 0:
        return True
    left, right = wording(one.text), wording(other.text)
    numbers = left.numbers | right.numbers
    words, others = left.stems - numbers, right.stems - numbers
    if 2 * len(words & others) < _ALIKE * (len(words) + len(others)) or not words:
        return False
    differ = bool(left.numbers - right.numbers) and bool(right.numbers - left.numbers)
    return differ or left.is_negated != right.is_negated
