"""The network as a file: a header that is checked, biases, packed weights, and a digest of all of it. Never a pickle.

In order, little-endian: 8 bytes of magic, the version (2 bytes), the header's length (4), the header (JSON), the biases
(float32), the packed weights of both layers, SHA-256 of everything before.
"""

import struct
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import ValidationError

from kitbash.errors import NetworkError
from kitbash.models.ternary.header import Header
from kitbash.models.ternary.network import BitLinear, Network
from kitbash.models.ternary.packing import pack, packed_size, unpack

MAX_BYTES: Final = 150_000
"""The most that a file may take, everything included."""

_MAGIC: Final = b"KBTRITS\n"
_VERSION: Final = 1
_START: Final = struct.Struct("<8sHI")
_DIGEST: Final = 32
_LARGEST: Final = 1e6
"""Biases beyond would let sums overflow."""


def encode(network: Network) -> bytes:
    """Return a network as a file's bytes. Raises NetworkError if they would be too many."""
    first, second = network.first, network.second
    header = Header(
        buckets=len(first.trits),
        hidden=len(second.trits),
        first_scale=first.scale,
        second_scale=second.scale,
        forms=list(network.forms),
        domains=list(network.domains),
        figures=dict(network.figures),
    )
    text = header.model_dump_json().encode()
    biases = np.concatenate([first.bias, second.bias]).astype("<f4").tobytes()
    data = _START.pack(_MAGIC, _VERSION, len(text)) + text + biases + pack(first.trits) + pack(second.trits)
    _must(len(data) + _DIGEST <= MAX_BYTES, f"it takes {len(data) + _DIGEST} bytes, more than {MAX_BYTES}")
    return data + sha256(data).digest()


def decode(data: bytes) -> Network:
    """Return the network in a file's bytes, all of them checked first. Raises NetworkError saying what is wrong."""
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
    return _network(header, rest[length:])


def load(path: Path) -> Network:
    """Return the network in a file. Raises NetworkError, which names the file."""
    try:
        _must(path.is_file(), "it is not there")
        with path.open("rb") as file:
            return decode(file.read(MAX_BYTES + 1))
    except (OSError, ValueError, NetworkError) as error:
        message = f"{path}: {error}"
        raise NetworkError(message) from error


def _network(header: Header, rest: bytes) -> Network:
    buckets, hidden, outputs = header.buckets, header.hidden, header.outputs
    biases = 4 * (hidden + outputs)
    second_at = biases + packed_size(buckets * hidden)
    whole = second_at + packed_size(hidden * outputs)
    _must(len(rest) == whole, f"{len(rest)} bytes follow its header, not {whole}")
    bias = np.frombuffer(rest[:biases], dtype="<f4").astype(np.float32)
    _must(bool((np.abs(bias) < _LARGEST).all()), f"a bias is not a number below {_LARGEST:g}")
    first = unpack(rest[biases:second_at], buckets * hidden).reshape(buckets, hidden)
    second = unpack(rest[second_at:], hidden * outputs).reshape(hidden, outputs)
    return Network(
        BitLinear(first, header.first_scale, bias[:hidden]),
        BitLinear(second, header.second_scale, bias[hidden:]),
        tuple(header.forms),
        tuple(header.domains),
        header.figures,
    )


def _must(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - a check reads so
    if not holds:
        message = f"this is no triage network that can be used: {otherwise}"
        raise NetworkError(message)
