"""One unit vector a text, from the vectors of its tokens."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from kitbash.errors import EncoderError

Floats = NDArray[np.float32]


class Pooling(StrEnum):
    """How token vectors become one."""

    MEAN = "mean"
    FIRST = "first"


def pooled(tokens: Floats, mask: NDArray[np.int64], how: Pooling) -> Floats:
    """Return (texts, dimension) unit vectors from (texts, tokens, dimension); padding has no part in them.

    Raises EncoderError if one has no direction.
    """
    if how is Pooling.FIRST:
        return unit(tokens[:, 0])
    weight = mask[:, :, None].astype(np.float32)
    return unit((tokens * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1.0))


def unit(vectors: Floats) -> Floats:
    """Return vectors scaled to length 1. Raises EncoderError for one that is zero or not finite."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        message = "the encoder gave a vector without direction; its weights are damaged or of another kind of model"
        raise EncoderError(message)
    return (vectors / lengths).astype(np.float32)
