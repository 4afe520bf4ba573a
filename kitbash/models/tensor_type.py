"""How GGUF files store tensors: the numbers of ggml's types, and how many bytes a block of each takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class TensorType(IntEnum):
    """ggml's types that are met in files; `I2_S` is of bitnet.cpp alone."""

    F32 = 0
    F16 = 1
    Q4_0 = 2
    Q4_1 = 3
    Q5_0 = 6
    Q5_1 = 7
    Q8_0 = 8
    Q8_1 = 9
    Q2_K = 10
    Q3_K = 11
    Q4_K = 12
    Q5_K = 13
    Q6_K = 14
    Q8_K = 15
    IQ2_XXS = 16
    IQ2_XS = 17
    IQ3_XXS = 18
    IQ1_S = 19
    IQ4_NL = 20
    IQ3_S = 21
    IQ2_S = 22
    IQ4_XS = 23
    I8 = 24
    I16 = 25
    I32 = 26
    I64 = 27
    F64 = 28
    IQ1_M = 29
    BF16 = 30
    TQ1_0 = 34
    TQ2_0 = 35
    I2_S = 36


@dataclass(frozen=True, slots=True)
class Layout:
    """How many elements make a block, and how many bytes it takes; `extra_bytes` once a tensor."""

    block: int
    block_bytes: int
    extra_bytes: int = 0

    def size_bytes(self, elements: int) -> int:
        """Return how many bytes a tensor of so many elements takes."""
        return elements // self.block * self.block_bytes + self.extra_bytes


_LAYOUTS: Final[Mapping[int, Layout]] = {
    TensorType.F32: Layout(1, 4),
    TensorType.F16: Layout(1, 2),
    TensorType.Q4_0: Layout(32, 18),
    TensorType.Q4_1: Layout(32, 20),
    TensorType.Q5_0: Layout(32, 22),
    TensorType.Q5_1: Layout(32, 24),
    TensorType.Q8_0: Layout(32, 34),
    TensorType.Q8_1: Layout(32, 36),
    TensorType.Q2_K: Layout(256, 84),
    TensorType.Q3_K: Layout(256, 110),
    TensorType.Q4_K: Layout(256, 144),
    TensorType.Q5_K: Layout(256, 176),
    TensorType.Q6_K: Layout(256, 210),
    TensorType.Q8_K: Layout(256, 292),
    TensorType.IQ2_XXS: Layout(256, 66),
    TensorType.IQ2_XS: Layout(256, 74),
    TensorType.IQ3_XXS: Layout(256, 98),
    TensorType.IQ1_S: Layout(256, 50),
    TensorType.IQ4_NL: Layout(32, 18),
    TensorType.IQ3_S: Layout(256, 110),
    TensorType.IQ2_S: Layout(256, 82),
    TensorType.IQ4_XS: Layout(256, 136),
    TensorType.I8: Layout(1, 1),
    TensorType.I16: Layout(1, 2),
    TensorType.I32: Layout(1, 4),
    TensorType.I64: Layout(1, 8),
    TensorType.F64: Layout(1, 8),
    TensorType.IQ1_M: Layout(256, 56),
    TensorType.BF16: Layout(1, 2),
    TensorType.TQ1_0: Layout(256, 54),
    TensorType.TQ2_0: Layout(256, 66),
    # Two bits an element, and the scale of the whole tensor in a line of its own.
    TensorType.I2_S: Layout(4, 1, 32),
}


def layout(number: int) -> Layout | None:
    """Return how a type is stored, or None for one that is not known."""
    return _LAYOUTS.get(number)
