"""A reply taken apart into sentences, each with the facts it cites."""

import re
from dataclasses import dataclass
from typing import Final

MOST: Final = 40
"""Sentences beyond are not looked at, and not shown."""

_CITED: Final = re.compile(r"\s*\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
_CITED_AFTER: Final = re.compile(r"([.!?…]+)((?:\s*\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\])+)")
_END: Final = re.compile(r"(?:(?<=[.!?…])|(?<=[.!?…][\"”’')\]]))\s+(?=[\"“‘'(\[]?[^\W_a-z])|(?<=[。！？])|\n+")
_BULLET: Final = re.compile(r"^(?:[-*•–]|\d{1,2}[.)])\s+")
_LEAD: Final = re.compile(r"^(?:assistant|answer|response|kitbash|a)\s*:\s*", re.IGNORECASE)
_ABBREVIATED: Final = re.compile(
    r"(?:\b(?:e\.g|i\.e|dr|mr|mrs|ms|st|vs|approx|ca|no|fig|prof|u\.s|u\.k|inc|jr|sr|cf|al)|\b[A-Z])\.$", re.IGNORECASE
)
_MOST_IN_ABBREVIATION: Final = 2


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as it was said but for its citations, which are numbers from 1, in order, each once."""

    text: str
    cited: tuple[int, ...] = ()


def sentences(text: str) -> list[Sentence]:
    """Return the sentences of a plain reply, at most `MOST`."""
    lines = "\n".join(_BULLET.sub("", line) for line in text.splitlines())
    pieces: list[str] = []
    for piece in _END.split(_CITED_AFTER.sub(r"\2\1", lines)):
        if pieces and _is_abbreviated(pieces[-1]):
            pieces[-1] += f" {piece.strip()}"
        else:
            pieces.append(piece.strip())
    found = (_sentence(_LEAD.sub("", piece)) for piece in pieces)
    return [it for it in found if it.text][:MOST]


def _sentence(text: str) -> Sentence:
    cited = dict.fromkeys(int(number) for marks in _CITED.findall(text) for number in re.findall(r"\d+", marks))
    return Sentence(" ".join(_CITED.sub("", text).split()), tuple(cited))


def _is_abbreviated(piece: str) -> bool:
    found = _ABBREVIATED.search(piece)
    if found is None:
        return False
    # A single letter that ends a long sentence may as well be a name: "hepatitis A."
    return len(found.group()) > _MOST_IN_ABBREVIATION or len(piece.split()) <= _MOST_IN_ABBREVIATION
