"""What a network's file holds, all of it checked, before anybody computes with it. No numpy.

In order, little-endian: 8 bytes of magic, the version (2 bytes), the header's length (4), the header (JSON), the biases
(float32), the packed weights of both layers, SHA-256 of everything before. Never a pickle.
"""

import math
import struct
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from kitbash.errors import NetworkError
from kitbash.models.ternary.header import Header
from kitbash.models.ternary.trits import check, packed_size

MAX_BYTES: Final = 150_000
"""The most that a file may take, everything included."""

_MAGIC: Final = b"KBTRITS\n"
_VERSION: Final = 1
_START: Final = struct.Struct("<8sHI")
_DIGEST: Final = 32
_LARGEST: Final = 1e6
"""Biases beyond would let sums overflow."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A network as it is stored: one bias an output of each layer, and each layer's weights, packed row by row."""

    header: Header
    first_bias: tuple[float, ...]
    second_bias: tuple[float, ...]
    first: bytes
    second: bytes


def written(parts: Parts) -> bytes:
    """Return the parts as a file's bytes. Raises NetworkError if they would be too many."""
    text = parts.header.model_dump_json().encode()
    biases = (*parts.first_bias, *parts.second_bias)
    body = _START.pack(_MAGIC, _VERSION, len(text)) + text
    body += struct.pack(f"<{len(biases)}f", *biases) + parts.first + parts.second
    _must(len(body) + _DIGEST <= MAX_BYTES, f"it takes {len(body) + _DIGEST} bytes, more than {MAX_BYTES}")
    return body + sha256(body).digest()


def read(data: bytes) -> Parts:
    """Return the parts in a file's bytes, all of them checked first. Raises NetworkError saying what is wrong."""
    least = _START.size + _DIGEST + 1
    _must(least <= len(data) <= MAX_BYTES, f"its size is not from {least} to {MAX_BYTES} bytes")
    body, digest = data[:-_DIGEST], data[-_DIGEST:]
    magic, version, length = _START.unpack_from(body)
    _must(magic == _MAGIC, "it does not begin as one does")
    _must(version == _VERSION, f"its version is {version}, not {_VERSION}")
    _must(sha256(body).digest() == digest, "its digest is another one: it was cut off or changed")
    rest = body[_START.size :]
    _must(length <= len(rest), "its header is longer than the file")
    try:
        header = Header.model_validate_json(rest[:length])
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(it) for it in found["loc"]) or "the whole"
        message = f"this is no triage network that can be used: in its header, {where}: {found['msg']}"
        raise NetworkError(message) from error
    return _parts(header, rest[length:])


def load(path: Path) -> Parts:
    """Return the parts in a file. Raises NetworkError, which names the file."""
    try:
        _must(path.is_file(), "it is not there")
        with path.open("rb") as file:
            return read(file.read(MAX_BYTES + 1))
    except (OSError, ValueError, NetworkError) as error:
        message = f"{path}: {error}"
        raise NetworkError(message) from error


def _parts(header: Header, rest: bytes) -> Parts:
    hidden, outputs = header.hidden, header.outputs
    firsts, seconds = header.buckets * hidden, hidden * outputs
    begins = 4 * (hidden + outputs)
    middle = begins + packed_size(firsts)
    whole = middle + packed_size(seconds)
    _must(len(rest) == whole, f"{len(rest)} bytes follow its header, not {whole}")
    biases = struct.unpack_from(f"<{hidden + outputs}f", rest)
    _must(all(math.fabs(it) < _LARGEST for it in biases), f"a bias is not a number below {_LARGEST:g}")
    first, second = rest[begins:middle], rest[middle:]
    check(first, firsts)
    check(second, seconds)
    return Parts(header, biases[:hidden], biases[hidden:], first, second)


def _must(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - a check reads so
    if not holds:
        message = f"this is no triage network that can be used: {otherwise}"
        raise NetworkError(message)
