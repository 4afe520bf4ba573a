"""A model's reply as it was checked: sentence by sentence, with what the evidence says of each; and as JSON."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kitbash.domain.codec import Json

OWN_MARK: Final = "[own]"
"""Stands after a sentence in an answer that no fact bears out: the model's own words."""
SYSTEM: Final = "it claims to be the system"
LOOP: Final = "it repeats itself"


class Standing(StrEnum):
    """What the evidence makes of a sentence."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Checked:
    """One sentence of a reply.

    `facts` names those that bear it out, or that contradict it. `struck` says why it is not part of the answer, empty
    if it is. `size` is how far it contradicts the first fact, 0 to 1, and `about` in what. `words` counts its content.
    """

    text: str
    standing: Standing
    facts: tuple[str, ...] = ()
    struck: str = ""
    size: float = 0.0
    about: str = ""
    words: int = 0


def checked_to(sentences: Iterable[Checked]) -> list[Json]:
    """Return checked sentences as JSON values."""
    return [
        {
            "text": it.text,
            "standing": it.standing.value,
            "facts": list(it.facts),
            "struck": it.struck,
            "size": round(it.size, 3),
            "about": it.about,
            "words": it.words,
        }
        for it in sentences
    ]


def checked_from(values: Iterable[Json]) -> tuple[Checked, ...]:
    """Return the sentences that `checked_to` wrote."""
    return tuple(
        Checked(
            text=it["text"],
            standing=Standing(it["standing"]),
            facts=tuple(it["facts"]),
            struck=it["struck"],
            size=it["size"],
            about=it["about"],
            words=it["words"],
        )
        for it in values
    )
