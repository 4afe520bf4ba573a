"""A sentence that is one simple clause, taken apart: what it is about, its verb, and what follows the verb.

Most sentences are not simple, and those are left alone: a claim that is missing costs nothing, a wrong one makes facts
contradict each other that do not.
"""

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

MAX_CHARS: Final = 400
_MOST_SUBJECT_WORDS: Final = 8
_MOST_ONE_WORDS: Final = 3


class Verb(Enum):
    """What kind of verb a clause has, which decides what may follow it."""

    BE = "is"
    HAVE = "has"
    DO = "does"
    CAN = "can"
    MEASURE = "measures"
    ACT = "acts"


@dataclass(frozen=True, slots=True)
class Clause:
    """`subject` and `rest` as written; `word` is the verb in the form a claim names it by.

    `is_usual` means that it holds as a rule: enough for a quantity, not for a plain yes or no.
    """

    subject: str
    verb: Verb
    word: str
    denied: bool
    rest: str
    is_usual: bool = False


_AUXILIARIES: Final = {
    "is": (Verb.BE, "is"), "are": (Verb.BE, "is"), "was": (Verb.BE, "was"), "were": (Verb.BE, "was"),
    "has": (Verb.HAVE, "has"), "have": (Verb.HAVE, "has"), "had": (Verb.HAVE, "had"),
    "does": (Verb.DO, ""), "do": (Verb.DO, ""), "can": (Verb.CAN, "can"), "never": (Verb.DO, ""),
}  # fmt: skip
MEASURES: Final = frozenset((
    "boil", "melt", "freeze", "condense", "solidify", "ignite", "weigh", "last", "measure", "contain", "cost",
    "take", "cover", "reach", "live", "travel", "move", "run", "fly", "swim", "spin", "rotate", "grow", "rise",
    "span", "beat",
))  # fmt: skip
_ACTS: Final = frozenset((
    "absorb", "attract", "breathe", "burn", "conduct", "contain", "dissolve", "drink", "eat", "emit", "expand",
    "float", "fly", "hibernate", "lay", "melt", "orbit", "produce", "reflect", "repel", "rust", "shrink", "sink",
    "sleep", "swim",
))  # fmt: skip
_PLURALS: Final = frozenset(
    ("people", "fish", "goldfish", "children", "men", "women", "mice", "geese", "cattle", "bacteria", "fungi", "sheep")
)
_CONTRACTED: Final = (
    (re.compile(r"\bcan(?:not|['’]t)\b"), "can not"),
    (re.compile(r"\b(is|are|was|were|has|have|had|does|do)n['’]t\b"), r"\1 not"),
)
_LEADS: Final = re.compile(
    r"(?:on average|in general|as a rule of thumb|normally|usually|typically|at sea level|"
    r"(?:at|under) (?:normal|standard)(?: air| atmospheric)? pressure), ",
    re.IGNORECASE,
)
_ADVERBS: Final = frozenset(("normally", "usually", "typically", "generally", "also", "always", "itself", "on average"))
_USUALLY: Final = frozenset(("normally", "usually", "typically", "generally", "average"))
_ADVERB: Final = re.compile(rf"(?:{'|'.join(sorted(_ADVERBS))}) ")
# Why, what follows and what it consists of: none of it changes what the clause before it says.
_REMARK: Final = re.compile(r",? because[ ,]|, (?:which|so|as|numbered|named|arranged|including|such as) |: ")
# What makes the clause depend on something, or leaves open whether it holds.
_CONDITIONS: Final = frozenset((
    "if", "unless", "when", "whenever", "until", "till", "while", "whereas", "although", "though", "except", "but",
    "either", "neither", "nor", "may", "might", "could", "would", "should", "must", "sometimes", "perhaps",
    "possibly", "rarely", "seldom", "hardly", "often", "supposedly", "allegedly", "myth", "legend", "fiction",
    "said", "say", "says", "think", "thinks", "thought", "believe", "believes", "believed", "claim", "claims",
    "claimed", "whether", "ever", "imagine", "suppose", "supposed", "mostly", "mainly", "mean", "means", "called",
    "likely", "probably", "almost-all",
))  # fmt: skip
_NO_SUBJECT: Final = frozenset((
    "it", "its", "they", "their", "this", "that", "these", "those", "he", "she", "his", "her", "we", "our", "you",
    "your", "i", "my", "there", "here", "some", "many", "most", "few", "several", "all", "every", "each", "no",
    "none", "any", "both", "another", "other", "such", "what", "which", "who", "how", "why", "where", "nothing",
    "everything", "one", "in", "on", "at", "to", "from", "for", "by", "with", "of", "as", "during", "after",
    "before", "under", "since", "because", "nearly", "almost", "two", "three", "four", "five", "six", "seven",
    "eight", "nine", "ten", "eleven", "twelve", "only", "not", "so", "then", "thus", "also", "and", "or", "half",
    "part", "much",
))  # fmt: skip
_NOT_IN_SUBJECT: Final = frozenset((
    "that", "which", "who", "whose", "where", "and", "or", "not", "because", "as", "than", "so", "to", "it", "they",
    "only", "from", "between", "like", "also", "what", "how", "why",
))  # fmt: skip
_BARE: Final = re.compile(r"[^\w'’%°.-]")


