"""One pass forward and one back, by hand, for the ternary network and for its twin in full precision."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kitbash.models.ternary.network import softmax
from kitbash.models.ternary.quantising import Floats, eight_bit, ternary


@dataclass(frozen=True, slots=True)
class Pass:
    """What a pass forward computed, rows by columns: all that the pass back needs."""

    given: Floats
    summed: Floats
    hidden: Floats
    weights: Floats
    out: Floats


def forward(values: Mapping[str, Floats], given: Floats, *, is_ternary: bool) -> Pass:
    """Return the outputs for some questions, each a row of `given`; a ternary pass rounds weights and activations."""
    first, second = values["first"], values["second"]
    if is_ternary:
        first, second, given = _rounded(first), _rounded(second), _narrowed(given)
    summed = given @ first + values["first_bias"]
    hidden = np.maximum(summed, np.float32(0))
    if is_ternary:
        hidden = _narrowed(hidden)
    return Pass(given, summed, hidden, second, hidden @ second + values["second_bias"])


def backward(went: Pass, gradient: Floats) -> dict[str, Floats]:
    """Return the gradients of all parameters from that of the outputs.

    Straight through: what rounding did is passed over, so the gradients are those of the latent weights.
    """
    below = (gradient @ went.weights.T) * (went.summed > 0)
    return {
        "first": went.given.T @ below,
        "first_bias": below.sum(axis=0),
        "second": went.hidden.T @ gradient,
        "second_bias": gradient.sum(axis=0),
    }


def loss_gradient(out: Floats, form: NDArray[np.intp], domain: NDArray[np.intp], forms: int) -> Floats:
    """Return the gradient of the mean cross-entropies of form and domain; a form of -1 is not known and not learnt."""
    rows = np.arange(len(out))
    of_forms, of_domains = softmax(out[:, :forms]), softmax(out[:, forms:])
    told = form >= 0
    of_forms[rows[told], form[told]] -= 1
    of_forms[~told] = 0
    of_domains[rows, domain] -= 1
    return np.concatenate([of_forms, of_domains], axis=1) / np.float32(len(out))


def _rounded(weights: Floats) -> Floats:
    trits, scale = ternary(weights)
    return trits.astype(np.float32) * np.float32(scale)


def _narrowed(activations: Floats) -> Floats:
    whole, scale = eight_bit(activations)
    return whole * scale
