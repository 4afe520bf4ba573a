"""A fact that search proposes, with the absolute features its confidence is made of."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from kitbash.domain.fact import Fact


class Features(NamedTuple):
    """What a fact and a question share, each 0 to 1 and absolute: comparable over cartridges and result lists."""

    coverage: float
    """idf weight of the question's content words that the fact, its topic or its aliases hold"""
    alias: float
    """idf-weighted overlap (Dice) with the closest single alias, or with the fact's own text"""
    form: float
    """share of the words of that closest alias that stand in the same order in the question"""
    unknown: float
    """idf weight of the question's content words that no cartridge knows"""
    rarest: float
    """1 when the fact holds the question's rarest content word"""
    numbers: float
    """1 when the question holds a number that the fact and its aliases do not"""
    negation: float
    """1 when exactly one of question and closest alias is negated"""


FEATURE_NAMES: Final = Features._fields


@dataclass(frozen=True, slots=True)
class Candidate:
    """One proposed fact for one part of the question. `part` 0 is the whole question."""

    part: int
    fact: Fact
    features: Features
