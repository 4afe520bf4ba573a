"""Weights of -1, 0 and 1, five to a byte: 3 to the power of 5 is 243, and a byte has 256 states."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kitbash.errors import NetworkError

TRITS: Final = 5
STATES: Final = 3**TRITS
_PLACES: Final = 3 ** np.arange(TRITS)
_DIGITS: Final = (np.arange(STATES)[:, None] // _PLACES % 3 - 1).astype(np.int8)
"""The five weights of each state, 243 by 5; the first weight is the lowest digit."""


def packed_size(count: int) -> int:
    """Return how many bytes so many weights take."""
    return -(-count // TRITS)


def pack(trits: NDArray[np.int8]) -> bytes:
    """Return weights as bytes from 0 to 242, in their order; the last byte is filled up with 0.

    Raises NetworkError for a weight that is not -1, 0 or 1.
    """
    flat = trits.reshape(-1)
    if flat.size and (flat.min() < -1 or flat.max() > 1):
        message = f"a weight from {flat.min()} to {flat.max()} cannot be packed; weights are -1, 0 or 1"
        raise NetworkError(message)
    padded = np.zeros(packed_size(flat.size) * TRITS, dtype=np.int64)
    padded[: flat.size] = flat
    return ((padded.reshape(-1, TRITS) + 1) @ _PLACES).astype(np.uint8).tobytes()


def unpack(data: bytes, count: int) -> NDArray[np.int8]:
    """Return so many weights. Raises NetworkError unless the bytes are just those that `pack` makes of them."""
    if count < 0 or len(data) != packed_size(count):
        message = f"{len(data)} bytes cannot hold {count} weights, five to a byte"
        raise NetworkError(message)
    states = np.frombuffer(data, dtype=np.uint8)
    if states.size and states.max() >= STATES:
        message = f"byte {int(states.argmax())} is {states.max()}; five weights have the states 0 to {STATES - 1}"
        raise NetworkError(message)
    found = _DIGITS[states].reshape(-1)
    if found[count:].any():
        message = "the last byte holds weights beyond the last one"
        raise NetworkError(message)
    return found[:count].copy()
