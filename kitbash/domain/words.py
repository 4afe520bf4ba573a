"""Which words carry content, and what a question's words say about its form."""

import re
from collections.abc import Iterable
from typing import Final

from kitbash.domain.normal_form import stem, words

STOP_WORDS: Final = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "but",
        "if",
        "in",
        "on",
        "at",
        "to",
        "for",
        "of",
        "with",
        "by",
        "from",
        "as",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "am",
        "do",
        "does",
        "did",
        "done",
        "have",
        "has",
        "had",
        "having",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "i",
        "you",
        "he",
        "she",
        "we",
        "they",
        "me",
        "him",
        "her",
        "us",
        "them",
        "my",
        "your",
        "his",
        "our",
        "their",
        "what",
        "which",
        "who",
        "whom",
        "whose",
        "when",
        "where",
        "why",
        "how",
        "there",
        "here",
        "can",
        "could",
        "would",
        "will",
        "shall",
        "should",
        "may",
        "might",
        "must",
        "not",
        "no",
        "nor",
        "so",
        "than",
        "then",
        "too",
        "very",
        "just",
        "about",
        "into",
        "over",
        "under",
        "between",
        "out",
        "up",
        "down",
        "off",
        "again",
        "really",
        "actually",
        "please",
        "tell",
        "explain",
        "mean",
        "means",
        "meaning",
        "called",
        "name",
        "known",
        "get",
        "got",
        "make",
        "made",
        "many",
        "much",
        "kind",
        "does",
    ]
)
_CAPITAL: Final = re.compile(r"(?<=\S\s)[A-Z][\w'’-]*")
NEGATIONS: Final = frozenset(["not", "no", "never", "none", "nobody", "nothing", "neither", "nor", "without"])


def content_stems(text: str) -> tuple[str, ...]:
    """Return the stems of the words that carry content, in order, with repeats."""
    return tuple(stem(word) for word in words(text) if word not in STOP_WORDS)


def is_negated(text: str) -> bool:
    """Return whether a text holds an odd number of negations."""
    return sum(word in NEGATIONS for word in words(text)) % 2 == 1


def numbers(stems: Iterable[str]) -> frozenset[str]:
    """Return the words that hold a digit."""
    return frozenset(word for word in stems if any(char.isdigit() for char in word))


def capitals(text: str) -> frozenset[str]:
    """Return the content stems of the words that begin with a capital, but for the first word."""
    return frozenset(content_stems(" ".join(_CAPITAL.findall(text))))