def parse(sentence: str) -> Clause | None:
    """Return the clause a sentence is, or None if it is not a simple one."""
    text = " ".join(sentence.split())
    if len(text) > MAX_CHARS or any(sign in text for sign in ';?!"“”«»…'):
        return None
    text = text.removesuffix(".")
    if ". " in text:
        return None
    text = _REMARK.split(text, maxsplit=1)[0]
    for pattern, plain in _CONTRACTED:
        text = pattern.sub(plain, text)
    lead = _LEADS.match(text)
    text = text[lead.end() :] if lead else text
    words = text.split(" ")
    plain = [_BARE.sub("", word).lower() for word in words]
    if _CONDITIONS.intersection(plain):
        return None
    for at, word in enumerate(plain[: _MOST_SUBJECT_WORDS + 2]):
        kind = _kind(word)
        if kind is not None:
            found = _clause(words, plain, at, *kind)
            return replace(found, is_usual=True) if found and (lead or _USUALLY & set(plain)) else found
    return None


def base(word: str) -> str:
    """Return a present-tense verb without the ending of its third person."""
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("ches", "shes", "sses", "xes", "oes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _kind(word: str) -> tuple[Verb, str] | None:
    if word in _AUXILIARIES:
        return _AUXILIARIES[word]
    plain = base(word)
    if plain in MEASURES:
        return Verb.MEASURE, plain
    return (Verb.ACT, plain) if plain in _ACTS else None


def _agrees(subject: str, word: str, verb: str) -> bool:
    """Return whether a verb fits its subject, so that "sea water sink" is not taken for a sinking."""
    last = subject.rpartition(" ")[2].lower()
    return word != verb or last in _PLURALS or (last.endswith("s") and not last.endswith("ss"))


def _clause(words: list[str], plain: list[str], at: int, verb: Verb, word: str) -> Clause | None:
    subject = _subject(words[:at], plain[:at])
    rest = " ".join(words[at + 1 :])
    # A second verb makes it more than a simple clause; "do not have" is one verb.
    after = at + 3 if verb in {Verb.DO, Verb.CAN} else at + 1
    if subject is None or _AUXILIARIES.keys() & set(plain[after:]):
        return None
    if verb in {Verb.MEASURE, Verb.ACT} and not _agrees(subject, plain[at], word):
        return None
    denied = plain[at] == "never"
    for negation in ("not ", "never ", "no longer "):
        if rest.startswith(negation):
            if denied:
                return None
            denied, rest = True, rest.removeprefix(negation)
    adverb = _ADVERB.match(rest)
    rest = rest[adverb.end() :] if adverb else rest
    if verb is Verb.DO and not denied:
        return None
    return Clause(subject, verb, word, denied, rest)


def _subject(words: list[str], plain: list[str]) -> str | None:
    if plain and (plain[0] in {"a", "an", "the"} or (plain[0] == "one" and len(plain) <= _MOST_ONE_WORDS)):
        words, plain = words[1:], plain[1:]
    if not plain or len(plain) > _MOST_SUBJECT_WORDS or plain[0] in _NO_SUBJECT or plain[0][:1].isdigit():
        return None
    if plain[-1] in _ADVERBS:
        words, plain = words[:-1], plain[:-1]
    if (
        not plain
        or plain[-1].endswith("ly")
        or _NOT_IN_SUBJECT.intersection(plain)
        or any(sign in word for word in words for sign in ",()[]:")
    ):
        return None
    return " ".join(words)
