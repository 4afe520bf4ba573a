"""How good a network is on questions that it never saw."""

import numpy as np

from kitbash.domain.impression import FORMS
from kitbash.models.ternary.network import softmax
from kitbash.models.ternary.quantising import Floats
from kitbash.models.ternary.training.encoded import Encoded


def figures(of_templates: Floats, templates: Encoded, of_aliases: Floats, aliases: Encoded) -> dict[str, float]:
    """Return accuracies, 0 to 1, from the outputs for held-out templates and for held-out aliases.

    The AUROC of outside-everything sets held-out questions outside everything against held-out aliases.
    """
    size = len(FORMS)
    told = templates.form >= 0
    right = of_templates[:, :size].argmax(axis=1) == templates.form
    about = softmax(of_aliases[:, size:])
    guessed = softmax(of_templates[:, size:])
    is_outside = templates.domain == guessed.shape[1] - 1
    return {
        "form": _mean(right[told]),
        "domain": _mean(guessed.argmax(axis=1) == templates.domain),
        "alias_domain": _mean(about.argmax(axis=1) == aliases.domain),
        "outside_auroc": round(auroc(guessed[is_outside, -1], about[:, -1]), 4),
    }


def auroc(positive: Floats, negative: Floats) -> float:
    """Return how probable it is that a positive scores above a negative, ties as half; 0.5 if there is none of one."""
    if not positive.size or not negative.size:
        return 0.5
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    upto = np.searchsorted(ordered, positive, side="right")
    return float((below + upto).mean() / 2 / negative.size)


def _mean(right: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    return round(float(right.mean()), 4) if right.size else 0.0
