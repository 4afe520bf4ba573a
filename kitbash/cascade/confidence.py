"""How sure Layer 2 is: a logistic model over absolute features, never scores scaled within one result list.

The weights ship in `config/confidence.json`, fitted to the starter questions by `bench/fit_confidence.py`.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kitbash import assets
from kitbash.domain.candidate import FEATURE_NAMES, Candidate, Features
from kitbash.errors import ConfigError

NAMES: Final = (*FEATURE_NAMES, "margin")

EXACT: Final = 0.99
"""How sure an exact question form is. Not 1: an alias can be a poor one."""


_NEGATED: Final = 0.5


@dataclass(frozen=True, slots=True)
class Weights:
    """The logistic model: one weight for each of `NAMES`, and a bias."""

    values: tuple[float, ...]
    bias: float

    def probability(self, features: Features, margin: float) -> float:
        """Return how probable it is, 0 to 1, that a fact with these features answers the question."""
        total = self.bias + sum(weight * value for weight, value in zip(self.values, (*features, margin), strict=True))
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))


def load() -> Weights:
    """Return the shipped weights. Raises ConfigError if the file is not what it should be."""
    path = assets.path("config/confidence.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    try:
        return Weights(tuple(float(record["weights"][name]) for name in NAMES), float(record["bias"]))
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path} does not hold a weight for each of {', '.join(NAMES)}: {error}"
        raise ConfigError(message) from error


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with how probable it is that it answers its part of the question."""

    candidate: Candidate
    probability: float


def rank(candidates: Sequence[Candidate], weights: Weights) -> list[Ranked]:
    """Return the candidates for one part, the most probable first.

    The margin of each is its lead over the best other fact, so that near ties are not sure of themselves.
    """
    strengths = [strength(candidate.features) for candidate in candidates]
    ranked: list[Ranked] = []
    for place, candidate in enumerate(candidates):
        rivals = [other for at, other in enumerate(strengths) if at != place]
        margin = strengths[place] - max(rivals, default=0.0)
        probability = EXACT if candidate.is_exact else weights.probability(candidate.features, margin)
        if candidate.features.negation:
            # "Is not" and "is" share every other word: at best an even chance.
            probability = min(probability, _NEGATED)
        ranked.append(Ranked(candidate, probability))
    return sorted(ranked, key=lambda it: (-it.probability, it.candidate.fact.cartridge, it.candidate.fact.fact_id))


def strength(features: Features) -> float:
    """Return how much of the question a fact meets, 0 to 1: the mean of coverage, alias overlap and order."""
    return (features.coverage + features.alias + features.order) / 3
