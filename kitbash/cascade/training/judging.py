"""Weights fitted to examples, and what weights say of an example."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kitbash.cascade.confidence import NAMES, VETOED, Weights, leads
from kitbash.cascade.rivals import disagree, tied
from kitbash.cascade.training.examples import Example
from kitbash.cascade.training.fitting import fit_order, fit_probability
from kitbash.cascade.veto import against
from kitbash.domain.candidate import FEATURE_NAMES, Features

_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Judged:
    """One question's most likely fact: how probable the model holds it, and whether it is the right one."""

    probability: float
    is_right: bool


def fitted(found: Sequence[Example], names: Sequence[str] = NAMES) -> Weights:
    """Return the weights that order the facts of some examples, and say how sure the first is.

    `names` are what a row of an example is made of, and the lead.
    """
    order = [round(it, _DIGITS) for it in fit_order([(it.options, it.right) for it in found if it.right is not None])]
    ordered = Weights((0.0,) * len(names), 0.0, tuple(order))
    rows = [_row(it, ordered) for it in found if not it.is_short]
    values, bias = fit_probability([row for row, _ in rows], [is_right for _, is_right in rows])
    return Weights(tuple(round(value, _DIGITS) for value in values), round(bias, _DIGITS), tuple(order))


def judged(example: Example, weights: Weights) -> Judged:
    """Return what the model says of an example, vetoes and all."""
    row, is_right = _row(example, weights)
    best = best_of(example, weights)
    probability = weights.of_row(row)
    shared = Features(*example.options[best][: len(FEATURE_NAMES)])
    if against(example.question, example.facts[best], shared) or _is_tied(example, best, weights):
        probability = min(probability, VETOED)
    return Judged(probability, is_right)


def _is_tied(example: Example, best: int, weights: Weights) -> bool:
    strongest = weights.strength(example.options[best])
    return any(
        tied(strongest, weights.strength(option)) and disagree(example.facts[best], fact)
        for option, fact in zip(example.options, example.facts, strict=True)
    )


def best_of(example: Example, weights: Weights) -> int:
    """Return the place of the strongest option."""
    strengths = [weights.strength(it) for it in example.options]
    return max(range(len(strengths)), key=lambda at: (strengths[at], -at))


def _row(example: Example, weights: Weights) -> tuple[tuple[float, ...], bool]:
    """Return what the probability of the best option is made of, and whether it is the right one."""
    strengths = [weights.strength(it) for it in example.options]
    best = best_of(example, weights)
    margin = strengths[best] - max((it for at, it in enumerate(strengths) if at != best), default=0.0)
    return (*example.options[best], *leads(margin)), example.right == best
