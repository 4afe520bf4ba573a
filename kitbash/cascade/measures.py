"""The quantities in a sentence, wherever they stand, and whether two of them can be the same.

A number that was measured may be rounded ("300,000 km/s"); one that was counted, a year or a bare number may not.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from kitbash.domain.claim import Claim, apart
from kitbash.knowledge.source import quantity
from kitbash.knowledge.source.quantity import Quantity

ROUNDING: Final = 0.01
"""How far measured values may lie apart and still be the same, as a share of the larger."""
MOST: Final = 12
"""Quantities of one sentence that are looked at."""

_START: Final = re.compile(
    r"(?<![\w.,/-])(?:(?:at least|at most|no more than|no less than|not less than|not more than|more than|less than|"
    r"fewer than|up to|about|around|roughly|approximately|nearly|almost|exactly|precisely|only|between|from|over|"
    r"under|circa|minus) ){0,2}[~≈]?[$€£¥]?[-−]?(?:\d|(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
    r"(?= [a-z]))",
    re.IGNORECASE,
)
_CLOSING: Final = re.compile(r"[\s.!?…\"”’')\]]+\Z")
_NAMED: Final = re.compile(
    r"(?:\A|\s)(?!(?:January|February|March|April|May|June|July|August|September|October|November|December|In|On|At|About|By)"
    r" \Z)[A-Z][\w'’-]* \Z"
)
"""A name before a number makes it part of the name: Apollo 11."""
_PHYSICAL: Final = re.compile(r"(?:kg|mol|cd|rad|bit|degC|[msAK%1])(?:\W.*)?")


@dataclass(frozen=True, slots=True)
class Measures:
    """What a sentence measures, and the sentence without it."""

    quantities: tuple[Quantity, ...]
    rest: str


@lru_cache(maxsize=4096)
def measures(text: str) -> Measures:
    """Return the quantities of a sentence in canonical units; the first unit that is met loads the unit library."""
    found: list[Quantity] = []
    rest: list[str] = []
    text = _CLOSING.sub("", text)
    at = 0
    while len(found) < MOST and (start := _START.search(text, at)):
        first = text[start.start()]
        read = quantity.read(first.lower() + text[start.start() + 1 :])
        if read is None or (_NAMED.search(text, 0, start.start()) and not _PHYSICAL.fullmatch(read[0].unit)):
            rest.append(text[at : start.end()])
            at = start.end()
            continue
        rest.append(text[at : start.start()])
        found.append(read[0])
        at = len(text) - len(read[1])
    rest.append(text[at:])
    return Measures(tuple(found), " ".join("".join(rest).split()))


def distance(one: Quantity, other: Quantity) -> float:
    """Return how far two quantities of one unit are apart, 0 to 1; 0 if one may be the other, rounded."""
    if one.unit != other.unit:
        return 1.0
    size = apart(_claim(one), _claim(other))
    return 0.0 if size <= ROUNDING and _PHYSICAL.fullmatch(one.unit) else size


def nearest(one: Quantity, others: Sequence[Quantity]) -> float | None:
    """Return how far a quantity is from the nearest other of its unit, or None if there is none."""
    return min((distance(one, it) for it in others if it.unit == one.unit), default=None)


def _claim(of: Quantity) -> Claim:
    return Claim("", "", of.affirmed, of.low, of.high, of.unit)
