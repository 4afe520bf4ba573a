"""What kind of thing a question asks for, and whether a text offers one that the question does not itself hold.

Surface signs only: capitals, digits, number words, months. They tell between candidates, and never answer.
"""

import re
from collections.abc import Set as AbstractSet
from enum import StrEnum
from functools import lru_cache
from typing import Final

from kitbash.domain.normal_form import stem, words


class Kind(StrEnum):
    """What can be asked for and recognised in a text by its surface."""

    QUANTITY = "quantity"
    PERSON = "person"
    TIME = "time"
    PLACE = "place"
    REASON = "reason"


_ASKED: Final = (
    (
        Kind.QUANTITY,
        re.compile(
            r"\bhow (?:many|much|fast|far|long|high|tall|deep|old|hot|big|heavy|large)\b"
            r"|\bwhat (?:percent|number|portion|fraction|proportion|amount)",
            re.IGNORECASE,
        ),
    ),
    (Kind.PERSON, re.compile(r"\bwho(?:m|se)?\b", re.IGNORECASE)),
    (
        Kind.TIME,
        re.compile(r"\bwhen\b|\b(?:what|which) (?:year|century|decade|date|month|day)\b", re.IGNORECASE),
    ),
    (
        Kind.PLACE,
        re.compile(r"\bwhere\b|\b(?:what|which) (?:country|city|state|region|place|town)\b", re.IGNORECASE),
    ),
    (Kind.REASON, re.compile(r"\bwhy\b", re.IGNORECASE)),
)
_NAME: Final = re.compile(r"(?<=[a-z,;)] )[A-Z][\w'’-]*")
_PLACE: Final = re.compile(
    r"\b(?:in|at|near|from|to|of|into|across|throughout|off|on)\s+(?:the\s+)?(?:[a-z]+\s+)?([A-Z][\w'’-]*)"
)
_REASON: Final = re.compile(r"\b(?:because|since|due|caused?|so|therefore|reason|results?|resulted|led|leads?|to)\b")
_NUMBER_WORDS: Final = frozenset(
    map(
        stem,
        words(
            "one two three four five six seven eight nine ten eleven twelve dozen hundred thousand million billion "
            "trillion half third quarter twice once both single several"
        ),
    )
)
_TIME_WORDS: Final = frozenset(
    map(
        stem,
        words(
            "january february march april may june july august september october november december century decade "
            "year spring summer autumn winter day"
        ),
    )
)


def kind_asked(question: str) -> Kind | None:
    """Return what kind of thing a question asks for, or None if its words do not say."""
    return next((kind for kind, pattern in _ASKED if pattern.search(question)), None)


def offers(text: str, kind: Kind, asked: AbstractSet[str]) -> bool:
    """Return whether a text holds a thing of a kind that is none of the stems asked."""
    if kind is Kind.REASON:
        return bool(_REASON.search(text))
    return not _signs(text, kind) <= asked


@lru_cache(maxsize=8192)
def _signs(text: str, kind: Kind) -> frozenset[str]:
    """Return the stems of a text that could be a thing of a kind."""
    if kind is Kind.PERSON:
        return frozenset(stem(word.lower()) for word in _NAME.findall(text))
    if kind is Kind.PLACE:
        return frozenset(stem(word.lower()) for word in _PLACE.findall(text))
    wanted = _NUMBER_WORDS if kind is Kind.QUANTITY else _TIME_WORDS
    stems = map(stem, words(text))
    return frozenset(it for it in stems if it in wanted or any(char.isdigit() for char in it))
