"""A part of a question asked by meaning: the facts nearest to it, and how near those are that its words proposed."""

from collections.abc import Sequence

from kitbash.domain.candidate import Closeness
from kitbash.domain.fact import Fact
from kitbash.errors import KnowledgeError
from kitbash.knowledge.cartridge import Cartridge
from kitbash.knowledge.meaning import Meaning


def widened(
    part: str, cartridges: Sequence[Cartridge], proposed: Sequence[Fact], meaning: Meaning, limit: int
) -> list[tuple[Fact, Closeness]]:
    """Return the proposed facts and the `limit` nearest ones in meaning, with how near each is; none if it cannot be.

    It cannot if the encoder fails, or if one of the proposed facts has no vector: what was judged in two ways does not
    compare. A cartridge without vectors that proposes nothing does not matter.
    """
    question = meaning.read(part)
    if question is None:
        return []
    found: dict[tuple[str, int], tuple[Fact, Closeness | None]] = {}
    near = {it.name: it_near for it in cartridges if (it_near := meaning.near(it, question)) is not None}
    for fact in proposed:
        held = near.get(fact.cartridge)
        found[_key(fact)] = fact, None if held is None else held.of(fact.fact_id)
    nearest: list[tuple[Fact, Closeness]] = []
    for cartridge in cartridges:
        held = near.get(cartridge.name)
        if held is None:
            continue
        try:
            facts = cartridge.index.of(held.best(limit))
        except KnowledgeError:
            # Search has named it already, or will with the next question: its words are read from the same file.
            return []
        nearest += [(fact, closeness) for fact in facts if (closeness := held.of(fact.fact_id)) is not None]
    nearest.sort(key=lambda it: (-max(it[1]), *_key(it[0])))
    for fact, closeness in nearest[:limit]:
        found[_key(fact)] = fact, closeness
    whole = [(fact, closeness) for fact, closeness in found.values() if closeness is not None]
    return whole if len(whole) == len(found) else []


def _key(fact: Fact) -> tuple[str, int]:
    return fact.cartridge, fact.fact_id
