"""What a GGUF header holds: typed values by key, and where each tensor is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from kitbash.domain.question import printable
from kitbash.models.tensor_type import TensorType


class ValueType(IntEnum):
    """The types a key's value may have."""

    UINT8 = 0
    INT8 = 1
    UINT16 = 2
    INT16 = 3
    UINT32 = 4
    INT32 = 5
    FLOAT32 = 6
    BOOL = 7
    STRING = 8
    ARRAY = 9
    UINT64 = 10
    INT64 = 11
    FLOAT64 = 12


@dataclass(frozen=True, slots=True)
class Array:
    """An array in a header: of one type; strings as bytes."""

    kind: ValueType
    items: Sequence[int | float | bytes]


@dataclass(frozen=True, slots=True)
class Entry:
    """A key's value with its type; a string as bytes."""

    kind: ValueType
    value: int | float | bytes | Array


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where a tensor is and its shape, fastest dimension first. `size_bytes` is None for an unknown type."""

    name: str
    shape: tuple[int, ...]
    type_number: int
    offset: int
    size_bytes: int | None

    @property
    def type(self) -> TensorType | None:
        """Return the type, or None for one that is not known."""
        return TensorType(self.type_number) if self.type_number in set(TensorType) else None


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says of itself; every tensor of a known type lies within the file."""

    version: int
    entries: Mapping[str, Entry]
    tensors: Mapping[str, Tensor]
    size_bytes: int

    def number(self, key: str) -> int | None:
        """Return an unsigned 32-bit value, the type native loaders want of counts; None if there is none such."""
        entry = self.entries.get(key)
        return entry.value if entry and entry.kind is ValueType.UINT32 and isinstance(entry.value, int) else None

    def fraction(self, key: str) -> float | None:
        """Return a 32-bit float, or None if there is none such."""
        entry = self.entries.get(key)
        return entry.value if entry and entry.kind is ValueType.FLOAT32 and isinstance(entry.value, float) else None

    def text(self, key: str) -> str:
        """Return a string, without what a terminal might obey; empty if there is none such."""
        entry = self.entries.get(key)
        return printable(entry.value.decode(errors="replace")) if entry and isinstance(entry.value, bytes) else ""

    def array(self, key: str, kind: ValueType) -> Sequence[int | float | bytes] | None:
        """Return the items of an array of one type, or None if there is none such."""
        entry = self.entries.get(key)
        value = entry.value if entry else None
        return value.items if isinstance(value, Array) and value.kind is kind else None

    @property
    def architecture(self) -> str:
        """Return the model's architecture, such as `llama`."""
        return self.text("general.architecture")
