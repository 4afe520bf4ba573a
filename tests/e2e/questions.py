"""Fifty questions drawn from the starter knowledge: its own question forms, reworded ones, two at once, and others."""

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from kitbash.knowledge.library import Library

UNKNOWN: Final = (
    "Who won the village chess cup in 1987?",
    "What is the difference between DNA and a protein?",
    "How many electrons orbit the parliament?",
    "Is the speed of light not constant?",
    "What did my neighbour have for breakfast?",
    "Why?",
    "Qxzzy flurb wibble?",
    "Wer hat das Telefon erfunden?",
    "1 + 1",
    "What is the boiling point of water on Mars and who was the first dentist there?",
)


@cache
def forms(data: Path) -> tuple[str, ...]:
    """Return the question forms of the starter knowledge that anybody may ask, by cartridge and fact."""
    library = Library([data / "starter"], data / "indices")
    try:
        visible = library.visible(("general", "self"))
        return tuple(fact.aliases[at % 2] for it in visible for at, fact in enumerate(it.index.facts()) if fact.aliases)
    finally:
        library.close()


def fifty(data: Path) -> list[str]:
    """Return twenty forms as they are, ten in other words, ten pairs of forms, and ten that are not known."""
    asked = forms(data)
    some = [asked[at * len(asked) // 40] for at in range(40)]
    pairs = [f"{one.rstrip('?')} and {lowered(other)}" for one, other in pairwise(some[29:40])]
    return [*some[:20], *map(reworded, some[20:30]), *pairs, *UNKNOWN]


def reworded(form: str) -> str:
    """Return a question form with its last word first, so that Layer 0 does not know it."""
    *words, last = form.rstrip("?").split()
    return " ".join([last, *words])


def lowered(form: str) -> str:
    """Return a question form as it stands in the middle of a sentence."""
    return form[0].lower() + form[1:]
