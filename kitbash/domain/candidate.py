"""A fact that search proposes, with the absolute features its confidence is made of."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from kitbash.domain.fact import Fact


class Features(NamedTuple):
    """What a fact and a question share, each 0 to 1 and absolute: comparable over cartridges and result lists."""

    coverage: float
    """idf weight of the question's content words that the fact, its topic or its aliases hold"""
    text: float
    """idf weight of the question's content words that the fact's own text holds"""
    subject: float
    """1 when one of the first two content words of the fact's text, what it is about, is asked for"""
    brief: float
    """one over the number of different content words in the question: a short one matches by accident"""
    alias: float
    """idf-weighted overlap (Dice) with the closest single alias, or with the fact's own text if it has none"""
    order: float
    """longest run of content words in the same order as in that closest alias, as a share of the longer of the two"""
    unknown: float
    """idf weight of the question's content words that no cartridge knows"""
    missing: float
    """idf of the rarest content word that the fact does not hold, over that of the question's rarest"""
    numbers: float
    """1 when the question holds a number that the fact and its aliases do not"""
    negation: float
    """1 when exactly one of question and closest alias is negated"""


FEATURE_NAMES: Final = Features._fields


@dataclass(frozen=True, slots=True)
class Candidate:
    """One proposed fact for one part of the question. `part` 0 is the whole question.

    `is_exact` says that the part is one of the fact's question forms, word for word.
    """

    part: int
    fact: Fact
    features: Features
    is_exact: bool = False
