"""How a statement is known: six epistemic levels, not to be confused with layers."""

from enum import IntEnum
from typing import Final


class Level(IntEnum):
    """L0 to L5. A lower number constrains a higher one."""

    EMPIRICAL = 0
    AXIOMATIC = 1
    NARRATIVE = 2
    HEURISTIC = 3
    INTENT = 4
    MASK = 5

    @property
    def label(self) -> str:
        """Return the full name, such as `L0_EMPIRICAL`."""
        return f"L{self.value}_{self.name}"

    @property
    def states_facts(self) -> bool:
        """Return whether statements of this level may be found by search; intents and masks are not facts."""
        return self <= Level.HEURISTIC

    @classmethod
    def parse(cls, text: str) -> "Level":
        """Read `L0`, `L0_EMPIRICAL` or `empirical`, in any case. Raises ValueError for anything else."""
        word = text.strip().upper()
        for level in cls:
            if word in {level.label, level.name, f"L{level.value}"}:
                return level
        message = f"{text!r} is not a level; use L0 to L5 or one of {', '.join(level.label for level in cls)}"
        raise ValueError(message)

    @classmethod
    def from_legacy(cls, number: int) -> "Level":
        """Read the integer that older cartridges hold, whose order of names differs.

        Raises ValueError outside 0 to 3.
        """
        if number not in _LEGACY:
            message = f"{number} is not a level of the older format, which has 0 to 3"
            raise ValueError(message)
        return _LEGACY[number]


_LEGACY: Final = {0: Level.EMPIRICAL, 1: Level.NARRATIVE, 2: Level.AXIOMATIC, 3: Level.MASK}
