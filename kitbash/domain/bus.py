"""The state of one query's bus: all that triage decides from, and nothing else, so that it can decide again."""

from dataclasses import dataclass

from kitbash.domain.context import Snapshot
from kitbash.domain.coupling import Coupled, Health
from kitbash.domain.item import Item
from kitbash.domain.level import Level


@dataclass(frozen=True, slots=True)
class BusState:
    """Six spotlights, what coupling made of them, and what is remembered.

    `proposed` names every fact that search and the rivals brought, the most likely first; `leans` says that the
    question leans on what was asked before, and `world` which world it names: what is told (L2) or measured (L0).
    The numbers are what was set where the spotlights were filled.
    """

    proposed: tuple[str, ...]
    items: tuple[Item, ...]
    coupled: Coupled
    health: Health
    context: Snapshot | None = None
    leans: bool = False
    world: Level | None = None
    items_per_level: int = 0
    dissonance_threshold: int = 0
