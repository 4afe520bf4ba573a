"""Grains that come to be served, and cease to be, by their records alone."""

from dataclasses import dataclass

from kitbash.blackboard.grains import Grains, MoveCode
from kitbash.domain.grain import Grain, GrainState


@dataclass(frozen=True, slots=True)
class Records:
    """`Crystals` without files."""

    grains: Grains

    def crystallise(self, grain: Grain) -> bool:
        """Have a locked grain served; False if it changed since it was read."""
        return self.grains.promote(grain, GrainState.CRYSTALLISED) is MoveCode.MOVED

    def withdraw(self, grain: Grain) -> bool:
        """Have a grain dead; False if it changed since it was read."""
        return self.grains.promote(grain, GrainState.DEAD) is MoveCode.MOVED
