"""What a question and a fact share, as absolute numbers from 0 to 1."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kitbash.domain.candidate import Features
from kitbash.domain.fact import Fact
from kitbash.domain.words import content_stems, is_negated, numbers


@dataclass(frozen=True, slots=True)
class Asked:
    """One part of a question, with the idf weight of each of its content stems."""

    ordered: tuple[str, ...]
    weights: Mapping[str, float]
    total: float
    usual: float
    unknown: float
    heaviest: float
    is_negated: bool

    @classmethod
    def of(cls, part: str, weights: Mapping[str, float], unknown: frozenset[str]) -> "Asked":
        """Return a part as the features see it. `weights` may hold stems of other parts as well."""
        ordered = content_stems(part)
        own = {stem: weights.get(stem, 0.0) for stem in ordered}
        total = sum(own.values())
        return cls(
            ordered=ordered,
            weights=own,
            total=total,
            usual=total / len(own) if own else 1.0,
            unknown=sum(weight for stem, weight in own.items() if stem in unknown),
            heaviest=max(own.values(), default=0.0),
            is_negated=is_negated(part),
        )

    def shared(self, stems: frozenset[str]) -> float:
        """Return the weight of what a wording shares with the question."""
        return sum(weight for stem, weight in self.weights.items() if stem in stems)

    def dice(self, stems: frozenset[str]) -> float:
        """Return the overlap with a wording; a stem that the question does not hold weighs as its mean does."""
        shared = self.shared(stems)
        others = len(stems) - sum(stem in stems for stem in self.weights)
        both = self.total + shared + others * self.usual
        return 2 * shared / both if both else 0.0


@dataclass(frozen=True, slots=True)
class _Wording:
    ordered: tuple[str, ...]
    stems: frozenset[str]
    is_negated: bool


@lru_cache(maxsize=8192)
def _wording(text: str) -> _Wording:
    ordered = content_stems(text)
    return _Wording(ordered, frozenset(ordered), is_negated(text))


def features(asked: Asked, fact: Fact) -> Features:
    """Return what a part of a question and a fact share."""
    text = _wording(fact.text)
    # The fact's own wording counts as an alias only where it has none: it says more than any question asks.
    aliases = [_wording(alias) for alias in fact.aliases] or [text]
    closest = max(aliases, key=lambda wording: asked.dice(wording.stems))
    held = text.stems.union(_wording(fact.topic).stems, *(wording.stems for wording in aliases))
    missing = [weight for stem, weight in asked.weights.items() if stem not in held]
    return Features(
        coverage=1 - sum(missing) / asked.total if asked.total else 0.0,
        text=asked.shared(text.stems) / asked.total if asked.total else 0.0,
        subject=float(any(stem in asked.weights for stem in text.ordered[:2])),
        brief=1 / max(1, len(asked.weights)),
        alias=asked.dice(closest.stems),
        order=_in_order(asked.ordered, closest.ordered),
        unknown=asked.unknown / asked.total if asked.total else 1.0,
        missing=max(missing, default=0.0) / asked.heaviest if asked.heaviest else 1.0,
        numbers=float(bool(numbers(asked.weights) - held)),
        negation=float(asked.is_negated != closest.is_negated),
    )


def _in_order(left: Sequence[str], right: Sequence[str]) -> float:
    """Return the longest common subsequence of two wordings, as a share of the longer one."""
    if not left or not right:
        return 0.0
    row = [0] * (len(right) + 1)
    for word in left:
        above = 0
        for at, other in enumerate(right, start=1):
            above, row[at] = row[at], above + 1 if word == other else max(row[at], row[at - 1])
    return row[-1] / max(len(left), len(right))
