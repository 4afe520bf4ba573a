"""Ordinary prose, split into sentences that can stand as statements."""

from collections.abc import Iterator
from typing import Any, Final

from kitbash.domain.question import printable

MIN_WORDS: Final = 3
_LONGEST_CHARS: Final = 400


_LEANING: Final = frozenset(
    ("it", "its", "they", "their", "them", "this", "that", "these", "those", "he", "she", "his", "her", "him", "such")
)


def sentences(text: str) -> Iterator[str]:
    """Yield the statements of a paragraph: three words or more, and not a question.

    A sentence that begins with a pronoun says nothing alone, so it stays with the one before it.
    """
    before = ""
    for sentence in _split(text):
        if before and sentence.split()[0].casefold().strip(",") in _LEANING and len(before) < _LONGEST_CHARS:
            before = f"{before} {sentence}"
        else:
            if before:
                yield before
            before = sentence
    if before:
        yield before


def _split(text: str) -> Iterator[str]:
    # Imported here: building needs it, answering does not.
    import sentencex  # noqa: PLC0415 # pyright: ignore[reportMissingTypeStubs]

    split: Any = sentencex

    for sentence in split.segment("en", printable(text)):
        clean = str(sentence).strip()
        if len(clean.split()) >= MIN_WORDS and not clean.endswith("?"):
            yield clean


def paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Yield each paragraph of a plain text with the number of its first line."""
    start, lines = 0, list[str]()
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        if line.strip():
            start = start if lines else number
            lines.append(line)
        elif lines:
            yield start, "\n".join(lines)
            lines.clear()
