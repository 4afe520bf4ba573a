"""The columns of a curated fact: each is known by its form, so they may stand in any order.

`0.97` is the confidence, `L0` the level, `alias: ...` question aliases. `claim: water ; boils at ; 99-101 °C` is what
the fact claims (several columns, several claims; `claim: none` for nothing), `forbids: folk wisdom, speculation` what
an intent forbids, `when: 1969-07-20` when it happened and `told: 1970` when it is told. Anything else is a source.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from kitbash.domain.level import Level
from kitbash.knowledge.source.statement import (
    Defaults,
    Statement,
    confidence_of,
    forbids_of,
    level_of,
    text_of,
    time_of,
)
from kitbash.knowledge.source.written_claim import claims_of

ALIASES: Final = re.compile(r"(?:aliases|alias|questions?|q)\s*:\s*", re.IGNORECASE)
_LEVEL: Final = re.compile(r"L[0-5](?:_[A-Z]+)?")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_NAMED: Final = re.compile(r"(claim|forbids|when|told)\s*:\s*", re.IGNORECASE)


@dataclass(slots=True)
class Columns:
    """What the columns of one fact say. Raises KnowledgeError naming the place."""

    place: str
    defaults: Defaults
    sources: list[str] = field(default_factory=list[str])
    aliases: list[str] = field(default_factory=list[str])
    claims: list[str] = field(default_factory=list[str])
    forbids: list[str] = field(default_factory=list[str])
    when: str = ""
    told: str = ""
    level: Level = field(init=False)
    confidence: float = field(init=False)

    def __post_init__(self) -> None:
        """Start from what holds where no column says otherwise."""
        self.level = self.defaults.level
        self.confidence = self.defaults.confidence

    def take(self, column: str) -> None:
        """Take one column in."""
        if _LEVEL.fullmatch(column):
            self.level = level_of(column, self.place)
        elif _NUMBER.fullmatch(column):
            self.confidence = confidence_of(column, self.place)
        elif found := ALIASES.match(column):
            self.aliases += [alias.strip() for alias in column[found.end() :].split(";") if alias.strip()]
        elif found := _NAMED.match(column):
            self._named(found[1].lower(), column[found.end() :])
        elif column:
            self.sources.append(column)

    def _named(self, name: str, value: str) -> None:
        if name == "claim":
            self.claims.append(value)
        elif name == "forbids":
            self.forbids += value.split(",")
        elif name == "when":
            self.when = time_of(value, self.place)
        else:
            self.told = time_of(value, self.place)

    def statement(self, text: str, headings: tuple[str, ...]) -> Statement:
        """Return the statement these columns belong to."""
        return Statement(
            text=text_of(text, self.place),
            sources=(*self.sources, self.place),
            confidence=self.confidence,
            level=self.level,
            aliases=tuple(dict.fromkeys(self.aliases)),
            headings=headings,
            claims=claims_of(self.claims, self.place) if self.claims else None,
            forbids=forbids_of(self.forbids, self.level, self.place),
            event_time=self.when,
            narrative_time=self.told,
        )
