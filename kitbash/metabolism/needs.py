"""What the metabolism works with; handed to it, never looked up."""

from dataclasses import dataclass
from typing import Protocol

from kitbash.blackboard.board import Blackboard
from kitbash.blackboard.grains import Grains
from kitbash.blackboard.metabolism import MetabolismStore
from kitbash.domain.fact import Fact
from kitbash.domain.grain import Grain
from kitbash.knowledge.layout import Faction
from kitbash.knowledge.library import Library
from kitbash.metabolism.schedule import Rhythm

_REAL = (Faction.GENERAL.value, Faction.EXPERIMENT.value, Faction.SELF.value)
"""What fiction says contradicts no fact."""


class Crystals(Protocol):
    """How a grain comes to be served and ceases to be; each is whole at every moment."""

    def crystallise(self, grain: Grain) -> bool:
        """Have a locked grain served and written beside its cartridge; False if it changed since it was read."""
        ...

    def withdraw(self, grain: Grain) -> bool:
        """Have a grain dead, no longer served, its file gone; False if it changed since it was read."""
        ...

    def restore(self) -> int:
        """Have the grains of all files on the blackboard again that are not there; return how many."""
        ...


@dataclass(frozen=True, slots=True)
class Needs:
    """One process's collaborators. `threshold` is Layer 2's, `target_precision` what every layer is to reach.

    Unless it is `enabled` nothing runs by itself. `is_calibrated` says that nobody set that threshold by hand.
    """

    store: MetabolismStore
    grains: Grains
    crystals: Crystals
    board: Blackboard
    library: Library
    rhythm: Rhythm
    threshold: float
    target_precision: float
    enabled: bool = True
    is_calibrated: bool = False

    def fact_of(self, grain: Grain) -> Fact | None:
        """Return the fact of a grain as its cartridge has it now."""
        return self.library.fact(grain.subject.cartridge, grain.subject.fact_id)

    def rivals_of(self, fact: Fact) -> tuple[Fact, ...]:
        """Return what contradicts a fact and is no fiction."""
        return self.library.contesting(fact, _REAL)
