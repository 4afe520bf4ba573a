"""The network as a file: a header that is checked, biases, packed weights, and a digest of all of it. Never a pickle.

In order, little-endian: 8 bytes of magic, the version (2 bytes), the header's length (4), the header (JSON), the biases
(float32), the packed weights of both layers, SHA-256 of everything before.
"""

import json
import math
import re
import struct
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np

from kitbash.domain.impression import FORMS
from kitbash.errors import NetworkError
from kitbash.models.ternary.network import BitLinear, Network
from kitbash.models.ternary.packing import pack, packed_size, unpack

MAX_BYTES: Final = 150_000
"""The most that a file may take, everything included."""

_MAGIC: Final = b"KBTRITS\n"
_VERSION: Final = 1
_START: Final = struct.Struct("<8sHI")
_DIGEST: Final = 32
_MOST: Final = {"buckets": 1 << 16, "hidden": 1024}
_MAX_DOMAINS: Final = 256
_MAX_FIGURES: Final = 64
_NAME: Final = re.compile(r"[a-z0-9_]{1,63}")
_KEYS: Final = {"buckets", "hidden", "scales", "forms", "domains", "figures"}


def encode(network: Network) -> bytes:
    """Return a network as a file's bytes. Raises NetworkError if they would be too many."""
    first, second = network.first, network.second
    header = {
        "buckets": len(first.trits),
        "hidden": len(second.trits),
        "scales": [first.scale, second.scale],
        "forms": network.forms,
        "domains": network.domains,
        "figures": dict(network.figures),
    }
    text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    biases = np.concatenate([first.bias, second.bias]).astype("<f4").tobytes()
    start = _START.pack(_MAGIC, _VERSION, len(text))
    data = start + text + biases + pack(first.trits) + pack(second.trits)
    if len(data) + _DIGEST > MAX_BYTES:
        message = f"the network takes {len(data) + _DIGEST} bytes, more than {MAX_BYTES}; train a smaller one"
        raise NetworkError(message)
    return data + sha256(data).digest()


def decode(data: bytes) -> Network:
    """Return the network in a file's bytes, all of them checked first. Raises NetworkError saying what is wrong."""
    if not _START.size + _DIGEST < len(data) <= MAX_BYTES:
        raise _wrong(f"{len(data)} bytes are not from {_START.size + _DIGEST + 1} to {MAX_BYTES}")
    body, digest = data[:-_DIGEST], data[-_DIGEST:]
    magic, version, length = _START.unpack_from(body)
    if magic != _MAGIC:
        raise _wrong("it does not begin as one does")
    if version != _VERSION:
        raise _wrong(f"its version is {version}, not {_VERSION}")
    if sha256(body).digest() != digest:
        raise _wrong("its digest is another one: it was cut off or changed")
    rest = body[_START.size :]
    if length > len(rest):
        raise _wrong("its header is longer than the file")
    header = _header(rest[:length])
    return _network(header, rest[length:])


def load(path: Path) -> Network:
    """Return the network in a file. Raises NetworkError, which names the file."""
    try:
        if not path.is_file():
            raise _wrong("it is not there")
        with path.open("rb") as file:
            return decode(file.read(MAX_BYTES + 1))
    except (OSError, NetworkError) as error:
        message = f"the triage network {path}: {error}"
        raise NetworkError(message) from error


def _network(header: dict[str, Any], rest: bytes) -> Network:
    buckets, hidden = header["buckets"], header["hidden"]
    forms, domains = tuple(header["forms"]), tuple(header["domains"])
    outputs = len(forms) + len(domains) + 1
    biases = 4 * (hidden + outputs)
    sizes = (packed_size(buckets * hidden), packed_size(hidden * outputs))
    if len(rest) != biases + sum(sizes):
        raise _wrong(f"{len(rest)} bytes follow its header, not {biases + sum(sizes)}")
    bias = np.frombuffer(rest[:biases], dtype="<f4").astype(np.float32)
    if not np.isfinite(bias).all():
        raise _wrong("a bias is not a number")
    packed = rest[biases:]
    first = unpack(packed[: sizes[0]], buckets * hidden).reshape(buckets, hidden)
    second = unpack(packed[sizes[0] :], hidden * outputs).reshape(hidden, outputs)
    scales = header["scales"]
    return Network(
        BitLinear(first, float(scales[0]), bias[:hidden]),
        BitLinear(second, float(scales[1]), bias[hidden:]),
        forms,
        domains,
        {name: float(value) for name, value in header["figures"].items()},
    )


def _header(text: bytes) -> dict[str, Any]:
    try:
        header: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"its header is not JSON: {error}"
        raise _wrong(message) from error
    if not isinstance(header, dict) or set(header) != _KEYS:  # pyright: ignore[reportUnknownArgumentType]
        raise _wrong(f"its header does not hold just {', '.join(sorted(_KEYS))}")
    found: dict[str, Any] = header
    for name, most in _MOST.items():
        if type(found[name]) is not int or not 1 <= found[name] <= most:
            raise _wrong(f"{name} is not a whole number from 1 to {most}")
    if not _numbers(found["scales"], 2) or min(found["scales"]) <= 0:
        raise _wrong("scales are not two numbers above 0")
    if found["forms"] != list(FORMS):
        raise _wrong("its forms are not those of this release")
    domains: Any = found["domains"]
    if not isinstance(domains, list) or not _are_names(domains):  # pyright: ignore[reportUnknownArgumentType]
        raise _wrong(f"its domains are not up to {_MAX_DOMAINS} different names of cartridges")
    figures: Any = found["figures"]
    if not isinstance(figures, dict) or not _numbers([*figures.values()]) or len(figures) > _MAX_FIGURES:  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
        raise _wrong("its figures are not numbers with names")
    return found


def _numbers(values: Any, count: int | None = None) -> bool:
    if not isinstance(values, list):
        return False
    found: list[Any] = values
    is_all = all(type(it) in {int, float} and abs(it) < _HUGE and math.isfinite(it) for it in found)
    return is_all and count in {None, len(found)}


_HUGE: Final = 1e9


def _are_names(values: list[Any]) -> bool:
    is_all = all(isinstance(it, str) and _NAME.fullmatch(it) for it in values)
    return is_all and len(set(values)) == len(values) <= _MAX_DOMAINS


def _wrong(what: str) -> NetworkError:
    return NetworkError(f"this is no triage network that can be used: {what}")
