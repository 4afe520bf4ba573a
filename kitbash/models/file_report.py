"""What a GGUF file is, which runtime can load it, and what memory it needs; nothing native is asked."""

from collections import Counter
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Final

from kitbash.models import llama_file
from kitbash.models.gguf import read
from kitbash.models.gguf_header import Header
from kitbash.models.in_process import LARGEST_CONTEXT_TOKENS
from kitbash.models.tensor_type import TensorType

_HEADS: Final = "attention.head_count"
_CACHE_BYTES: Final = 2
_OVERHEAD_BYTES: Final = 45_000_000
"""What a process takes beside weights and cache: 23 MB were measured for Python, up to 20 MB for the library."""
_BITNET_ONLY: Final = frozenset({36, 38})
"""The numbers of I2_S and TL1, which only bitnet.cpp knows. TL2's is another type's elsewhere."""
_OTHERS: Final = ("llama-cpp-python", "llama.cpp server", "KoboldCpp")


@dataclass(frozen=True, slots=True)
class Suitability:
    """Whether a runtime can load a file, or None where only the runtime itself knows; and why, or why not."""

    runtime: str
    can_load: bool | None
    why: str


@dataclass(frozen=True, slots=True)
class FileReport:
    """A model's file in figures. Sizes in bytes; `memory_bytes` with a context of `context_tokens`."""

    path: Path
    architecture: str
    name: str
    version: int
    types: str
    parameters: int
    size_bytes: int
    context_tokens: int
    memory_bytes: int
    runtimes: tuple[Suitability, ...]


def report(path: Path) -> FileReport:
    """Return what a file is. Raises ModelFileError, which says why, for one that no runtime should be given."""
    header = read(path)
    types = Counter(_type(tensor.type_number) for tensor in header.tensors.values())
    context_tokens = min(_number(header, "context_length") or LARGEST_CONTEXT_TOKENS, LARGEST_CONTEXT_TOKENS)
    return FileReport(
        path=path,
        architecture=header.architecture or "not named",
        name=header.text("general.name"),
        version=header.version,
        types=", ".join(f"{count} {name}" for name, count in types.most_common()),
        parameters=sum(prod(tensor.shape) for tensor in header.tensors.values()),
        size_bytes=header.size_bytes,
        context_tokens=context_tokens,
        memory_bytes=header.size_bytes + _cache_bytes(header, context_tokens) + _OVERHEAD_BYTES,
        runtimes=_runtimes(header),
    )


def _runtimes(header: Header) -> tuple[Suitability, ...]:
    fault = llama_file.fault(header)
    own = Suitability("ctransformers", fault is None, fault or "every tensor and token was looked at")
    of_bitnet = sorted({tensor.type_number for tensor in header.tensors.values()} & _BITNET_ONLY)
    if of_bitnet:
        only = f"{_type(of_bitnet[0])} is a format of bitnet.cpp alone"
        others = [Suitability(name, can_load=False, why=only) for name in _OTHERS]
        return (own, *others, Suitability("bitnet.cpp server", can_load=True, why=only))
    whole = "the header is whole; whether it knows the architecture depends on its version"
    others = [Suitability(name, can_load=None, why=whole) for name in _OTHERS]
    return (own, *others, Suitability("bitnet.cpp server", can_load=None, why=whole))


def _cache_bytes(header: Header, context_tokens: int) -> int:
    """Return what keys and values of a context take, at 16 bits; 0 where the header does not tell."""
    layers, embedding, heads = (_number(header, name) for name in ("block_count", "embedding_length", _HEADS))
    if not layers or not embedding or not heads:
        return 0
    heads_kv = _number(header, f"{_HEADS}_kv") or heads
    return 2 * _CACHE_BYTES * layers * context_tokens * (embedding // heads * heads_kv)


def _number(header: Header, name: str) -> int | None:
    return header.number(f"{header.architecture}.{name}")


def _type(number: int) -> str:
    return TensorType(number).name if number in set(TensorType) else f"type {number}"
