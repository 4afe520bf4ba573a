"""A network's outputs as an impression, the same for both that compute them. No numpy."""

import math
from collections.abc import Sequence

from kitbash.domain.impression import Impression


def impression(outputs: Sequence[float], forms: Sequence[str], domains: Sequence[str]) -> Impression:
    """Return what the outputs say: one for each form, then one for each domain, then that it is outside everything."""
    of_forms, of_domains = softmax(outputs[: len(forms)]), softmax(outputs[len(forms) :])
    best = max(range(len(forms)), key=of_forms.__getitem__)
    return Impression(forms[best], of_forms[best], dict(zip(domains, of_domains[:-1], strict=True)), of_domains[-1])


def wordless(forms: Sequence[str], domains: Sequence[str]) -> Impression:
    """Return what is made of a question without words: it is outside everything and has no form."""
    return Impression(forms[0], 1 / len(forms), dict.fromkeys(domains, 0.0), 1.0)


def softmax(values: Sequence[float]) -> list[float]:
    """Return values as probabilities."""
    most = max(values)
    raised = [math.exp(value - most) for value in values]
    total = math.fsum(raised)
    return [value / total for value in raised]
