"""What the cycles decide about grains: which move on, which are no longer true, and which may be served."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from kitbash.cascade.grains import judged
from kitbash.domain.fact import Fact
from kitbash.domain.grain import Grain, GrainState
from kitbash.domain.level import Level
from kitbash.knowledge.layout import Faction, faction_of

MOST_VALIDATED: Final = 1000
"""How many grains one idle cycle looks at: it is over before anybody asks again."""

Find = Callable[[Grain], Fact | None]
Rivals = Callable[[Fact], Sequence[Fact]]


@dataclass(frozen=True, slots=True)
class Step:
    """A grain, the state it is to be in, and why."""

    grain: Grain
    to: GrainState
    reason: str


def steps(grains: Iterable[Grain], find: Find, *, cycle: int) -> list[Step]:
    """Return which grains move on in a new cycle; crystallising is left to sleep."""
    found: list[Step] = []
    for one in grains:
        grain = one.at(cycle)
        if grain.state in {GrainState.CANDIDATE, GrainState.PERSISTENT}:
            it = judged(grain, find(grain))
            if it.state is not grain.state:
                found.append(Step(grain, it.state, it.reason))
    return found


def crystals(grains: Iterable[Grain], find: Find, rivals: Rivals) -> list[Step]:
    """Return the locked grains that pass every gate, and those whose fact is no longer what it was."""
    found: list[Step] = []
    for grain in grains:
        if grain.state is GrainState.LOCKED:
            fact = find(grain)
            it = judged(grain, fact, rivals(fact) if fact is not None else ())
            if it.state is not grain.state:
                found.append(Step(grain, it.state, it.reason))
    return found


def in_order(grains: Iterable[Grain], strong: Collection[str], *, own_first: bool) -> list[Grain]:
    """Return the grains to validate: those that are served, then those whose question resonates, then by hits.

    With `own_first`, when the metabolism is dissonant, cartridges on Kitbash itself come before all others.
    """

    def rank(grain: Grain) -> tuple[bool, bool, bool, int, str]:
        is_own = own_first and faction_of(grain.subject.cartridge) is Faction.SELF
        is_served = grain.state is GrainState.CRYSTALLISED
        return (not is_own, not is_served, grain.grain_id not in strong, -grain.hits, grain.grain_id)

    alive = [grain for grain in grains if grain.state is not GrainState.DEAD]
    return sorted(alive, key=rank)[:MOST_VALIDATED]


def untrue(grains: Iterable[Grain], find: Find, rivals: Rivals) -> list[Step]:
    """Return the grains whose fact is gone or changed, and those that are served though L0 or L1 contradicts them."""
    found: list[Step] = []
    for grain in grains:
        fact = find(grain)
        it = judged(grain, fact)
        if it.state is GrainState.DEAD:
            found.append(Step(grain, it.state, it.reason))
        elif fact is not None and grain.state is GrainState.CRYSTALLISED:
            against = [rival for rival in rivals(fact) if rival.level <= Level.AXIOMATIC]
            if against:
                reason = f"{against[0].cartridge}#{against[0].fact_id} contradicts it"
                found.append(Step(grain, GrainState.DEAD, reason))
    return found
