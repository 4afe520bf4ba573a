"""Which facts a model is shown: the fewest that very likely hold the answer."""

from collections.abc import Sequence
from typing import Final

from kitbash.cascade.confidence import Weights
from kitbash.cascade.fuse import best
from kitbash.domain.candidate import Candidate
from kitbash.domain.fact import Fact

NEAR: Final = 0.002
"""Below this probability a fact is not shown: far below what people are shown as the nearest."""
ENOUGH: Final = 0.8
"""Facts are added until they hold the answer with this probability, if each is taken at its own."""
MOST: Final = 4
"""No more than this for each thing asked: more are nearly never the answer, and always cost."""


def chosen(candidates: Sequence[Candidate], weights: Weights) -> tuple[Fact, ...]:
    """Return the facts to show for every part of a question, the likeliest first; none if none is even near.

    The first of each part is always among them if it is near.
    """
    picked: dict[Fact, float] = {}
    parts = sorted({candidate.part for candidate in candidates})
    for part in [part for part in parts if part] or parts:
        sure = 0.0
        for place, it in enumerate(best(candidates, weights, part=part)[:MOST]):
            if it.probability < NEAR and place:
                continue
            if it.probability >= NEAR:
                fact = it.candidate.fact
                picked[fact] = max(picked.get(fact, 0.0), it.probability)
            sure += it.probability
            if sure >= ENOUGH:
                break
    return tuple(sorted(picked, key=lambda fact: (-picked[fact], fact.cartridge, fact.fact_id)))
