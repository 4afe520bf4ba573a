"""Facts and the values around them: one by hand, and any by Hypothesis."""

from dataclasses import dataclass

from hypothesis import strategies as st

from kitbash.domain.candidate import FEATURE_NAMES, Candidate, Features
from kitbash.domain.claim import Claim
from kitbash.domain.fact import Fact
from kitbash.domain.level import Level
from kitbash.domain.normal_form import stem

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
SHARE = st.floats(0, 1)
WORDS = ("comet", "star", "moon", "not", "12", "10,000", "the", "orbits", "light", "without", "ice", "is")
PHRASE = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A fact for tests that only care about some of it."""

    cartridge: str = "sky_general"
    level: Level = Level.EMPIRICAL

    def fact(self, fact_id: int, text: str, *aliases: str, confidence: float = 0.9, topic: str = "sky") -> Fact:
        return Fact(self.cartridge, fact_id, text, self.level, confidence, ("a book",), aliases, topic)


SKY = Fixed()


def features(**some: float) -> Features:
    """Return features of which all but the named ones are 0."""
    return Features(**(dict.fromkeys(FEATURE_NAMES, 0.0) | some))


def candidate(fact: Fact, part: int = 0, /, **some: float) -> Candidate:
    """Return a proposed fact with these features."""
    return Candidate(part, fact, features(**some))


CLAIMS = st.builds(
    Claim,
    TEXT,
    TEXT,
    st.booleans(),
    st.none() | st.floats(-9, 9),
    st.none() | st.floats(10, 99),
    st.sampled_from(("", "s")),
)
FACTS = st.builds(
    Fact,
    cartridge=TEXT,
    fact_id=st.integers(1, 2**53),
    text=TEXT,
    level=st.sampled_from(Level),
    confidence=SHARE,
    sources=st.lists(TEXT, max_size=3).map(tuple),
    aliases=st.just(()),
    topic=TEXT,
)
WORDED = st.builds(
    Fact,
    cartridge=st.just("sky_general"),
    fact_id=st.integers(1, 9),
    text=PHRASE,
    level=st.sampled_from(Level),
    confidence=SHARE,
    aliases=st.lists(PHRASE, max_size=3).map(tuple),
    topic=PHRASE,
)
STEMS = tuple(stem(word) for word in WORDS)
