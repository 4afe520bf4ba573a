"""Layer 2, first half: one shard proposes facts for each part of the question."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from kitbash.cascade.asked import Asked
from kitbash.cascade.by_meaning import widened
from kitbash.cascade.confidence import Weights, rank, strengths_of
from kitbash.cascade.features import features
from kitbash.cascade.scales import UNPROMISED, Scales
from kitbash.cascade.veto import against
from kitbash.cascade.wording import wording
from kitbash.domain import codec
from kitbash.domain.calibration import Calibration
from kitbash.domain.candidate import Candidate
from kitbash.domain.fact import Fact
from kitbash.domain.normal_form import normal_form
from kitbash.domain.plan import Plan
from kitbash.domain.verdict import Finding
from kitbash.errors import KnowledgeError
from kitbash.knowledge.cartridge import Cartridge
from kitbash.knowledge.index import forms_of
from kitbash.knowledge.meaning import Meaning

DEPTH: Final = 12
"""How many facts of a shard are looked at closely, whichever cartridges they are from."""
_WHOLE: Final = 0.999


def search(
    plan: Plan,
    cartridges: Sequence[Cartridge],
    limit: int,
    weights: Weights,
    scales: Scales = UNPROMISED,
    *,
    meaning: Meaning | None = None,
    cut: float = 1.0,
) -> Finding:
    """Return the `limit` strongest candidates for each part, with features that compare over all shards.

    Each says how its probability is read, so that whoever reads it later needs neither its cartridge nor the settings.
    With `meaning`, a part whose best candidate is less probable than `cut` by its words is asked by meaning too.
    A cartridge that breaks while it is read is left out and named; the others still propose.
    """
    found: list[Candidate] = []
    own = {cartridge.name: cartridge.calibration for cartridge in cartridges}
    broken: dict[str, str] = {}
    for number, part in enumerate(plan.parts):
        asked = Asked.of(part, plan.weights, plan.unknown)
        near: list[Fact] = []
        for cartridge in cartridges:
            try:
                near += nearby(asked, cartridge, plan.unknown, max(limit, DEPTH))
            except KnowledgeError as error:
                broken[cartridge.name] = str(error)
        form = normal_form(part)
        facts = closest(asked, near, max(limit, DEPTH))
        strongest = _strongest([_candidate(number, form, asked, it) for it in facts], part, weights, limit)
        strongest = [_scaled(it, own, scales) for it in strongest]
        if meaning is not None and weights.dense is not None and not _is_sure(strongest, weights, cut):
            more = widened(part, cartridges, facts, meaning, max(limit, DEPTH))
            both = [replace(_candidate(number, form, asked, it), closeness=closeness) for it, closeness in more]
            widest = _strongest(both, part, weights, limit)
            strongest = [_scaled(it, own, scales) for it in widest] or strongest
        found += strongest
    names = ", ".join(cartridge.name for cartridge in cartridges)
    reason = f"{len(found)} candidates from {names}" + "".join(f"; {error}" for error in broken.values())
    return Finding(0.0, reason, product=codec.candidates_to(found))


def nearby(asked: Asked, cartridge: Cartridge, unknown: frozenset[str], limit: int) -> list[Fact]:
    """Return up to `limit` facts of a cartridge that share a stem with a part of a question.

    Raises KnowledgeError if it cannot be read.
    """
    return cartridge.index.propose([it for it in asked.weights if it not in unknown], limit)


def closest(asked: Asked, near: Sequence[Fact], limit: int) -> list[Fact]:
    """Return the `limit` facts that hold most of a part, by a score that compares over cartridges.

    The scores of their indices do not: a word is rare in one cartridge and frequent in another.
    """
    if len(near) <= limit:
        return list(near)
    return sorted(near, key=lambda it: (-_held(asked, it), it.cartridge, it.fact_id))[:limit]


def _held(asked: Asked, fact: Fact) -> float:
    """Return the larger of a quick BM25 of the text and the overlap with an alias, 0 to 1."""
    text = asked.bm25(wording(fact.text), wording(fact.topic).stems)
    return max(text, *(asked.dice(wording(alias).stems) for alias in fact.aliases), 0.0)


def _candidate(number: int, form: str, asked: Asked, fact: Fact) -> Candidate:
    shared = features(asked, fact)
    # An exact form covers every content word; making a fact's forms is only worth it then.
    return Candidate(number, fact, shared, shared.coverage >= _WHOLE and form in forms_of(fact))


def _strongest(candidates: Sequence[Candidate], part: str, weights: Weights, limit: int) -> list[Candidate]:
    """Return the `limit` strongest candidates, the strongest first, with what speaks against each."""
    strengths = zip(strengths_of(candidates, weights), candidates, strict=True)
    ranked = sorted(strengths, key=lambda it: (-it[0], it[1].fact.cartridge, it[1].fact.fact_id))
    return [_judged(it, part) for _, it in ranked[:limit]]


def _is_sure(candidates: Sequence[Candidate], weights: Weights, cut: float) -> bool:
    return bool(candidates) and rank(candidates, weights)[0].probability >= cut


def _judged(candidate: Candidate, part: str) -> Candidate:
    found = None if candidate.is_exact else against(part, candidate.fact, candidate.features)
    return replace(candidate, veto=found.value) if found else candidate


def _scaled(candidate: Candidate, own: Mapping[str, Calibration | None], scales: Scales) -> Candidate:
    fact = candidate.fact
    scale = scales.exact if candidate.is_exact else scales.of(fact, own.get(fact.cartridge))
    return replace(candidate, scale=scale)
