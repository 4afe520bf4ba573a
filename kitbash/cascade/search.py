"""Layer 2, first half: one shard proposes facts for each part of the question."""

from collections.abc import Sequence

from kitbash.cascade.features import Asked, features
from kitbash.domain import codec
from kitbash.domain.candidate import Candidate
from kitbash.domain.normal_form import normal_form
from kitbash.domain.plan import Plan
from kitbash.domain.verdict import Finding
from kitbash.domain.words import content_stems
from kitbash.errors import KnowledgeError
from kitbash.knowledge.cartridge import Cartridge
from kitbash.knowledge.index import forms_of


def search(plan: Plan, cartridges: Sequence[Cartridge], limit: int) -> Finding:
    """Return up to `limit` candidates of each cartridge and part, with features that compare over all shards.

    A cartridge that breaks while it is read is left out and named; the others still propose.
    """
    found: list[Candidate] = []
    broken: list[str] = []
    for cartridge in cartridges:
        try:
            found += _propose(plan, cartridge, limit)
        except KnowledgeError as error:
            broken.append(str(error))
    names = ", ".join(cartridge.name for cartridge in cartridges)
    reason = f"{len(found)} candidates from {names}" + "".join(f"; {error}" for error in broken)
    return Finding(0.0, reason, product=codec.candidates_to(found))


def _propose(plan: Plan, cartridge: Cartridge, limit: int) -> list[Candidate]:
    found: list[Candidate] = []
    for number, part in enumerate(plan.parts):
        stems = [stem for stem in dict.fromkeys(content_stems(part)) if stem not in plan.unknown]
        asked = Asked.of(part, plan.weights, plan.unknown)
        form = normal_form(part)
        found += [
            Candidate(number, fact, features(asked, fact), form in forms_of(fact))
            for fact in cartridge.index.propose(stems, limit)
        ]
    return found
