"""Layer 0: the question is one that a fact was written to answer, word for word in normal form."""

from kitbash.cascade.coupling import contests
from kitbash.cascade.policy import ProjectRule
from kitbash.domain.calibration import EXACT
from kitbash.domain.item import ident_of
from kitbash.domain.verdict import Finding
from kitbash.knowledge.layout import faction_of
from kitbash.knowledge.library import Library


def answer(question: str, project: ProjectRule, library: Library) -> Finding:
    """Return the fact whose question form this is, if there is exactly one that the project may see.

    A fact that another level contradicts is left to the layers that couple levels.
    """
    factions = project.factions
    asked = [(name, fact_id) for name, fact_id in library.asked(question) if faction_of(name) in factions]
    if not asked:
        return Finding(0.0, "no question form is the same")
    facts = [fact for name, fact_id in asked if (fact := library.fact(name, fact_id)) is not None]
    texts = {fact.text for fact in facts}
    if len(texts) != 1:
        where = ", ".join(f"{name}#{fact_id}" for name, fact_id in asked[:3])
        return Finding(0.5, f"{len(asked)} facts have this question form ({where})", evidence=tuple(facts[:3]))
    fact = facts[0]
    rival = next((it for it in library.contesting(fact, factions) if contests(fact, it, project.kappa)), None)
    if rival is not None:
        return Finding(0.5, f"{ident_of(rival)} contradicts {ident_of(fact)}", evidence=(fact, rival))
    return Finding(EXACT, f"question form of {fact.cartridge}#{fact.fact_id}", fact.text, (fact,))
