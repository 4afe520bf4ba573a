"""What made a candidate's confidence, term by term, as it adds up in log odds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kitbash.cascade.confidence import DENSE_NAMES, NAMES, Ranked, Weights, leads, model_of
from kitbash.cascade.fuse import best
from kitbash.domain.calibration import Scale
from kitbash.domain.candidate import Candidate
from kitbash.domain.item import ident_of


@dataclass(frozen=True, slots=True)
class Term:
    """One feature: what it was, and what it added to the log odds."""

    name: str
    value: float
    contribution: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """How sure the likeliest fact of one part of a question is, and why.

    The contributions and the bias add up to `log_odds`; `scale` moves these. `margin` is the lead in strength over the
    best other fact, 0 to 1, which two of the terms are made of. `veto` caps the probability at even chances; an exact
    question form is as sure as every other one, whatever the terms say.
    """

    part: int
    fact: str
    terms: tuple[Term, ...]
    bias: float
    margin: float
    log_odds: float
    veto: str
    is_exact: bool
    scale: Scale
    probability: float


def explain(candidates: Sequence[Candidate], weights: Weights) -> list[Explanation]:
    """Return what made the confidence of each part's likeliest fact, the whole question first. Pure."""
    parts = sorted({candidate.part for candidate in candidates})
    return [_explained(best(candidates, weights, part=part), weights) for part in parts]


def to_json(it: Explanation) -> dict[str, Any]:
    """Return an explanation as JSON has it, numbers rounded to four digits; its scale with where it is from."""
    return {
        "part": it.part,
        "fact": it.fact,
        "probability": round(it.probability, 4),
        "threshold": it.scale.threshold,
        "chosen_on": it.scale.origin.value,
        "features": {
            term.name: {"value": round(term.value, 4), "contribution": round(term.contribution, 4)} for term in it.terms
        },
        "bias": it.bias,
        "margin": round(it.margin, 4),
        "log_odds": round(it.log_odds, 4),
        "recalibration": {"slope": it.scale.slope, "offset": it.scale.offset},
        "veto": it.veto,
        "is_exact": it.is_exact,
    }


def _explained(ranked: Sequence[Ranked], weights: Weights) -> Explanation:
    first = ranked[0].candidate
    model, rows = model_of([it.candidate for it in ranked], weights)
    strength, *others = (model.strength(row) for row in rows)
    margin = strength - max(others, default=0.0)
    names, scale = (NAMES, first.scale) if model is weights else (DENSE_NAMES, replace(first.scale, slope=1, offset=0))
    row = (*rows[0], *leads(margin))
    terms = tuple(
        Term(name, value, weight * value) for name, value, weight in zip(names, row, model.values, strict=True)
    )
    return Explanation(
        part=first.part,
        fact=ident_of(first.fact),
        terms=terms,
        bias=model.bias,
        margin=margin,
        log_odds=model.bias + sum(it.contribution for it in terms),
        veto=first.veto or ("one of them is negated" if first.features.negation else ""),
        is_exact=first.is_exact,
        scale=scale,
        probability=ranked[0].probability,
    )
