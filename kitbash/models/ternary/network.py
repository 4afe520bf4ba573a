"""The triage network as it is used: two BitLinear layers, in numpy.

BitLinear is that of BitNet b1.58 (Ma et al., The Era of 1-bit LLMs, 2024, arXiv 2402.17764), without its norm: weights
are -1, 0 or 1 times one scale (absmean), activations are quantised to 8 bits by their largest (absmax).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kitbash.domain.impression import Impression
from kitbash.models.ternary import reading
from kitbash.models.ternary.hashing import features
from kitbash.models.ternary.quantising import Floats, Trits, eight_bit


@dataclass(frozen=True, slots=True)
class BitLinear:
    """A layer: `trits` are inputs by outputs, `bias` has one number an output."""

    trits: Trits
    scale: float
    bias: Floats

    def __call__(self, activations: Floats, rows: Floats | Trits) -> Floats:
        """Return the outputs for some activations and the rows of `trits` they belong to."""
        whole, scale = eight_bit(activations)
        # The sums are whole numbers below 2 to the power of 24, which float32 holds exactly.
        summed: Floats = np.matmul(whole, rows.astype(np.float32))
        return (summed * (scale * np.float32(self.scale)) + self.bias).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Network:
    """Hashed n-grams in; how probable each form and each domain is out.

    The second layer's outputs are `forms`, then `domains`, then that the question is outside everything.
    """

    first: BitLinear
    second: BitLinear
    forms: tuple[str, ...]
    domains: tuple[str, ...]
    figures: Mapping[str, float]

    def read(self, question: str) -> Impression:
        """Return what the network makes of a question; one without words is outside everything and has no form."""
        found = features(question, len(self.first.trits))
        if not found:
            return reading.wordless(self.forms, self.domains)
        at = np.fromiter(found, dtype=np.intp, count=len(found))
        given = unit(np.fromiter(found.values(), dtype=np.float32, count=len(found)))
        hidden = self.first(given, self.first.trits[at])
        out = self.second(np.maximum(hidden, np.float32(0)), self.second.trits)
        return reading.impression(out.tolist(), self.forms, self.domains)


def unit(values: Floats) -> Floats:
    """Return values scaled to a length of 1; none stay none."""
    return values / np.sqrt(np.maximum(np.sum(values * values), np.float32(1)))


def softmax(values: Floats) -> Floats:
    """Return values, along the last axis, as probabilities."""
    raised = np.exp(values - np.max(values, axis=-1, keepdims=True))
    return raised / np.sum(raised, axis=-1, keepdims=True)
