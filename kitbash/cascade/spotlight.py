"""How spotlights are filled: which of the proposed facts get a place at their level."""

from collections.abc import Iterable, Mapping, Sequence

from kitbash.cascade.confidence import Ranked, Weights
from kitbash.cascade.fuse import RELATED, best
from kitbash.domain.candidate import Candidate
from kitbash.domain.fact import Fact
from kitbash.domain.item import Item, ident_of
from kitbash.domain.level import Level
from kitbash.knowledge.layout import Faction, faction_of


def ranked_parts(candidates: Sequence[Candidate], weights: Weights) -> list[list[Ranked]]:
    """Return the ranked candidates of each part that a layer answers from: the whole, or the several things asked."""
    parts = sorted({candidate.part for candidate in candidates})
    answered = [part for part in parts if part] or parts
    return [best(candidates, weights, part=part) for part in answered]


def proposals(parts: Iterable[Sequence[Ranked]]) -> list[Item]:
    """Return one item for each proposed fact, the most likely first; the first of each part leads."""
    found: dict[str, Item] = {}
    for ranked in parts:
        for place, it in enumerate(ranked):
            item = item_of(it.candidate.fact, probability=it.probability, leads=place == 0)
            before = found.get(item.ident)
            if before is None or (item.leads, item.probability) > (before.leads, before.probability):
                found[item.ident] = item
    return sorted(found.values(), key=lambda item: (-item.probability, item.ident))


def fill(proposed: Iterable[Item], others: Iterable[Item], widths: Mapping[Level, int]) -> tuple[Item, ...]:
    """Return what is posted: of each level the most likely facts there is room for, and all others.

    A fact that is not even near the question gets no place. What leads, and what contradicts it, always does. They
    stand level by level, as they do on the bus.
    """
    room = dict(widths)
    kept: list[Item] = []
    for item in proposed:
        if item.leads or (item.probability >= RELATED and room[item.level] > 0):
            kept.append(item)
            room[item.level] -= 1
    held = {item.ident for item in kept}
    kept += [item for item in others if item.ident not in held]
    return tuple(sorted(kept, key=lambda item: item.level))


def shares(proposed: Sequence[Item]) -> dict[Level, float]:
    """Return how much of the probability lies on each level, 0 to 1; all 0 if there is none."""
    total = sum(item.probability for item in proposed)
    sums = dict.fromkeys(Level, 0.0)
    for item in proposed:
        sums[item.level] += item.probability / total if total else 0.0
    return sums


def item_of(fact: Fact, *, probability: float = 0.0, leads: bool = False) -> Item:
    """Return a fact as an item of its level's spotlight."""
    return Item(
        level=fact.level,
        ident=ident_of(fact),
        text=fact.text,
        confidence=fact.confidence,
        cartridge=fact.cartridge,
        probability=round(probability, 4),
        leads=leads,
        claims=fact.claims,
        is_fiction=faction_of(fact.cartridge) is Faction.FICTION,
        event_time=fact.event_time,
        narrative_time=fact.narrative_time,
    )
