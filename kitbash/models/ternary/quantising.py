"""Weights to -1, 0 and 1 and activations to 8 bits, as BitNet b1.58 does it.

Ma et al., The Era of 1-bit LLMs: All Large Language Models are in 1.58 Bits, 2024 (arXiv 2402.17764).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

LEVELS: Final = 127
"""The largest 8-bit activation; they are symmetric about 0."""
_LEAST: Final = 1e-8

Floats = NDArray[np.float32]
Trits = NDArray[np.int8]


def ternary(weights: Floats) -> tuple[Trits, float]:
    """Return weights as -1, 0 or 1 with the scale that gives them back: the mean of their sizes (absmean).

    Rows that are all 0 stand for inputs that training never saw; they stay 0 and are left out of the mean.
    """
    seen = weights[np.any(weights != 0, axis=1)]
    scale = max(float(np.mean(np.abs(seen))), _LEAST) if seen.size else _LEAST
    return np.clip(np.rint(weights / np.float32(scale)), -1, 1).astype(np.int8), scale


def eight_bit(activations: Floats) -> tuple[Floats, Floats]:
    """Return activations as whole numbers from -127 to 127, with each row's scale that gives them back (absmax)."""
    most = np.maximum(np.max(np.abs(activations), axis=-1, keepdims=True), np.float32(_LEAST))
    scale = (most / np.float32(LEVELS)).astype(np.float32)
    return np.rint(activations / scale).astype(np.float32), scale
