"""Vetoes: signs that a fact answers another question than the one asked, though they share nearly every word.

"First" against "last", "A to B" against "B to A", 2010 against 2020: overlap of any kind, and likeness of vectors, is
highest where these lie. A veto never chooses a fact; it keeps one from being served for its opposite. Pure.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from itertools import pairwise
from typing import Final

from kitbash import assets
from kitbash.cascade.wording import Wording, denies, wording
from kitbash.domain.candidate import Features
from kitbash.domain.fact import Fact
from kitbash.domain.normal_form import stem
from kitbash.domain.words import STOP_WORDS


class Veto(StrEnum):
    """Why a fact is not served for a question."""

    NEGATION = "one of them is negated"
    ANTONYM = "it holds the opposite of a word asked for"
    NUMBER = "it does not hold a number asked for"
    DIRECTION = "it has them the other way round"
    ENTITY = "it is about another name"
    ASIDE = "it mentions the one word asked for and is not about it"
    UNKNOWN = "too much of the question is known to no cartridge"
    TIE = "a fact of another cartridge meets the question as well and says otherwise"


_PIVOTS: Final = frozenset({"to", "into", "from", "than", "before", "after", "by", "over", "under", "above", "below"})
_LOOSE: Final = frozenset({"in", "of", "at", "on", "for", "with", "and", "or", "by", "between"})
"""Words around which a phrase moves freely: "in air the speed of sound" is "the speed of sound in air"."""
_PHRASAL: Final = frozenset({"on", "off", "up", "down"})
_NAME: Final = re.compile(r"[A-Z][\w'’-]*")
_MOSTLY: Final = 0.5
_NEAR: Final = 2
"""How many content words on each side of a word it is taken to relate."""


MOST_UNKNOWN: Final = 0.35
"""What share of a question, by idf, may be known to no cartridge."""


def against(question: str, fact: Fact, shared: Features) -> Veto | None:
    """Return the first reason not to serve a fact for a question with which it shares these features, or None."""
    return Veto.UNKNOWN if shared.unknown > MOST_UNKNOWN else veto(question, fact)


def veto(question: str, fact: Fact) -> Veto | None:
    """Return the first reason in their wordings not to serve a fact for a question, or None."""
    asked = wording(question)
    wordings = [wording(it) for it in fact.aliases or (fact.text,)]
    closest = max(wordings, key=lambda it: _overlap(asked, it))
    whole = [wording(it) for it in (fact.text, fact.topic, *fact.aliases)]
    held = frozenset[str]().union(*(_stems(it) for it in whole))
    if denies(asked, closest, is_alias=bool(fact.aliases)):
        return Veto.NEGATION
    if _opposed(asked, closest, held):
        return Veto.ANTONYM
    if not asked.numbers <= held:
        return Veto.NUMBER
    if any(_turned(asked, it) for it in wordings) and not any(asked.said == it.said for it in wordings):
        return Veto.DIRECTION
    if _renamed(question, asked, fact, held):
        return Veto.ENTITY
    return Veto.ASIDE if _aside(asked, fact) else None


@cache
def antonyms() -> Mapping[str, frozenset[str]]:
    """Return the stems of the opposites of each stem there is one for, as they ship in `config/antonyms.txt`."""
    found: dict[str, set[str]] = {}
    for line in assets.path("config/antonyms.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            one, two = map(stem, line.split())
            found.setdefault(one, set()).add(two)
            found.setdefault(two, set()).add(one)
    return {word: frozenset(opposites) for word, opposites in found.items()}


@lru_cache(maxsize=16_384)
def _stems_of(raw: frozenset[str]) -> frozenset[str]:
    return frozenset(map(stem, raw))


def _stems(of: Wording) -> frozenset[str]:
    """Return the stems of all words, those without content too."""
    return _stems_of(of.raw)


def _overlap(one: Wording, two: Wording) -> float:
    both = len(one.raw) + len(two.raw)
    return 2 * len(one.raw & two.raw) / both if both else 0.0


def _opposed(asked: Wording, closest: Wording, held: frozenset[str]) -> bool:
    """Return whether a word asked for is nowhere in the fact, and its opposite stands where it would be asked for.

    Inflection does not hide a word: "maximums" holds "maximum".
    """
    near = _stems(closest)
    for word in asked.raw:
        if near.isdisjoint(antonyms().get(stem(word), frozenset())):
            continue
        # Of the short words that many phrases hold, only the very wording counts.
        is_held = word in closest.raw if word in _PHRASAL or word in _PIVOTS else stem(word) in held
        if not is_held:
            return True
    return False


def _turned(asked: Wording, said: Wording) -> bool:
    """Return whether two things stand on the other sides of the word between them."""
    if any(_swapped(asked.said, said.said, word) for word in asked.raw & said.raw & _PIVOTS):
        return True
    if (asked.raw | said.raw) & _LOOSE or sorted(asked.ordered) != sorted(said.ordered):
        return False
    return any(_swapped(asked.ordered, said.ordered, it) for it in asked.stems)


def _swapped(one: Sequence[str], two: Sequence[str], pivot: str) -> bool:
    left, right = _sides(one, pivot)
    other_left, other_right = _sides(two, pivot)
    return bool((left & other_right) - (left & other_left) and (right & other_left) - (right & other_right))


def _sides(said: Sequence[str], pivot: str) -> tuple[frozenset[str], frozenset[str]]:
    at = said.index(pivot)
    return frozenset(_content(said[:at])[-_NEAR:]), frozenset(_content(said[at + 1 :])[:_NEAR])


def _content(some: Iterable[str]) -> list[str]:
    return [stem(word) for word in some if word not in STOP_WORDS]


def _aside(asked: Wording, fact: Fact) -> bool:
    """Return whether one word is all that is asked for, and neither begins the text nor is all an alias asks for."""
    if len(asked.stems) != 1:
        return False
    is_subject = not asked.stems.isdisjoint(wording(fact.text).ordered[:_NEAR])
    return not is_subject and all(wording(alias).stems != asked.stems for alias in fact.aliases)


def _renamed(question: str, asked: Wording, fact: Fact, held: frozenset[str]) -> bool:
    """Return whether the question names what the fact does not, or the fact's name stands before the same word."""
    names = [it for name in _NAME.findall(question[1:]) for it in wording(name).said if it not in STOP_WORDS]
    unheld = [it for it in names if stem(it) not in held]
    if unheld and len(unheld) >= _MOSTLY * len(names):
        return True
    return any(_another(asked, it, held) for it in (fact.text, *fact.aliases))


def _another(asked: Wording, text: str, held: frozenset[str]) -> bool:
    """Return whether a text has a name of several words of which the question has another first one.

    "The Spanish Civil War" is not "the American Civil War".
    """
    capital = {stem(it.lower()) for it in _NAME.findall(text[1:])}
    before = {stem(word): stem(name) for name, word in pairwise(wording(text).said) if name not in STOP_WORDS}
    for one, two in pairwise(asked.said):
        if one in STOP_WORDS or two in STOP_WORDS or stem(one) in held:
            continue
        name = before.get(stem(two), "")
        if name in capital and stem(two) in capital and name not in asked.stems:
            return True
    return False
