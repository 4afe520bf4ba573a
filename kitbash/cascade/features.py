"""What a question and a fact share, as absolute numbers from 0 to 1."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kitbash.domain.candidate import Features
from kitbash.domain.fact import Fact
from kitbash.domain.words import content_stems, is_negated, numbers


@dataclass(frozen=True, slots=True)
class Asked:
    """One part of a question, with the idf weight of each of its content stems."""

    ordered: tuple[str, ...]
    stems: frozenset[str]
    weights: Mapping[str, float]
    unknown: frozenset[str]
    usual: float
    negated: bool

    @classmethod
    def of(cls, part: str, weights: Mapping[str, float], unknown: frozenset[str]) -> "Asked":
        """Return a part as the features see it. `weights` may hold stems of other parts as well."""
        ordered = content_stems(part)
        stems = frozenset(ordered)
        own = {stem: weights.get(stem, 0.0) for stem in stems}
        usual = sum(own.values()) / len(own) if own else 1.0
        return cls(ordered, stems, own, unknown & stems, usual, is_negated(part))

    def weight(self, stems: Iterable[str]) -> float:
        """Return the summed weight of stems; one that the question does not hold weighs as its mean."""
        return sum(self.weights.get(stem, self.usual) for stem in stems)


@lru_cache(maxsize=8192)
def _wording(text: str) -> tuple[tuple[str, ...], frozenset[str], bool]:
    stems = content_stems(text)
    return stems, frozenset(stems), is_negated(text)


def features(asked: Asked, fact: Fact) -> Features:
    """Return what a part of a question and a fact share."""
    total = asked.weight(asked.stems)
    texts = (*fact.aliases, fact.text)
    wordings = [_wording(text) for text in texts]
    held = frozenset[str]().union(*(stems for _, stems, _ in wordings), _wording(fact.topic)[1])
    # The fact's own wording counts as an alias only where it has none: it says more than any question asks.
    aliases = wordings[:-1] or wordings
    closest = max(aliases, key=lambda wording: (_dice(asked, wording[1]), _in_order(asked.ordered, wording[0])))
    missing = max((asked.weights[stem] for stem in asked.stems - held), default=0.0)
    heaviest = max(asked.weights.values(), default=0.0)
    return Features(
        coverage=asked.weight(asked.stems & held) / total if total else 0.0,
        text=asked.weight(asked.stems & wordings[-1][1]) / total if total else 0.0,
        subject=float(any(stem in asked.stems for stem in wordings[-1][0][:2])),
        brief=1 / max(1, len(asked.stems)),
        alias=_dice(asked, closest[1]),
        order=_in_order(asked.ordered, closest[0]),
        unknown=asked.weight(asked.unknown) / total if total else 1.0,
        missing=missing / heaviest if heaviest else 1.0,
        numbers=float(bool(numbers(asked.stems) - held)),
        negation=float(asked.negated != closest[2]),
    )


def _dice(asked: Asked, stems: frozenset[str]) -> float:
    both = asked.weight(asked.stems) + asked.weight(stems)
    return 2 * asked.weight(asked.stems & stems) / both if both else 0.0


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
