"""Weights fitted to a set of cartridges, and what they reach on the tenth of the facts that they were not fitted to."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kitbash.cascade.confidence import NAMES, VETOED, Weights, leads
from kitbash.cascade.training.examples import Example, Questions, examples, small_talk
from kitbash.cascade.training.fitting import fit_order, fit_probability
from kitbash.cascade.veto import veto
from kitbash.domain.candidate import FEATURE_NAMES
from kitbash.knowledge.cartridge import Cartridge

_DIGITS: Final = 4
_BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """One question's most likely fact: how probable the model holds it, whether it is the right one, or vetoed."""

    probability: float
    is_right: bool


def train(cartridges: Sequence[Cartridge], bare: Sequence[Cartridge], seed: int) -> str:
    """Return the text of `config/confidence.json`: the same bytes for the same facts and seed.

    `bare` are the same cartridges without a single alias: most facts of other people have none.
    """
    return fitted(Questions(cartridges), Questions(bare), seed)


def fitted(
    asked: Questions,
    plain: Questions,
    seed: int,
    *,
    features: Sequence[str] = FEATURE_NAMES,
    names: Sequence[str] = NAMES,
    encoder: Mapping[str, str] | None = None,
) -> str:
    """Return the text of a file of weights for features of these names, and what encoder it was fitted with."""
    found = [*examples(asked, asked.facts, seed, with_shorter=True), *small_talk(asked)]
    found += [*examples(plain, asked.facts, seed, with_shorter=True), *small_talk(plain)]
    learned, held_out = [it for it in found if it.fold], [it for it in found if not it.fold]
    order = fit_order([(it.options, it.right) for it in learned if it.right is not None])
    order = [round(value, _DIGITS) for value in order]
    ordered = Weights((0.0,) * len(names), 0.0, tuple(order))
    rows = [_row(it, ordered) for it in learned if not it.is_short]
    values, bias = fit_probability([row for row, _ in rows], [is_right for _, is_right in rows])
    values, bias = [round(value, _DIGITS) for value in values], round(bias, _DIGITS)
    weights = Weights(tuple(values), bias, tuple(order))
    record: dict[str, object] = {} if encoder is None else {"encoder": encoder}
    record |= {
        "order": dict(zip(features, order, strict=True)),
        "weights": dict(zip(names, values, strict=True)),
        "bias": bias,
        "seed": seed,
        "fitted_on": len(rows),
        "held_out": report(judged(it, weights) for it in held_out if not it.is_short),
    }
    return json.dumps(record, indent=2) + "\n"


def judged(example: Example, weights: Weights) -> Judged:
    """Return what the model says of an example, vetoes and all."""
    row, is_right = _row(example, weights)
    best = _best(example, weights)
    probability = weights.of_row(row)
    if veto(example.question, example.facts[best]):
        probability = min(probability, VETOED)
    return Judged(probability, is_right)


def report(found: Iterable[Judged]) -> dict[str, float]:
    """Return coverage and precision at a few thresholds, and the expected calibration error in ten bins."""
    scored = list(found)
    figures: dict[str, float] = {"questions": len(scored)}
    for threshold in (0.5, 0.6, 0.7, 0.8, 0.9):
        said = [it.is_right for it in scored if it.probability >= threshold]
        figures[f"answered_at_{threshold}"] = round(len(said) / max(1, len(scored)), _DIGITS)
        figures[f"precision_at_{threshold}"] = round(sum(said) / len(said), _DIGITS) if said else 1.0
    figures["ece"] = round(calibration_error([(it.probability, it.is_right) for it in scored]), _DIGITS)
    return figures


def calibration_error(scored: Sequence[tuple[float, bool]]) -> float:
    """Return the expected calibration error, 0 to 1, in ten bins of equal width.

    Guo et al., "On Calibration of Modern Neural Networks" (2017).
    """
    gaps = [0.0] * _BINS
    for probability, is_right in scored:
        gaps[min(_BINS - 1, int(probability * _BINS))] += probability - is_right
    return sum(map(abs, gaps)) / len(scored) if scored else 0.0


def _best(example: Example, weights: Weights) -> int:
    strengths = [weights.strength(it) for it in example.options]
    return max(range(len(strengths)), key=lambda at: (strengths[at], -at))


def _row(example: Example, weights: Weights) -> tuple[tuple[float, ...], bool]:
    """Return what the probability of the best option is made of, and whether it is the right one."""
    strengths = [weights.strength(it) for it in example.options]
    best = _best(example, weights)
    margin = strengths[best] - max((it for at, it in enumerate(strengths) if at != best), default=0.0)
    return (*example.options[best], *leads(margin)), example.right == best
