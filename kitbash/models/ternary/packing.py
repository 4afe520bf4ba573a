"""Weights of -1, 0 and 1 as arrays, packed five to a byte and unpacked again."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kitbash.errors import NetworkError
from kitbash.models.ternary.trits import DIGITS, TRITS, check, packed_size

_PLACES: Final = 3 ** np.arange(TRITS)
_DIGITS: Final = np.array(DIGITS, dtype=np.int8)


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
    check(data, count)
    return _DIGITS[np.frombuffer(data, dtype=np.uint8)].reshape(-1)[:count].copy()
