"""Ordinary prose, split into sentences that can stand as statements."""

from collections.abc import Iterator
from typing import Any, Final

from kitbash.domain.question import printable

MIN_WORDS: Final = 3


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a paragraph that state something: three words or more, and not a question."""
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
