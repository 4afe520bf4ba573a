"""What keeps the metabolism in balance: more work while facts contradict each other, a look about when it stands still.

A tension is a contradiction that mattered to somebody's question. While one is large and was not given up on, the
metabolism is dissonant. When no grain moves on for ten turns, without dissonance, it is stagnant. A turn is one
background cycle.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

TENSE_ABOVE: Final = 0.6
"""A contradiction of this size or less is part of life."""
MOST_ATTEMPTS: Final = 5
"""In so many turns a contradiction may matter unresolved; then it is persistent, and for a person to resolve."""
STAGNANT_TURNS: Final = 10
CALM_TURNS: Final = 10
"""After so many turns in which it mattered to nobody a tension is forgotten; when it returns, attempts begin anew."""
MOST_TENSIONS: Final = 100
FASTER_VALIDATION: Final = 3
FASTER_SLEEP: Final = 8
"""A night becomes three hours."""


@dataclass(frozen=True, slots=True)
class Tension:
    """A contradiction between two facts. `size` is 0 to 1, `attempts` the turns in which it mattered unresolved."""

    size: float
    attempts: int
    last_turn: int

    @property
    def is_dissonant(self) -> bool:
        """Return whether the metabolism still works at it."""
        return self.size > TENSE_ABOVE and self.attempts < MOST_ATTEMPTS

    @property
    def is_persistent(self) -> bool:
        """Return whether it was given up on: a person has to resolve it."""
        return self.size > TENSE_ABOVE and self.attempts >= MOST_ATTEMPTS


@dataclass(frozen=True, slots=True)
class Balance:
    """The tensions by the names of their two facts, and for how many turns nothing was learned."""

    tensions: Mapping[str, Tension] = field(default_factory=dict[str, Tension])
    stagnant_turns: int = 0

    @property
    def is_dissonant(self) -> bool:
        """Return whether any tension is worked at."""
        return any(it.is_dissonant for it in self.tensions.values())

    @property
    def severity(self) -> float:
        """Return the largest tension that is worked at over what is tolerated: above 1, or 0 when there is none."""
        return max((it.size / TENSE_ABOVE for it in self.tensions.values() if it.is_dissonant), default=0.0)

    @property
    def is_stagnant(self) -> bool:
        """Return whether the metabolism stands still."""
        return self.stagnant_turns >= STAGNANT_TURNS

    @property
    def urgency(self) -> float:
        """Return how much it should look about for something new, 0 to 1."""
        return min(1.0, self.stagnant_turns / STAGNANT_TURNS)

    @property
    def persistent(self) -> tuple[str, ...]:
        """Return the tensions that a person has to resolve, in order of their names."""
        return tuple(sorted(name for name, it in self.tensions.items() if it.is_persistent))

    def after(self, turn: int, seen: Mapping[str, float], *, grown: int) -> "Balance":
        """Return the balance after a turn in which these contradictions mattered, and so many grains moved on."""
        tensions = {
            name: it for name, it in self.tensions.items() if name not in seen and turn - it.last_turn < CALM_TURNS
        }
        for name, size in seen.items():
            known = self.tensions.get(name)
            tensions[name] = Tension(size, 1 if known is None else min(MOST_ATTEMPTS, known.attempts + 1), turn)
        if len(tensions) > MOST_TENSIONS:
            largest = sorted(tensions, key=lambda it: (-tensions[it].size, -tensions[it].last_turn, it))
            tensions = {name: tensions[name] for name in largest[:MOST_TENSIONS]}
        learned = grown > 0 or any(it.is_dissonant for it in tensions.values())
        return Balance(tensions, 0 if learned else self.stagnant_turns + 1)

    def pause_s(self, usual_s: float) -> float:
        """Return how long nobody must ask before candidates are validated: a third of the usual when dissonant."""
        return usual_s / FASTER_VALIDATION if self.is_dissonant else usual_s

    def wake_s(self, usual_s: float) -> float:
        """Return how long to wait from one sleep cycle to the next: three hours for a day when dissonant."""
        return usual_s / FASTER_SLEEP if self.is_dissonant else usual_s
