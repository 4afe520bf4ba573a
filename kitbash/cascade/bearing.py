"""What one fact says about one statement: that it is so, that it is not so, or nothing.

Supported is only what stands in the fact word for word but for inflection, order within a phrase and how a quantity is
written; a word that the fact does not hold is how a model makes things up. Contradicted is what claims, measures or
denies otherwise what the fact says in the same words. Pure.
"""

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from kitbash.cascade.measures import measures, nearest
from kitbash.cascade.veto import antonyms
from kitbash.cascade.word_order import is_same_order
from kitbash.cascade.wording import Wording, wording
from kitbash.domain.claim import SAME, Claim, apart
from kitbash.domain.fact import Fact
from kitbash.domain.normal_form import stem
from kitbash.knowledge.source.claiming import claims_of


class Bearing(Enum):
    """How a fact bears on a statement."""

    SUPPORTS = "supports"
    CONTRADICTS = "contradicts"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Borne:
    """How a fact bears on a statement; of a contradiction its size, above 0 to 1, and what it is about."""

    bearing: Bearing
    size: float = 0.0
    about: str = ""


NEITHER: Final = Borne(Bearing.NEITHER)
_SUPPORTS: Final = Borne(Bearing.SUPPORTS)

CLAIMED: Final = 0.05
"""From this distance on two claims contradict each other; nearer ones may be rounded."""
_ALIKE: Final = 0.6
"""What share of the words of a statement and a fact must be the same before "not" makes one deny the other."""
_LEAST_SIZE: Final = 0.001

_FRAME: Final = frozenset(map(stem, (
    "yes", "according", "facts", "fact", "given", "based", "source", "sources", "answer", "question", "therefore",
    "thus", "hence", "however", "also", "indeed", "approximately", "about", "roughly", "around", "generally",
    "typically", "usually", "normally", "short", "summary", "note", "addition", "additionally", "moreover",
)))  # fmt: skip
"""Words of talk, which nothing needs to bear out."""
_OPENING: Final = re.compile(
    r"^(?:yes|no|well|so|however|therefore|thus|in short|in fact|indeed"
    r"|(?:according to|based on|given) (?:the )?(?:given )?(?:facts?|sources?))\s*,\s+",
    re.IGNORECASE,
)
_CLAUSE: Final = re.compile(
    r"\s*[;:,–—]\s+(?:and |but |while |whereas |because |so |which )?|\s+(?:and|but|while|whereas|because)\s+"
)
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+")
_QUANTIFIED: Final = frozenset(
    ("all", "every", "always", "only", "both", "each", "entirely", "exactly", "just", "alone")
)
_COUNTS: Final = frozenset(("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"))
_POINTING: Final = frozenset(("it", "they", "he", "she", "this", "that", "these", "those"))
_FRAMING: Final = frozenset((
    "if", "unless", "myth", "myths", "legend", "legends", "believed", "believe", "believes", "claimed", "claim",
    "claims", "misconception", "supposedly", "allegedly", "alleged", "rumour", "rumoured", "rumor", "rumored",
    "thought", "false", "untrue", "falsely", "wrongly",
))  # fmt: skip
"""Words of what is not told as so: what stands beside one says nothing without it."""
_SHORTEST: Final = 2


def bearing(statement: str, fact: Fact, *, question: str = "") -> Borne:
    """Return how a fact bears on a statement that answers a question, whose words say what "it" is."""
    said = _OPENING.sub("", statement)
    claimed = _claimed(said, fact)
    if claimed is not None:
        return claimed
    one = _Said.of(said)
    if not one.stems:
        return NEITHER
    for part in map(_Said.of, _parts(fact.text)):
        is_told_alike = _FRAMING & one.words.raw == _FRAMING & part.words.raw
        found = _against(one, part, _asked(question)) if is_told_alike else None
        if found is not None:
            return found
    return NEITHER


def clauses(statement: str) -> list[str]:
    """Return the clauses of a statement that may each stand on a fact of its own; one if it cannot be divided."""
    pieces = _pieces(statement)
    whole = len(pieces) > 1 and all(len(wording(piece).stems - _FRAME) >= _SHORTEST for piece in pieces)
    return pieces if whole else [statement]


def subject(text: str) -> str:
    """Return the stem of the first content word of a text, empty if it has none."""
    return next((it for it in wording(text).ordered if it not in _FRAME), "")


@dataclass(frozen=True, slots=True)
class _Said:
    """A clause as it is compared: its content stems in order, without those that only talk."""

    text: str
    words: Wording
    ordered: tuple[str, ...]
    stems: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "_Said":
        words = wording(text)
        ordered = tuple(it for it in words.ordered if it not in _FRAME)
        return cls(text, words, ordered, frozenset(ordered))


