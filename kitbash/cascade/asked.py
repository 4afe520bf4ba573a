"""One part of a question as the features see it, taken apart once for all candidates."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from kitbash.cascade.wording import Pair, Wording, wording
from kitbash.domain.normal_form import stem
from kitbash.domain.offering import Kind, kind_asked
from kitbash.domain.words import capitals

K1: Final = 0.6
B: Final = 0.5
USUAL_STEMS: Final = 16
"""The length that BM25 takes for usual: a constant, so that facts of all cartridges compare."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One part of a question, with the idf weight of each of its content stems."""

    words: Wording
    weights: Mapping[str, float]
    inflected: Mapping[str, float]
    """The weight of each content word as it is inflected."""
    neighbours: Mapping[Pair, float]
    """The weight of each pair of neighbouring content stems."""
    capitals: frozenset[str]
    kind: Kind | None
    total: float
    usual: float
    unknown: float
    heaviest: float

    @classmethod
    def of(cls, part: str, weights: Mapping[str, float], unknown: frozenset[str]) -> "Asked":
        """Return a part as the features see it. `weights` may hold stems of other parts as well."""
        said = wording(part)
        own = {it: weights.get(it, 0.0) for it in said.ordered}
        total = sum(own.values())
        stemmed = {word: stem(word) for word in sorted(said.raw)}
        return cls(
            words=said,
            weights=own,
            inflected={word: own[it] for word, it in stemmed.items() if it in own},
            neighbours={(one, two): own[one] + own[two] for one, two in pairwise(said.ordered) if one != two},
            capitals=capitals(part) & own.keys(),
            kind=kind_asked(part),
            total=total,
            usual=total / len(own) if own else 1.0,
            unknown=sum(weight for it, weight in own.items() if it in unknown),
            heaviest=max(own.values(), default=0.0),
        )

    def dice(self, held: AbstractSet[str]) -> float:
        """Return the overlap with a wording; a stem that the question does not hold weighs as its mean does."""
        weights = [weight for it, weight in self.weights.items() if it in held]
        shared = sum(weights)
        others = len(held) - len(weights)
        both = self.total + shared + others * self.usual
        return 2 * shared / both if both else 0.0

    def bm25(self, text: Wording, topic: AbstractSet[str]) -> float:
        """Return the BM25 of a text and its topic over the most it could come to, 0 to 1."""
        if not self.total:
            return 0.0
        penalty = K1 * (1 - B + B * len(text.ordered) / USUAL_STEMS)
        score = 0.0
        for it, weight in self.weights.items():
            times = text.counts.get(it, 0) + (it in topic)
            if times:
                score += weight * times / (times + penalty)
        return min(1.0, score / self.total)
