"""What a fact claims, read from its sentence where its source does not say it.

Only simple clauses about their subject give a claim: quantities, and plain yes or no ("is a star", "has no nucleus",
"cannot fly"). "Is a star that pulses" also says "is a star", so an affirmed description ends where it is narrowed; a
denied one must be whole, since the narrowing may be all that is denied.
"""

from collections.abc import Iterator
from typing import Final

from kitbash.domain.claim import Claim
from kitbash.knowledge.claim_record import MAX_CHARS
from kitbash.knowledge.source import clause
from kitbash.knowledge.source.clause import Clause, Verb, base
from kitbash.knowledge.source.measuring import measured
from kitbash.knowledge.source.wording import attribute_of, subject_of

_NARROWS: Final = frozenset((
    "that", "which", "who", "whose", "where", "at", "in", "on", "from", "to", "for", "by", "with", "as", "under",
    "above", "between", "through", "near", "into", "made", "within", "during", "around", "after", "before",
))  # fmt: skip
_VAGUE: Final = frozenset((
    "lot", "bit", "little", "few", "kind", "sort", "type", "matter", "way", "thing", "and", "or", "than", "more",
    "less", "most", "very", "about", "not", "no", "only", "same", "example", "so", "too", "one", "how", "up",
    "been", "become", "it", "its", "their", "them", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "ten", "many", "some", "several", "all", "any", "other", "another", "different", "own", "still", "both",
))  # fmt: skip
_MOST_WORDS: Final = 5
_MOST_SUBJECT_WORDS: Final = 5
_ARTICLES: Final = ("a ", "an ", "the ", "no ")


def claims_of(text: str) -> tuple[Claim, ...]:
    """Return what a sentence claims, nothing if it is not simple enough to be sure."""
    found = clause.parse(text)
    if found is None:
        return ()
    quantity = measured(found)
    claims = (quantity,) if quantity else tuple(_plain(found))
    return tuple(it for it in claims if it.subject and it.attribute and len(it.key) <= MAX_CHARS)


def _plain(found: Clause) -> Iterator[Claim]:
    """Yield what a clause affirms or denies."""
    subject = subject_of(found.subject)
    if found.is_usual or len(found.subject.split()) > _MOST_SUBJECT_WORDS:
        return
    if found.verb in {Verb.BE, Verb.HAVE}:
        yield from _being_or_having(found, subject)
        return
    verb, rest = found.word, found.rest
    if found.verb in {Verb.DO, Verb.CAN}:
        verb, _, rest = rest.partition(" ")
        verb = base(verb)
    words = _words(rest, whole=True)
    if words is None or not verb.isalpha() or verb in _VAGUE:
        return
    attribute = " ".join((verb, *words))
    if found.verb is Verb.CAN:
        yield Claim(subject, attribute_of(f"can {attribute}"), not found.denied)
    # What cannot be is not so either; what can be need not be so.
    if found.verb is not Verb.CAN or found.denied:
        yield Claim(subject, attribute_of(attribute), not found.denied)


def _being_or_having(found: Clause, subject: str) -> Iterator[Claim]:
    article = next((it for it in _ARTICLES if found.rest.startswith(it)), "")
    being = found.verb is Verb.BE
    denied = found.denied != (article == "no ")
    if being and article == "no ":
        return
    # Without an article, or with "the", what is described may be one of many that the narrowing picks.
    whole = denied or article == "the " or (being and not article)
    words = _words(found.rest.removeprefix(article), whole=whole)
    if not words or (not article and any(map(_is_participle, words if being else words[:1]))):
        return
    yield Claim(subject, attribute_of(" ".join((found.word, *words))), not denied)


def _is_participle(word: str) -> bool:
    """Return whether a word may be a verb's: "is measured" and "has cleared" describe nothing."""
    return word.endswith(("ed", "ing", "ly"))


def _words(rest: str, *, whole: bool) -> list[str] | None:
    """Return the words up to where they are narrowed, or None if they are not plain."""
    words: list[str] = []
    for word in rest.split():
        if not whole and word.lower() in _NARROWS:
            break
        if word.lower() in _VAGUE or not word.replace("-", "").replace("'", "").isalpha():
            return None
        words.append(word)
    if not whole and words and words[-1].endswith("ed"):
        # "A language created by": the narrowing began a word earlier.
        words.pop()
    if any(word.endswith("ed") for word in words[1:]):
        return None
    return words if len(words) <= _MOST_WORDS else None
