"""One wording of a fact or of a question, taken apart once and kept: its stems, its words, their neighbours."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from kitbash.domain.normal_form import stem, words
from kitbash.domain.words import NEGATIONS, STOP_WORDS, numbers

Pair = tuple[str, str]
_SHORT: Final = 12


@dataclass(frozen=True, slots=True)
class Wording:
    """A text as the features see it.

    `said` are all its words as they are inflected, `raw` the same once each, `ordered` its content stems.
    """

    said: tuple[str, ...]
    ordered: tuple[str, ...]
    stems: frozenset[str]
    joined: str
    """The stems with a blank before each, in which one is sought by how it begins."""
    counts: Mapping[str, int]
    pairs: frozenset[Pair]
    raw: frozenset[str]
    raw_pairs: frozenset[Pair]
    numbers: frozenset[str]
    is_negated: bool


@lru_cache(maxsize=16_384)
def wording(text: str) -> Wording:
    """Return a text taken apart; tens of microseconds the first time, one after that."""
    every = words(text)
    ordered = tuple(stem(word) for word in every if word not in STOP_WORDS)
    return Wording(
        said=tuple(every),
        ordered=ordered,
        stems=frozenset(ordered),
        joined=f" {' '.join(ordered)}",
        counts=Counter(ordered),
        pairs=frozenset(pairwise(ordered)),
        raw=frozenset(every),
        raw_pairs=frozenset(pairwise(every)),
        numbers=numbers(every),
        is_negated=sum(word in NEGATIONS for word in every) % 2 == 1,
    )


def denies(question: Wording, other: Wording, *, is_alias: bool) -> bool:
    """Return whether exactly one of a question and a wording is negated.

    Of what a long text says, something may be that a thing is not so: there only the question's negation counts.
    """
    if question.is_negated == other.is_negated:
        return False
    return question.is_negated or is_alias or len(other.said) <= _SHORT
