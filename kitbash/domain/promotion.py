"""When a fact's level should change: the rules by which evidence moves it up or down, as a proposal for a person."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kitbash.domain.level import Level

SEVERAL: Final = 5
"""Judgements; of fewer nothing is proposed."""
PRIOR: Final = 10
"""How many judgements a fact's own confidence is worth."""
LEAST_SOURCES: Final = 3
"""What is empirical has at least so many sources."""


class Move(StrEnum):
    """Where a fact should go."""

    STAY = "stay"
    UP = "promote"
    DOWN = "demote"
    OUT = "archive"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one fact: `confidence` is its source's (0 to 1), `right` and `wrong` are people's judgements."""

    level: Level
    confidence: float
    sources: int
    right: int
    wrong: int

    @property
    def judged(self) -> int:
        """Return by how many judgements it was met."""
        return self.right + self.wrong

    @property
    def measured(self) -> float:
        """Return its confidence after the judgements, 0 to 1: its own counts as ten of them."""
        return (self.confidence * PRIOR + self.right) / (PRIOR + self.judged)


_UP: Final = {Level.HEURISTIC: 0.60, Level.NARRATIVE: 0.85, Level.AXIOMATIC: 0.90}
_DOWN: Final = {Level.AXIOMATIC: 0.85, Level.NARRATIVE: 0.60, Level.HEURISTIC: 0.40}


def move(standing: Standing) -> Move:
    """Return where a fact should go by its measured confidence.

    Up: L3 to L2 at 0.60, L2 to L1 at 0.85, L1 to L0 at 0.90 with three sources. Down: L1 below 0.85, L2 below 0.60; L3
    below 0.40 goes to the archive. L0, intents and masks stay, and so does what few people judged.
    """
    level, measured = standing.level, standing.measured
    if standing.judged < SEVERAL:
        return Move.STAY
    if measured < _DOWN.get(level, 0.0):
        return Move.OUT if level is Level.HEURISTIC else Move.DOWN
    # What was judged wrong more often than right earns nothing, however sure its source was.
    if level not in _UP or measured < _UP[level] or standing.wrong >= standing.right:
        return Move.STAY
    return Move.STAY if level is Level.AXIOMATIC and standing.sources < LEAST_SOURCES else Move.UP


def target(level: Level, wanted: Move) -> Level | None:
    """Return the level a move leads to, None for the archive."""
    match wanted:
        case Move.UP:
            return Level(level - 1)
        case Move.DOWN:
            return Level(level + 1)
        case Move.OUT:
            return None
        case Move.STAY:
            return level
