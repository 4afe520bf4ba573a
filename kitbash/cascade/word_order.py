"""Whether a statement has its words the same way round as a fact that holds all of them: who did what to whom.

A man who bites a dog is not a dog that bites a man. Only four ways of saying a thing again are known: in the same
order; a phrase at the front that stands elsewhere in the other; two names of one thing around a form of "be"; active
for passive. What a preposition such as "of" or "by" governs, it must govern in both. Whatever else is moved is not the
same, even where it happens to be. Pure.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from kitbash.domain.normal_form import stem
from kitbash.domain.words import STOP_WORDS

Words = tuple[str, ...]

_BEING: Final = frozenset(("is", "are", "was", "were", "be", "been", "called"))
_ARTICLES: Final = frozenset(("a", "an", "the"))
_JOINTS: Final = frozenset((
    "of", "by", "for", "with", "than", "to", "into", "from", "before", "after", "over", "under", "above", "below",
))  # fmt: skip
"""What follows one of these has another part in what is said than what does not."""
_PREPOSITIONS: Final = frozenset(("in", "on", "at", "during", "since", "when", *_JOINTS))
_CONDITIONS: Final = frozenset(("if", "unless"))
_NAME: Final = 2
"""How many words may be said without a sentence around them: a name."""


def is_same_order(said: Words, told: Words) -> bool:
    """Return whether a statement says its words the same way round as a fact, both as words in order."""
    if _is_name(said, told):
        return True
    moved = ((one, other) for other, one in _without_opening(told, said))
    return any(_is_same(*pair) for pair in chain([(said, told)], _without_opening(said, told), moved))


def _is_same(said: Words, told: Words) -> bool:
    return _is_within(said, told) or _is_swapped(said, told) or _is_other_voice(said, told)


def _is_name(said: Words, told: Words) -> bool:
    """Return whether a statement is one word, or a name that stands in the fact as it is."""
    short, held = _bare(said), _bare(told)
    stems = _content(said)
    return len(stems) <= 1 or (len(short) == len(stems) <= _NAME and _at(short, held) is not None)


def _without_opening(some: Words, others: Words) -> Iterator[tuple[Words, Words]]:
    """Return two sayings without the phrase that one opens with, for each that stands in the other, too."""
    if not some or some[0] not in _PREPOSITIONS:
        return
    opening, rest = _bare(some), _bare(others)
    for end in range(2, len(opening)):
        phrase = opening[:end]
        # A year is the same after "in" and in a date.
        sought = phrase[1:] if end == _NAME and phrase[1].isdigit() else phrase
        at = _at(sought, rest)
        if at is not None:
            yield opening[end:], rest[:at] + rest[at + len(sought) :]


def _is_within(said: Words, told: Words) -> bool:
    held = iter(_content(told))
    return all(it in held for it in _content(said)) and _is_governed_alike(said, told)


def _is_governed_alike(said: Words, told: Words) -> bool:
    known = set(_governed(told))
    return all(it in known for it in _governed(said))


def _is_swapped(said: Words, told: Words) -> bool:
    """Return whether the sides of a form of "be" changed places, which only two names of one thing can."""
    mine, yours = _around_being(said), _around_being(told)
    if mine is None or yours is None:
        return False
    (left, right), (first, last) = mine, yours
    is_one_thing = last[:1] == ("the",) or (first[:1] == ("the",) and not _ARTICLES & set(last[:1]))
    return is_one_thing and bool(left and right) and _is_within(left, last) and _is_within(right, first)


def _is_other_voice(said: Words, told: Words) -> bool:
    """Return whether one says in the passive what the other says in the active."""
    one, other = _active(said), _active(told)
    if (one is None) == (other is None):
        return False
    one, other = one or said, other or told
    return not _BEING & {*one, *other} and _is_within(one, other)


def _active(words: Words) -> Words | None:
    """Return a passive with the doer first, then what is done, to what, and the rest; None if it is none."""
    if "by" not in words:
        return None
    by = words.index("by")
    being = next((at for at in range(by) if words[at] in _BEING), None)
    if being is None or being + 1 == by:
        return None
    end = next((at for at in range(by + 1, len(words)) if words[at] in _PREPOSITIONS), len(words))
    return (*words[by + 1 : end], *words[being + 1 : by], *words[:being], *words[end:])


def _around_being(words: Words) -> tuple[Words, Words] | None:
    at = next((at for at, word in enumerate(words) if word in _BEING), None)
    return None if at is None else (words[:at], words[at + 1 :])


def _content(words: Iterable[str]) -> Words:
    return tuple(stem(it) for it in words if it in _CONDITIONS or it not in STOP_WORDS)


def _governed(words: Words) -> Iterator[tuple[str, str]]:
    """Return each content stem with the preposition it stands next to, empty if there is none."""
    joint = ""
    for word in words:
        if word in _JOINTS:
            joint = "to" if word == "into" else word
        elif word in _PREPOSITIONS or word in _BEING:
            joint = ""
        elif word not in STOP_WORDS:
            yield stem(word), joint
            joint = ""


def _bare(words: Words) -> Words:
    return tuple(it for it in words if it not in _ARTICLES)


def _at(some: Words, others: Words) -> int | None:
    return next((at for at in range(len(others) - len(some) + 1) if others[at : at + len(some)] == some), None)
