"""How sure Layer 2 is: a logistic model over absolute features, never scores scaled within one result list.

The weights ship in `config/confidence.json`, fitted to the starter questions by `kitbash calibrate --train`.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from kitbash import assets
from kitbash.cascade.rivals import disagree, tied
from kitbash.cascade.veto import Veto
from kitbash.domain.calibration import EXACT
from kitbash.domain.candidate import FEATURE_NAMES, Candidate, Features
from kitbash.errors import ConfigError

NAMES: Final = (*FEATURE_NAMES, "margin", "clear")
"""What the probability is made of: the features, and the lead over the best other fact on a short and a long scale."""
UNIT: Final = 32.0
"""What the order's weights sum up to at most, so that a strength is 0 to 1."""
_NEAR: Final = 2.0
_CLEAR: Final = 6.0

VETOED: Final = 0.5
"""How sure a fact can be at most that a veto speaks against."""
_EVEN: Final = tuple(UNIT / 3 if name in {"coverage", "alias", "order"} else 0.0 for name in FEATURE_NAMES)


@dataclass(frozen=True, slots=True)
class Weights:
    """Two linear models: `order` over the features says which fact is best, `values` and `bias` how sure that one is.

    `values` has one weight for each of `NAMES`.
    """

    values: tuple[float, ...]
    bias: float
    order: tuple[float, ...] = _EVEN

    def strength(self, features: Features) -> float:
        """Return how well a fact meets a question beside others, about 0 to 1: only differences mean anything."""
        return sum(weight * value for weight, value in zip(self.order, features, strict=True)) / UNIT

    def probability(self, features: Features, margin: float) -> float:
        """Return how probable it is, 0 to 1, that a fact with these features and this lead in strength answers."""
        return self.of_row((*features, *leads(margin)))

    def of_row(self, row: Sequence[float]) -> float:
        """Return the probability, 0 to 1, of a row of `NAMES`."""
        total = self.bias + sum(weight * value for weight, value in zip(self.values, row, strict=True))
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))


def leads(margin: float) -> tuple[float, float]:
    """Return a lead in strength on a short and on a long scale, each -1 to 1."""
    return math.tanh(margin * UNIT / _NEAR), math.tanh(margin * UNIT / _CLEAR)


def load() -> Weights:
    """Return the shipped weights. Raises ConfigError if the file is not what it should be."""
    path = assets.path("config/confidence.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    try:
        values = tuple(float(record["weights"][name]) for name in NAMES)
        order = tuple(float(record["order"][name]) for name in FEATURE_NAMES)
        return Weights(values, float(record["bias"]), order)
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path} does not hold a weight for each of {', '.join(NAMES)}: {error}"
        raise ConfigError(message) from error


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with how probable it is that it answers its part of the question."""

    candidate: Candidate
    probability: float


def rank(candidates: Sequence[Candidate], weights: Weights) -> list[Ranked]:
    """Return the candidates for one part: exact ones first, then the strongest.

    The margin of each is its lead over the best other fact, so that near ties are not sure of themselves. A vetoed one
    keeps its place and is not sure: what comes next best is seldom what was asked for. Nor is the first sure where one
    of another cartridge is as strong and contradicts it.
    """
    strengths = [weights.strength(candidate.features) for candidate in candidates]
    ranked: list[tuple[float, Ranked]] = []
    for place, candidate in enumerate(candidates):
        rivals = [other for at, other in enumerate(strengths) if at != place]
        margin = strengths[place] - max(rivals, default=0.0)
        judged = candidate.scale.moved(weights.probability(candidate.features, margin))
        probability = EXACT if candidate.is_exact else judged
        if candidate.veto or candidate.features.negation:
            # "Is not" and "is" share every other word: at best an even chance.
            probability = min(probability, VETOED)
        ranked.append((strengths[place], Ranked(candidate, probability)))
    ranked.sort(key=lambda it: (not it[1].candidate.is_exact, -it[0], _name(it[1])))
    return _unless_tied(ranked)


def _unless_tied(ranked: Sequence[tuple[float, Ranked]]) -> list[Ranked]:
    """Return the ranked ones; where others tie with the first and contradict it, none of those is sure."""
    if not ranked or ranked[0][1].candidate.is_exact:
        return [it for _, it in ranked]
    strongest, first = ranked[0]
    rivals = {
        place
        for place, (strength, it) in enumerate(ranked)
        if tied(strongest, strength) and disagree(first.candidate.fact, it.candidate.fact)
    }
    barred = {0, *rivals} if rivals else rivals
    return [_barred(it) if place in barred else it for place, (_, it) in enumerate(ranked)]


def _barred(ranked: Ranked) -> Ranked:
    candidate = replace(ranked.candidate, veto=ranked.candidate.veto or Veto.TIE)
    return Ranked(candidate, min(ranked.probability, VETOED))


def _name(ranked: Ranked) -> tuple[str, int]:
    return ranked.candidate.fact.cartridge, ranked.candidate.fact.fact_id
