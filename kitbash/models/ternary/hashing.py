"""A question as hashed word and character n-grams: the same numbers in every process and on every machine."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final
from zlib import crc32

from kitbash.domain.normal_form import stem, words
from kitbash.domain.words import STOP_WORDS

MAX_WORDS: Final = 48
"""Words after these are not read, so that the longest question costs little more than a long one."""

_STEM, _PAIR, _CHARS = 8, 3, 3
_GRAMS: Final = (3, 4)
_MAX_CHARS: Final = 24


def features(question: str, buckets: int) -> dict[int, int]:
    """Return how much of each bucket, 0 up to `buckets`, a question has: small positive whole numbers.

    Stems weigh 8, pairs of words 3, character n-grams of words that carry content 3; what falls into one bucket is
    added. A question without words has none.
    """
    found: dict[int, int] = {}
    for gram, weight in _grams(words(question)[:MAX_WORDS]):
        bucket = crc32(gram.encode("utf-8", "replace")) % buckets
        found[bucket] = found.get(bucket, 0) + weight
    return found


def _grams(read: list[str]) -> Iterator[tuple[str, int]]:
    """Yield every n-gram with its weight; its first character keeps the kinds apart."""
    if not read:
        return
    content = [word for word in read if word not in STOP_WORDS]
    for word in read:
        yield f"w{stem(word)}", _STEM
    edged = ["^", *read, "$"]
    for first, second in pairwise(edged):
        yield f"p{first} {second}", _PAIR
    for word in content:
        ringed = f"<{word[:_MAX_CHARS]}>"
        for size in _GRAMS:
            for at in range(len(ringed) - size + 1):
                yield f"c{ringed[at : at + size]}", _CHARS
