"""What a researcher does: look for facts of some levels, and say what they hold in words others can contradict."""

import re
from collections.abc import Iterator
from typing import Final

from kitbash.domain.fact import Fact
from kitbash.domain.level import Level
from kitbash.knowledge.library import Library

QUESTION: Final = "How long is the memory of a goldfish?"
TOPIC: Final = "memory of a goldfish"
FACTIONS: Final = ("general",)
_HOW_LONG: Final = re.compile(r"(?:at least |about )?\w+ (?:seconds|minutes|hours|days|weeks|months|years)\b")


def facts(library: Library, question: str, levels: range) -> Iterator[Fact]:
    """Yield the facts of these levels that answer a question, and those that contest them."""
    for cartridge, fact_id in library.asked(question):
        found = library.fact(cartridge, fact_id)
        if found is None:
            continue
        for fact in (found, *library.contesting(found, FACTIONS)):
            if fact.level in levels:
                yield fact


def claim(fact: Fact) -> str:
    """Return what a fact says of the topic in the words all agents use; its own where it tells no length of time."""
    found = _HOW_LONG.search(fact.text)
    return f"The {TOPIC} lasts {found[0]}." if found else fact.text


def citations(fact: Fact) -> list[str]:
    """Return where a fact stands, and on what."""
    return [f"fact:{fact.cartridge}#{fact.fact_id}", *(f"source:{source}" for source in fact.sources)]


MEASURED: Final = range(Level.EMPIRICAL, Level.AXIOMATIC + 1)
TOLD: Final = range(Level.NARRATIVE, Level.HEURISTIC + 1)
