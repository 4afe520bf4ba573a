"""A fact that search proposes, with the absolute features its confidence is made of."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from kitbash.domain.calibration import UNSCALED, Scale
from kitbash.domain.fact import Fact


class Features(NamedTuple):
    """What a fact and a question share, each 0 to 1 and absolute: comparable over cartridges and result lists."""

    coverage: float
    """idf weight of the question's content words that the fact, its topic or its aliases hold"""
    text: float
    """idf weight of the question's content words that the fact's own text holds"""
    topic: float
    """idf weight of the question's content words that the fact's topic holds"""
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
    capitals: float
    """idf weight of the question's capitalised content words that the fact, its topic or its aliases do not hold"""
    negation: float
    """1 when exactly one of question and closest alias is negated"""
    bm25: float
    """BM25 of text and topic for the question, over the most it could be: frequent words saturate, long texts pay"""
    pairs: float
    """idf weight of neighbouring content words of the question that are neighbours in the text or an alias"""
    phrase: float
    """share of neighbouring words of the question, of any kind, that are neighbours in the text or an alias"""
    exact: float
    """idf weight of the question's content words that the text or an alias holds in the same inflection"""
    kin: float
    """idf weight of those that the fact does not hold, but a word with the same beginning"""
    lead: float
    """how near to the beginning of the text the first word asked for stands; 1 is the first word"""
    offer: float
    """1 when the text offers the kind of thing asked for, 0 when it does not, a half when the question does not say"""


class Closeness(NamedTuple):
    """How near a fact is to a part of a question in meaning, as cosines of an encoder's vectors, -1 to 1."""

    meaning: float
    """cosine with the fact's topic and text"""
    alias_meaning: float
    """cosine with the closest single alias, or with the fact's own text if it has none"""


FEATURE_NAMES: Final = Features._fields
CLOSENESS_NAMES: Final = Closeness._fields


@dataclass(frozen=True, slots=True)
class Candidate:
    """One proposed fact for one part of the question. `part` 0 is the whole question.

    `is_exact` says that the part is one of the fact's question forms, word for word; `veto` why the fact answers
    another question than the part asks, empty if nothing says so. `scale` is how its probability is read. `closeness`
    is there if it was asked by meaning.
    """

    part: int
    fact: Fact
    features: Features
    is_exact: bool = False
    veto: str = ""
    scale: Scale = UNSCALED
    closeness: Closeness | None = None
