"""Which facts claim something of the same subject and attribute, so that they can contradict each other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from kitbash.domain.claim import SAME, Claim, apart
from kitbash.domain.fact import Fact
from kitbash.domain.level import Level
from kitbash.knowledge.cartridge import Cartridge

MAX_CONTESTING: Final = 8


@dataclass(frozen=True, slots=True)
class Holder:
    """A fact by where it lives, with one of its claims."""

    faction: str
    level: Level
    cartridge: str
    fact_id: int
    claim: Claim


Shared = Mapping[str, tuple[Holder, ...]]
"""The holders of each key that more than one fact has, in order of level, cartridge and id."""


def holders(cartridge: Cartridge) -> list[Holder]:
    """Return every claim of a cartridge's facts of levels L0 to L3. Raises KnowledgeError for a broken index."""
    return [
        Holder(cartridge.faction, level, cartridge.name, fact_id, claim)
        for fact_id, level, claims in cartridge.index.claims()
        if level.states_facts
        for claim in claims
    ]


def shared(found: Iterable[Holder]) -> Shared:
    """Return who holds each key that is shared."""
    by_key: dict[str, list[Holder]] = {}
    for holder in found:
        by_key.setdefault(holder.claim.key, []).append(holder)
    return {
        key: tuple(sorted(same, key=lambda it: (it.level, it.cartridge, it.fact_id)))
        for key, same in by_key.items()
        if len({(it.cartridge, it.fact_id) for it in same}) > 1
    }


def against(fact: Fact, held: Shared, factions: Iterable[str]) -> list[tuple[str, int]]:
    """Return the facts of other levels whose claims a fact's contradict, at most eight, the lowest level first."""
    wanted = set(factions)
    found = {
        (it.level, it.cartridge, it.fact_id)
        for claim in fact.claims
        for it in held.get(claim.key, ())
        if it.level != fact.level and it.faction in wanted and apart(claim, it.claim) > SAME
    }
    return [(cartridge, fact_id) for _, cartridge, fact_id in sorted(found)[:MAX_CONTESTING]]
