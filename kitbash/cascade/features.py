"""What a question and a fact share, as absolute numbers from 0 to 1."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kitbash.domain.candidate import Features
from kitbash.domain.fact import Fact
from kitbash.domain.normal_form import normal_form
from kitbash.domain.words import content_stems, is_negated, numbers


@dataclass(frozen=True, slots=True)
class Asked:
    """One part of a question, with the idf weight of each of its content stems."""

    form: tuple[str, ...]
    stems: frozenset[str]
    weights: Mapping[str, float]
    unknown: frozenset[str]
    usual: float
    negated: bool

    @classmethod
    def of(cls, part: str, weights: Mapping[str, float], unknown: frozenset[str]) -> "Asked":
        """Return a part as the features see it. `weights` may hold stems of other parts as well."""
        stems = frozenset(content_stems(part))
        own = {stem: weights.get(stem, 0.0) for stem in stems}
        usual = sum(own.values()) / len(own) if own else 1.0
        return cls(tuple(normal_form(part).split()), stems, own, unknown & stems, usual, is_negated(part))

    def weight(self, stems: Iterable[str]) -> float:
        """Return the summed weight of stems; one that the question does not hold weighs as its mean."""
        return sum(self.weights.get(stem, self.usual) for stem in stems)


@lru_cache(maxsize=8192)
def _wording(text: str) -> tuple[tuple[str, ...], frozenset[str], bool]:
    return tuple(normal_form(text).split()), frozenset(content_stems(text)), is_negated(text)


def features(asked: Asked, fact: Fact) -> Features:
    """Return what a part of a question and a fact share."""
    total = asked.weight(asked.stems)
    texts = (*fact.aliases, fact.text)
    wordings = [_wording(text) for text in texts]
    held = frozenset().union(*(stems for _, stems, _ in wordings), _wording(fact.topic)[1])
    # The fact's own wording counts as an alias only where it has none: it says more than any question asks.
    aliases = wordings[:-1] or wordings
    closest = max(aliases, key=lambda wording: (_dice(asked, wording[1]), _in_order(asked.form, wording[0])))
    rarest = max(sorted(asked.stems), key=lambda stem: asked.weights[stem], default="")
    return Features(
        coverage=asked.weight(asked.stems & held) / total if total else 0.0,
        alias=_dice(asked, closest[1]),
        form=_in_order(asked.form, closest[0]),
        unknown=asked.weight(asked.unknown) / total if total else 1.0,
        rarest=float(rarest in held),
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
