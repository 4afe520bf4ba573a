"""A question, cleaned of what no question needs."""

import unicodedata
from dataclasses import dataclass

from kitbash.errors import UsageError


@dataclass(frozen=True, slots=True)
class Question:
    """A non-empty line of printable text, at most `max_chars` characters long when it was taken in."""

    text: str


def parse(raw: str, *, max_chars: int) -> Question:
    """Return the question with control and format characters gone and white space folded.

    Raises UsageError when nothing is left, when it is too long, or when it is not valid Unicode text.
    """
    if len(raw) > max_chars:
        message = f"the question has {len(raw):,} characters; ask in at most {max_chars:,}"
        raise UsageError(message)
    try:
        raw.encode()
    except UnicodeEncodeError as error:
        message = "the question is not valid text (it holds a lone surrogate); send it as UTF-8"
        raise UsageError(message) from error
    text = printable(raw)
    if not any(char.isalnum() for char in text):
        message = "the question is empty; ask something"
        raise UsageError(message)
    return Question(text)


def printable(raw: str) -> str:
    """Return the text on one line, white space folded, without anything a terminal might obey."""
    return " ".join(visible(raw).split())


def visible(raw: str) -> str:
    """Return the text without control, format, surrogate or private characters; white space becomes plain spaces."""
    if raw.isascii() and raw.isprintable():
        return raw
    return "".join(char if unicodedata.category(char)[0] != "C" else _space_for(char) for char in raw)


def _space_for(char: str) -> str:
    return " " if char in "\t\n\r\x0b\x0c\x00" else ""