def _plainly(words: Wording) -> tuple[str, ...]:
    """Return all words of a text in order, without those that only talk."""
    return tuple(it for it in words.said if stem(it) not in _FRAME)


def _pieces(sentence: str) -> list[str]:
    """Return the clauses of a sentence; the whole of one that says of them that they may not be so."""
    return [sentence] if _FRAMING & wording(sentence).raw else [it for it in _CLAUSE.split(sentence) if it]


@lru_cache(maxsize=4096)
def _parts(text: str) -> tuple[str, ...]:
    """Return the clauses of a fact and the whole of it, the shortest first: the nearest one says whether it denies."""
    pieces = {piece for sentence in _SENTENCE.split(text) for piece in (sentence, *_pieces(sentence))}
    return tuple(sorted(filter(None, {*pieces, text}), key=lambda it: (len(it), it)))


@lru_cache(maxsize=256)
def _asked(question: str) -> frozenset[str]:
    return wording(question).stems


def _claimed(statement: str, fact: Fact) -> Borne | None:
    """Return the largest contradiction of claims, or None if there is none."""
    if not fact.claims:
        return None
    held = {claim.key: claim for claim in fact.claims}
    pairs = [(claim, held[claim.key]) for claim in _claims(statement) if claim.key in held]
    sizes = [(apart(one, other), one.key) for one, other in pairs]
    size, key = max(sizes, default=(SAME, ""))
    return Borne(Bearing.CONTRADICTS, size, key) if size >= CLAIMED else None


@lru_cache(maxsize=1024)
def _claims(statement: str) -> tuple[Claim, ...]:
    return claims_of(statement)


def _against(one: _Said, other: _Said, asked: frozenset[str]) -> Borne | None:
    """Return what a clause of a fact makes of a statement, None if it is about something else."""
    missing = one.stems - other.stems
    if not missing and one.words.numbers <= other.words.raw:
        return _same_words(one, other, asked)
    if len(missing) == 1 and one.words.numbers <= other.words.raw:
        return _opposite(one, other, next(iter(missing)))
    if (one.words.numbers or one.words.raw & _COUNTS) and (other.words.numbers or other.words.raw & _COUNTS):
        return _measured(one, other, asked)
    return None


def _same_words(one: _Said, other: _Said, asked: frozenset[str]) -> Borne | None:
    if one.words.is_negated != other.words.is_negated:
        alike = len(one.stems & other.stems) / len(one.stems | other.stems)
        is_bounded = bool(_QUANTIFIED & (one.words.raw | other.words.raw))
        return Borne(Bearing.CONTRADICTS, 1.0, " ".join(one.ordered)) if alike >= _ALIKE and not is_bounded else None
    if len(one.stems) < _SHORTEST and one.stems <= asked and one.words.said[0] not in _POINTING:
        # A word of the question, said back, answers nothing.
        return None
    return _SUPPORTS if is_same_order(_plainly(one.words), _plainly(other.words)) else None


def _opposite(one: _Said, other: _Said, word: str) -> Borne | None:
    """Return that a statement has the opposite of a word of a fact in its place."""
    opposites = antonyms().get(word, frozenset[str]()) & other.stems
    is_same_sense = one.words.is_negated == other.words.is_negated
    alike = len(one.stems & other.stems) + 1 >= _ALIKE * len(other.stems)
    about = " ".join(one.ordered)
    return Borne(Bearing.CONTRADICTS, 1.0, about) if opposites and is_same_sense and alike else None


def _measured(one: _Said, other: _Said, asked: frozenset[str]) -> Borne | None:
    """Return what the quantities of a fact make of those of a statement about the same things."""
    said, held = measures(one.text), measures(other.text)
    if not said.quantities:
        return None
    rest = wording(said.rest)
    stems, known = rest.stems - _FRAME, wording(held.rest).stems | other.stems
    # "It is 5 m" speaks of what the question does.
    is_about = stems & known if stems else len(asked & known) * 2 >= len(asked) > 0
    if not rest.numbers <= other.words.raw or not stems <= known | asked or not is_about:
        return None
    distances = [nearest(it, held.quantities) for it in said.quantities]
    if any(it is None for it in distances):
        return None
    size = max(it for it in distances if it is not None)
    if size > 0:
        is_denied = rest.is_negated or wording(held.rest).is_negated
        return None if is_denied else Borne(Bearing.CONTRADICTS, max(size, _LEAST_SIZE), _about(rest, other))
    told = wording(held.rest)
    is_turned = stems <= told.stems and not is_same_order(_plainly(rest), _plainly(told))
    return _SUPPORTS if stems <= known and not is_turned and rest.is_negated == told.is_negated else None


def _about(rest: Wording, other: _Said) -> str:
    return " ".join(rest.ordered) or " ".join(other.ordered)
