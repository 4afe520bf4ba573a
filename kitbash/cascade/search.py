"""Layer 2, first half: one shard proposes facts for each part of the question."""

from collections.abc import Sequence
from typing import Final

from kitbash.cascade.confidence import strength
from kitbash.cascade.features import Asked, features
from kitbash.domain import codec
from kitbash.domain.candidate import Candidate
from kitbash.domain.fact import Fact
from kitbash.domain.normal_form import normal_form
from kitbash.domain.plan import Plan
from kitbash.domain.verdict import Finding
from kitbash.errors import KnowledgeError
from kitbash.knowledge.cartridge import Cartridge
from kitbash.knowledge.index import forms_of

_WHOLE: Final = 0.999


def search(plan: Plan, cartridges: Sequence[Cartridge], limit: int) -> Finding:
    """Return the `limit` strongest candidates for each part, with features that compare over all shards.

    A cartridge that breaks while it is read is left out and named; the others still propose.
    """
    found: list[Candidate] = []
    broken: dict[str, str] = {}
    for number, part in enumerate(plan.parts):
        asked = Asked.of(part, plan.weights, plan.unknown)
        known = [stem for stem in asked.weights if stem not in plan.unknown]
        form = normal_form(part)
        proposed: list[Candidate] = []
        for cartridge in cartridges:
            try:
                facts = cartridge.index.propose(known, limit)
            except KnowledgeError as error:
                broken[cartridge.name] = str(error)
            else:
                proposed += [_candidate(number, asked, form, fact) for fact in facts]
        proposed.sort(key=lambda it: (-strength(it.features), it.fact.cartridge, it.fact.fact_id))
        found += proposed[:limit]
    names = ", ".join(cartridge.name for cartridge in cartridges)
    reason = f"{len(found)} candidates from {names}" + "".join(f"; {error}" for error in broken.values())
    return Finding(0.0, reason, product=codec.candidates_to(found))


def _candidate(part: int, asked: Asked, form: str, fact: Fact) -> Candidate:
    shared = features(asked, fact)
    # An exact form covers every content word; making a fact's forms is only worth it then.
    return Candidate(part, fact, shared, shared.coverage >= _WHOLE and form in forms_of(fact))
