"""Walking through a GGUF header from its start to its end, each step checked against the file's size."""

import math
import mmap
import struct
from collections.abc import Mapping
from typing import Final

from kitbash.models.gguf_header import Array, Entry, Header, Tensor, ValueType
from kitbash.models.tensor_type import layout

MAGIC: Final = b"GGUF"
VERSIONS: Final = frozenset({2, 3})
MOST_KEYS: Final = 10_000
MOST_TENSORS: Final = 100_000
MOST_DIMENSIONS: Final = 4
MOST_ELEMENTS: Final = 2**40
ALIGNMENT: Final = 32
_ALIGNMENTS: Final = frozenset(2**power for power in range(17))
_LONGEST_KEY: Final = 1024
_SHORTEST_KEY: Final = 8 + 1 + 4 + 1
_SHORTEST_TENSOR: Final = 8 + 1 + 4 + 8 + 4 + 8

_SCALARS: Final[Mapping[ValueType, struct.Struct]] = {
    ValueType.UINT8: struct.Struct("<B"),
    ValueType.INT8: struct.Struct("<b"),
    ValueType.UINT16: struct.Struct("<H"),
    ValueType.INT16: struct.Struct("<h"),
    ValueType.UINT32: struct.Struct("<I"),
    ValueType.INT32: struct.Struct("<i"),
    ValueType.FLOAT32: struct.Struct("<f"),
    ValueType.BOOL: struct.Struct("<B"),
    ValueType.UINT64: struct.Struct("<Q"),
    ValueType.INT64: struct.Struct("<q"),
    ValueType.FLOAT64: struct.Struct("<d"),
}
MOST_NUMBERS: Final = 1 << 21
"""The longest array of numbers: one for each token of the largest vocabulary, several times over."""


class Broken(Exception):
    """What is wrong with a header, and where."""


class Walk:
    """Reads a header from its start to its end."""

    def __init__(self, data: mmap.mmap) -> None:
        """Begin after the magic bytes, which have been looked at."""
        self._data = data
        self._size = len(data)
        self._at = len(MAGIC)

    def header(self) -> Header:
        """Return the header. Raises Broken where it is not what it promises."""
        version = self._int(ValueType.UINT32)
        if version not in VERSIONS:
            swapped = int.from_bytes(version.to_bytes(4, "little"), "big") in VERSIONS
            why = "big-endian files are not supported" if swapped else "versions 2 and 3 are supported"
            message = f"its version is {version}; {why}"
            raise Broken(message)
        tensor_count = self._count("tensors", MOST_TENSORS, _SHORTEST_TENSOR)
        key_count = self._count("keys", MOST_KEYS, _SHORTEST_KEY)
        entries: dict[str, Entry] = {}
        for _ in range(key_count):
            key = self._name("key")
            if key in entries:
                message = f"the key {key!r} is there twice"
                raise Broken(message)
            entries[key] = self._entry(key)
        infos = [self._tensor() for _ in range(tensor_count)]
        alignment = _alignment(entries)
        start = -(-self._at // alignment) * alignment
        tensors: dict[str, Tensor] = {}
        for tensor in infos:
            if tensor.name in tensors:
                message = f"the tensor {tensor.name!r} is there twice"
                raise Broken(message)
            if tensor.offset % alignment:
                message = f"the tensor {tensor.name!r} is not aligned to {alignment} bytes"
                raise Broken(message)
            ends = start + tensor.offset + (tensor.size_bytes or 0)
            if ends > self._size:
                message = f"the tensor {tensor.name!r} ends {ends - self._size:,} bytes after the file"
                raise Broken(message)
            tensors[tensor.name] = tensor
        return Header(version, entries, tensors, self._size)

    def _tensor(self) -> Tensor:
        name = self._name("tensor")
        dimensions = self._int(ValueType.UINT32)
        if not 1 <= dimensions <= MOST_DIMENSIONS:
            message = f"the tensor {name!r} has {dimensions:,} dimensions"
            raise Broken(message)
        shape = tuple(self._int(ValueType.UINT64) for _ in range(dimensions))
        elements = math.prod(shape)
        if not 1 <= elements <= MOST_ELEMENTS:
            message = f"the tensor {name!r} has {elements:,} elements"
            raise Broken(message)
        number = self._int(ValueType.UINT32)
        offset = self._int(ValueType.UINT64)
        known = layout(number)
        if known is None:
            return Tensor(name, shape, number, offset, None)
        if shape[0] % known.block:
            message = f"the tensor {name!r} has rows of {shape[0]:,}, which are no whole blocks of {known.block}"
            raise Broken(message)
        return Tensor(name, shape, number, offset, known.size_bytes(elements))

    def _entry(self, key: str) -> Entry:
        kind = self._kind(key)
        if kind is ValueType.ARRAY:
            return Entry(kind, self._array(key))
        return Entry(kind, self._string(f"value of {key!r}") if kind is ValueType.STRING else self._scalar(kind))

    def _array(self, key: str) -> Array:
        kind = self._kind(key)
        if kind is ValueType.ARRAY:
            message = f"the value of {key!r} is an array of arrays"
            raise Broken(message)
        if kind is ValueType.STRING:
            length = self._count(f"items of {key!r}", self._size, 8)
            return Array(kind, [self._string(f"value of {key!r}") for _ in range(length)])
        scalar = _SCALARS[kind]
        length = self._count(f"items of {key!r}", self._size, scalar.size)
        if length > MOST_NUMBERS:
            message = f"the value of {key!r} has {length:,} numbers, more than {MOST_NUMBERS:,}"
            raise Broken(message)
        packed = self._bytes(length * scalar.size, f"value of {key!r}")
        return Array(kind, struct.unpack(f"<{length}{scalar.format[-1]}", packed))

    def _kind(self, key: str) -> ValueType:
        number = self._int(ValueType.UINT32)
        if number not in set(ValueType):
            message = f"the value of {key!r} is of the unknown type {number:,}"
            raise Broken(message)
        return ValueType(number)

    def _name(self, what: str) -> str:
        data = self._string(what)
        if not 1 <= len(data) <= _LONGEST_KEY or not data.isascii() or not data.decode("ascii").isprintable():
            message = f"the name of a {what} is not printable ASCII"
            raise Broken(message)
        return data.decode("ascii")

    def _string(self, what: str) -> bytes:
        return self._bytes(self._int(ValueType.UINT64), what)

    def _count(self, what: str, most: int, least_bytes: int) -> int:
        """Return how many of something follow, if so many can."""
        number = self._int(ValueType.UINT64)
        if number > most or number * least_bytes > self._size - self._at:
            message = f"it promises {number:,} {what}, more than the file holds"
            raise Broken(message)
        return number

    def _int(self, kind: ValueType) -> int:
        value = self._scalar(kind)
        assert isinstance(value, int)
        return value

    def _scalar(self, kind: ValueType) -> int | float:
        scalar = _SCALARS[kind]
        (value,) = scalar.unpack(self._bytes(scalar.size, "header"))
        return value

    def _bytes(self, length: int, what: str) -> bytes:
        if length > self._size - self._at:
            message = f"the {what} ends after the file does"
            raise Broken(message)
        data = self._data[self._at : self._at + length]
        self._at += length
        return data


def _alignment(entries: Mapping[str, Entry]) -> int:
    entry = entries.get("general.alignment")
    if entry is None:
        return ALIGNMENT
    number = entry.value if entry.kind is ValueType.UINT32 and isinstance(entry.value, int) else 0
    if number not in _ALIGNMENTS:
        message = "general.alignment is no power of two up to 65,536"
        raise Broken(message)
    return number
