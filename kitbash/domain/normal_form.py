"""The normal form of a question: what two wordings must share to be the same question.

NFKC, casefold, contractions, punctuation, polite filler, Snowball stem. Word order, question words, negation, digits
and prepositions stay: a sorted bag of words collides on "A to B" against "B to A".
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import Stemmer

_library: Any = Stemmer
# Without its own cache: the results are kept below, in a bounded one.
_stem_word: Final[Callable[[str], str]] = _library.Stemmer("english", 0).stemWord

_CONTRACTIONS: Final = {
    "what's": "what is", "whats": "what is", "who's": "who is", "where's": "where is", "when's": "when is",
    "how's": "how is", "why's": "why is", "that's": "that is", "there's": "there is", "it's": "it is",
    "what're": "what are", "who're": "who are", "isn't": "is not", "aren't": "are not", "wasn't": "was not",
    "weren't": "were not", "don't": "do not", "doesn't": "does not", "didn't": "did not", "can't": "can not",
    "cannot": "can not", "couldn't": "could not", "won't": "will not", "wouldn't": "would not",
    "shouldn't": "should not", "hasn't": "has not", "haven't": "have not", "i'm": "i am", "you're": "you are",
    "we're": "we are", "they're": "they are", "i'd": "i would", "let's": "let us",
}  # fmt: skip

_FILLER: Final = re.compile(
    r"^(?:(?:please|hey|hi|hello|ok|okay|so|well|um|kitbash|"
    r"(?:can|could|would|will) you(?: please)?(?: (?:tell|explain|show) (?:me|us|to me))?|"
    r"tell me|(?:do|did) you (?:happen to )?know|i (?:want|would like|need) to know|"
    r"i (?:was|am) wondering|i wonder)[ ]+)+(?=\S)"
)
_TRAILER: Final = re.compile(r"(?:[ ]+(?:please|thanks|thank you|for me|exactly))+$")
_WORD: Final = re.compile(
    r"[^\W_]+(?:[.,'’][^\W_]+)*(?:\+\+|#)?|[%°+<>=*/^-]{1,3}(?=\s{0,3}\d)|[%°]|(?<=\d)[*/^+=<>-]", re.UNICODE
)
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_ARTICLES: Final = frozenset({"a", "an", "the"})


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return the Snowball (English) stem of one casefolded word; a word with a digit stays as it is."""
    return word if any(char.isdigit() for char in word) else _stem_word(word)


@lru_cache(maxsize=16_384)
def _part(word: str) -> str:
    """Return what one lower-case word adds to a normal form, with a space before it; nothing for an article."""
    whole = _CONTRACTIONS.get(word, word)
    whole = whole.removesuffix("'s")
    return "".join(f" {stem(part.strip(chr(39)))}" for part in whole.split() if part not in _ARTICLES)


def fold(text: str) -> str:
    """Return the text in NFKC, casefolded, with plain apostrophes and no thousands separators."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("’", "'")
    return _THOUSANDS.sub("", text.casefold())


def _split(text: str) -> list[str]:
    return _WORD.findall(fold(text))


def words(text: str) -> list[str]:
    """Return the words of a text, folded, contractions opened, not stemmed, in order."""
    found: list[str] = []
    for word in _split(text):
        whole = _CONTRACTIONS.get(word, word)
        found.extend(whole.removesuffix("'s").split())
    return found


def normal_form(text: str) -> str:
    """Return the normal form: equal for two texts when they ask the same thing in all but polish and inflection."""
    folded = " ".join(_split(text))
    folded = _TRAILER.sub("", _FILLER.sub("", folded))
    # An article that ends a phrase is a name: hepatitis A.
    ending = " a" if folded.endswith(" a") else ""
    return "".join(map(_part, folded.split()))[1:] + ending
