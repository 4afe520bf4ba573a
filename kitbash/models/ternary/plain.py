"""The triage network for the first questions of a process: half a millisecond each, and no numpy to import first.

It rounds to float32 wherever the network of arrays does, so both say the same to the last bit. Sums of whole numbers
below 2 to the power of 24 are exact in either, and one rounding of a float64 quotient, product or root is float32's own
(Figueroa, When is double rounding innocuous?, 1995).
"""

import math
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from kitbash.domain.impression import Impression
from kitbash.models.ternary import reading
from kitbash.models.ternary.hashing import features
from kitbash.models.ternary.parts import Parts
from kitbash.models.ternary.trits import DIGITS, TRITS

_FLOAT: Final = struct.Struct("<f")
_LEVELS: Final = 127.0
_LEAST: Final = 1e-8


class PlainNetwork:
    """Computes with the packed weights of the buckets that a question has."""

    def __init__(self, parts: Parts) -> None:
        """Hold the parts as they are stored."""
        self._parts = parts

    def read(self, question: str) -> Impression:
        """Return what the network makes of a question; one without words is outside everything and has no form."""
        parts, header = self._parts, self._parts.header
        found = features(question, header.buckets)
        if not found:
            return reading.wordless(header.forms, header.domains)
        length = _rounded(math.sqrt(sum(count * count for count in found.values())))
        given = [_rounded(count / length) for count in found.values()]
        hidden = _layer(given, found, parts.first, parts.first_bias, header.first_scale)
        met = [max(value, 0.0) for value in hidden]
        out = _layer(met, range(len(met)), parts.second, parts.second_bias, header.second_scale)
        return reading.impression(out, header.forms, header.domains)


def _layer(
    given: Sequence[float], rows: Iterable[int], packed: bytes, bias: Sequence[float], weight_scale: float
) -> list[float]:
    """Return a layer's outputs for the activations of some rows of its weights."""
    step = _rounded(max(*map(abs, given), _rounded(_LEAST)) / _LEVELS)
    sums = [0] * len(bias)
    for value, row in zip(given, rows, strict=True):
        whole = round(_rounded(value / step))
        if whole:
            _add(sums, whole, packed, row * len(bias))
    scale = _rounded(step * _rounded(weight_scale))
    return [_rounded(_rounded(total * scale) + shift) for total, shift in zip(sums, bias, strict=True)]


def _add(sums: list[int], whole: int, packed: bytes, begins: int) -> None:
    """Add a row of weights, taken `whole` times, to the sums."""
    ends = begins + len(sums)
    held = packed[begins // TRITS : -(-ends // TRITS)]
    weights = [trit for state in held for trit in DIGITS[state]]
    for at, trit in enumerate(weights[begins % TRITS :][: len(sums)]):
        if trit:
            sums[at] += whole if trit > 0 else -whole


_read: Final[Callable[[bytes], tuple[float]]] = _FLOAT.unpack


def _rounded(value: float) -> float:
    """Return the float32 that is nearest."""
    return _read(_FLOAT.pack(value))[0]
