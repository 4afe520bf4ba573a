"""Layer 0: a question that a fact was written to answer, word for word in normal form, or that a grain has earned."""

from typing import Final

from kitbash.cascade.coupling import contests
from kitbash.cascade.grains import BY_GRAIN
from kitbash.cascade.policy import ProjectRule
from kitbash.cascade.served import ServedGrains
from kitbash.cascade.veto import veto
from kitbash.domain.calibration import EXACT
from kitbash.domain.fact import Fact, content_hash
from kitbash.domain.grain import Grain
from kitbash.domain.item import ident_of
from kitbash.domain.normal_form import normal_form
from kitbash.domain.verdict import Finding
from kitbash.knowledge.layout import faction_of
from kitbash.knowledge.library import Library

_UNKNOWN: Final = Finding(0.0, "no question form is the same")


def answer(question: str, project: ProjectRule, library: Library, grains: ServedGrains | None = None) -> Finding:
    """Return the fact whose question form this is, if there is exactly one that the project may see.

    Where no fact was written to answer it, a grain may that earned it; as sure as its record makes it. A fact that
    another level contradicts is left to the layers that couple levels.
    """
    form = normal_form(question)
    factions = project.factions
    asked = [(name, fact_id) for name, fact_id in library.with_form(form) if faction_of(name) in factions]
    if not asked:
        earned = () if grains is None else grains.of(form)
        return _by_grain(question, earned, project, library) if earned else _UNKNOWN
    facts = [fact for name, fact_id in asked if (fact := library.fact(name, fact_id)) is not None]
    texts = {fact.text for fact in facts}
    if len(texts) != 1:
        where = ", ".join(f"{name}#{fact_id}" for name, fact_id in asked[:3])
        return Finding(0.5, f"{len(asked)} facts have this question form ({where})", evidence=tuple(facts[:3]))
    fact = facts[0]
    return _contested(fact, project, library) or Finding(
        EXACT, f"question form of {fact.cartridge}#{fact.fact_id}", fact.text, (fact,)
    )


def _by_grain(question: str, earned: tuple[Grain, ...], project: ProjectRule, library: Library) -> Finding:
    """Return the fact of the grain that earned the question, if the project's grains agree on one that still stands."""
    visible = [grain for grain in earned if faction_of(grain.subject.cartridge) in project.factions]
    found = [(grain, fact) for grain in visible if (fact := _fact_of(grain, library)) is not None]
    if not found:
        return _UNKNOWN
    if len({fact.text for _, fact in found}) != 1:
        facts = tuple(fact for _, fact in found[:3])
        return Finding(0.5, f"{len(found)} grains answer this question differently", evidence=facts)
    grain, fact = max(found, key=lambda it: it[0].precision.mean)
    against = veto(question, fact)
    if against is not None:
        return Finding(0.5, f"{grain.grain_id} does not fit: {against.value}", evidence=(fact,))
    return _contested(fact, project, library) or Finding(
        grain.precision.mean, f"{BY_GRAIN}{grain.grain_id} of {ident_of(fact)}: {record(grain)}", fact.text, (fact,)
    )


def _fact_of(grain: Grain, library: Library) -> Fact | None:
    """Return a grain's fact if it still says what it said."""
    fact = library.fact(grain.subject.cartridge, grain.subject.fact_id)
    return fact if fact is not None and content_hash(fact.text) == grain.subject.fact_hash else None


def _contested(fact: Fact, project: ProjectRule, library: Library) -> Finding | None:
    """Return what to say of a fact that another level contradicts."""
    contesting = library.contesting(fact, project.factions)
    rival = next((it for it in contesting if contests(fact, it, project.kappa)), None)
    if rival is None:
        return None
    return Finding(0.5, f"{ident_of(rival)} contradicts {ident_of(fact)}", evidence=(fact, rival))


def record(grain: Grain) -> str:
    """Return a grain's record in words. Hits are left out: they grow while the same table serves."""
    return f"{grain.confirmed} right, {grain.refuted} wrong, at least {grain.lower_bound:.3f} precise"
