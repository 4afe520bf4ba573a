"""Layer 3: a question that asks for several things is answered from several facts, each cited. No model."""

from collections.abc import Sequence

from kitbash.cascade.confidence import Weights
from kitbash.cascade.fuse import best, nearest
from kitbash.domain.candidate import Candidate
from kitbash.domain.fact import Fact
from kitbash.domain.plan import Plan
from kitbash.domain.verdict import Finding


def synthesise(
    plan: Plan, candidates: Sequence[Candidate], weights: Weights, *, factor: float = 1.0, is_calibrated: bool = False
) -> Finding:
    """Return one composed answer whose confidence is that all of its facts fit, or none if a part has no fact.

    `factor` is what contradictions leave of the confidence, 0 to 1. Where it is calibrated, the strictest of the facts'
    own thresholds for composed answers holds.
    """
    parts = range(1, len(plan.parts))
    if not parts:
        return Finding(0.0, "the question asks for one thing", evidence=nearest(candidates, weights))
    chosen: list[Fact] = []
    confidence = factor
    needed = 0.0
    for part in parts:
        ranked = best(candidates, weights, part=part)
        if not ranked:
            reason = f"no fact for {plan.parts[part]!r}"
            return Finding(0.0, reason, evidence=nearest(candidates, weights))
        chosen.append(ranked[0].candidate.fact)
        confidence *= ranked[0].probability
        needed = max(needed, ranked[0].candidate.scale.composed)
    facts = tuple(dict.fromkeys(chosen))
    if len(facts) < len(chosen):
        reason = f"one fact stands for several of the {len(chosen)} things asked"
        return Finding(0.0, reason, evidence=nearest(candidates, weights))
    text = " ".join(f"{fact.text} [{number}]" for number, fact in enumerate(facts, start=1))
    threshold = needed if is_calibrated else None
    return Finding(confidence, f"composed from {len(facts)} facts", text, facts, threshold=threshold)
