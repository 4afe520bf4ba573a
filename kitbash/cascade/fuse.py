"""Layer 2, second half: the best candidate of all shards answers, if it is probable enough."""

from collections.abc import Sequence
from typing import Final

from kitbash.cascade.confidence import Ranked, Weights, rank
from kitbash.domain.candidate import Candidate
from kitbash.domain.fact import Fact
from kitbash.domain.verdict import Finding

NEAREST: Final = 3
"""How many facts are shown as the nearest evidence."""
RELATED: Final = 0.05
"""Below this probability a fact is not even near."""


def fuse(
    candidates: Sequence[Candidate],
    weights: Weights,
    threshold: float | None,
    *,
    parts: int = 1,
    factor: float = 1.0,
) -> Finding:
    """Return the most probable fact for the whole question, with the next ones as evidence when it is not sure.

    A question that asks for several things is left to the next layer: one fact would answer half of it. `factor` is
    what contradictions leave of the confidence, 0 to 1. Without a threshold that of the fact's scale holds.
    """
    if parts > 1:
        return Finding(0.0, f"the question asks for {parts - 1} things", evidence=nearest(candidates, weights))
    ranked = best(candidates, weights, part=0)
    if not ranked:
        return Finding(0.0, "no fact shares a word with the question")
    top = ranked[0]
    fact = top.candidate.fact
    confidence = top.probability * factor
    needed = top.candidate.scale.threshold if threshold is None else threshold
    if confidence >= needed:
        reason = f"{fact.cartridge}#{fact.fact_id} covers {top.candidate.features.coverage:.0%} of the question"
        return Finding(confidence, reason, fact.text, (fact,), threshold=needed)
    reason = f"nearest is {fact.cartridge}#{fact.fact_id}, which covers {top.candidate.features.coverage:.0%}"
    return Finding(confidence, reason, evidence=nearest(candidates, weights), threshold=needed)


def best(candidates: Sequence[Candidate], weights: Weights, *, part: int) -> list[Ranked]:
    """Return the ranked candidates of one part; of equal texts only the first."""
    once = {candidate.fact.text: candidate for candidate in reversed(candidates) if candidate.part == part}
    return rank(list(once.values()), weights)


def nearest(candidates: Sequence[Candidate], weights: Weights) -> tuple[Fact, ...]:
    """Return the facts that come nearest to answering any part, the most probable first."""
    parts = {candidate.part for candidate in candidates}
    ranked = [it for part in parts for it in best(candidates, weights, part=part) if it.probability >= RELATED]
    ranked.sort(key=lambda it: -it.probability)
    return tuple(dict.fromkeys(it.candidate.fact for it in ranked))[:NEAREST]
