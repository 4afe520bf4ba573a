"""A statement read from a source, before it has an id."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from kitbash.domain.claim import Claim
from kitbash.domain.level import Level
from kitbash.errors import KnowledgeError

MAX_TEXT_CHARS: Final = 4000
MAX_TIME_CHARS: Final = 200
FORBIDDABLE: Final = ("folk_wisdom", "speculation")
"""What an intent may forbid an answer."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with what its source says of it. `headings` are those above it, outermost first.

    `claims` is None where the source does not say what the statement claims, so that it is read from the text.
    """

    text: str
    sources: tuple[str, ...]
    confidence: float
    level: Level
    aliases: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    claims: tuple[Claim, ...] | None = None
    forbids: tuple[str, ...] = ()
    event_time: str = ""
    narrative_time: str = ""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where a source does not say otherwise."""

    confidence: float = 0.8
    level: Level = Level.NARRATIVE
    description: str = ""
    domain: str | None = None
    faction: str | None = None


def confidence_of(value: object, place: str) -> float:
    """Return a confidence, 0 to 1. Raises KnowledgeError naming the place."""
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        message = f"{place}: confidence {value!r} is not a number from 0 to 1"
        raise KnowledgeError(message)
    return number


def level_of(value: object, place: str) -> Level:
    """Return a level. Raises KnowledgeError naming the place."""
    try:
        return Level.parse(str(value))
    except ValueError as error:
        message = f"{place}: {error}"
        raise KnowledgeError(message) from error


def text_of(value: str, place: str) -> str:
    """Return a statement on one line. Raises KnowledgeError if it is too long or not text."""
    text = " ".join(value.split())
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = f"{place}: the text holds half a character (a lone surrogate)"
        raise KnowledgeError(message) from error
    if len(text) > MAX_TEXT_CHARS:
        message = f"{place}: a statement of {len(text):,} characters; split it, a fact has at most {MAX_TEXT_CHARS:,}"
        raise KnowledgeError(message)
    return text


def time_of(value: str, place: str) -> str:
    """Return a time as it is written, on one line. Raises KnowledgeError if it is too long."""
    text = text_of(value, place)
    if len(text) > MAX_TIME_CHARS:
        message = f"{place}: a time of {len(text):,} characters; write a date or a few words"
        raise KnowledgeError(message)
    return text


def forbids_of(names: Iterable[str], level: Level, place: str) -> tuple[str, ...]:
    """Return what an intent forbids, by name. Raises KnowledgeError for another name, or if it is no intent (L4)."""
    found = tuple(dict.fromkeys("_".join(name.casefold().replace("_", " ").split()) for name in names if name.strip()))
    for name in found:
        if name not in FORBIDDABLE:
            message = f"{place}: {name!r} cannot be forbidden; only {' and '.join(FORBIDDABLE)} can"
            raise KnowledgeError(message)
    if found and level is not Level.INTENT:
        message = f"{place}: it forbids {found[0]} but is {level.label}; only an intent (L4) can forbid"
        raise KnowledgeError(message)
    return found
