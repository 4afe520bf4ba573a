"""The network's bytes: what is written is read again, and nothing else is."""

import json
import struct
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.errors import NetworkError
from kitbash.models.ternary.file import decode, encode
from kitbash.models.ternary.network import BitLinear, Network
from kitbash.models.ternary.parts import MAX_BYTES
from tests.unit.ternary_kit import HIDDEN, small_network

GOOD = encode(small_network())
START = struct.Struct("<8sHI")
HEADER_BYTES = START.unpack_from(GOOD)[2]


def sealed(body: bytes) -> bytes:
    return body + sha256(body).digest()


def with_header(text: bytes) -> bytes:
    magic, version, length = START.unpack_from(GOOD)
    return sealed(START.pack(magic, version, len(text)) + text + GOOD[START.size + length : -32])


def with_values(**changes: Any) -> bytes:
    header = json.loads(GOOD[START.size : START.size + HEADER_BYTES])
    return with_header(json.dumps(header | changes).encode())


def test_what_is_written_is_read_again() -> None:
    was, now = small_network(), decode(GOOD)
    assert encode(now) == GOOD
    assert (now.forms, now.domains, now.figures) == (was.forms, was.domains, was.figures)
    assert now.read("Why is the sea salt?") == was.read("Why is the sea salt?")


def test_a_network_of_other_weights_is_another_file() -> None:
    assert encode(small_network(1)) != GOOD


@given(st.integers(0, len(GOOD) - 1))
def test_a_file_that_was_cut_off_is_refused(size: int) -> None:
    with pytest.raises(NetworkError):
        decode(GOOD[:size])


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_file_in_which_one_byte_was_changed_is_refused(at: int, change: int) -> None:
    broken = bytearray(GOOD)
    broken[at] ^= change
    with pytest.raises(NetworkError):
        decode(bytes(broken))


@given(st.integers(0, len(GOOD) - 33), st.integers(1, 255))
def test_a_changed_file_with_a_right_digest_is_refused_or_a_network(at: int, change: int) -> None:
    body = bytearray(GOOD[:-32])
    body[at] ^= change
    try:
        found = decode(sealed(bytes(body)))
    except NetworkError:
        return
    assert 0 <= found.read("Why is the sea salt?").outside <= 1


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_refused(data: bytes) -> None:
    with pytest.raises(NetworkError):
        decode(data)
    with pytest.raises(NetworkError):
        decode(with_header(data))


def test_a_file_beyond_the_limit_is_refused_unread() -> None:
    with pytest.raises(NetworkError, match="size"):
        decode(sealed(GOOD[:-32] + bytes(MAX_BYTES)))


def test_a_network_that_is_too_large_is_not_written() -> None:
    was = small_network()
    wide = BitLinear(np.zeros((MAX_BYTES, HIDDEN), np.int8)[: 1 << 16], 1.0, was.first.bias)
    huge = Network(wide, was.second, was.forms, was.domains, was.figures)
    assert len(encode(huge)) < MAX_BYTES
    wider = BitLinear(np.zeros((1 << 16, 12), np.int8), 1.0, np.zeros(12, np.float32))
    second = BitLinear(np.zeros((12, len(was.second.bias)), np.int8), 1.0, was.second.bias)
    with pytest.raises(NetworkError, match="more than"):
        encode(Network(wider, second, was.forms, was.domains, was.figures))


@pytest.mark.parametrize(
    "made",
    [
        lambda: sealed(b"PICKLED\n" + GOOD[8:-32]),
        lambda: sealed(GOOD[:8] + b"\x02\x00" + GOOD[10:-32]),
        lambda: sealed(GOOD[:10] + b"\xff\xff\xff\xff" + GOOD[14:-32]),
        lambda: sealed(GOOD[:-33]),
        lambda: sealed(GOOD[:-32] + b"\x79"),
        lambda: sealed(GOOD[:-33] + b"\xff"),
        lambda: with_header(b"[" * 5000),
        lambda: with_header(b"null"),
        lambda: with_values(buckets=0),
        lambda: with_values(buckets=10**9),
        lambda: with_values(buckets="32"),
        lambda: with_values(hidden=True),
        lambda: with_values(hidden=-6),
        lambda: with_values(first_scale=0),
        lambda: with_values(first_scale=float("nan")),
        lambda: with_values(second_scale=float("inf")),
        lambda: with_values(forms=["fact"]),
        lambda: with_values(domains=["sea_general"]),
        lambda: with_values(domains=["sea_general", "sea_general"]),
        lambda: with_values(domains=["../sea", "sky_general"]),
        lambda: with_values(domains=["\u001b[31m", "sky_general"]),
        lambda: with_values(figures={"form": "good"}),
        lambda: with_values(figures={str(at): 1.0 for at in range(100)}),
        lambda: with_values(code="import os"),
    ],
)
def test_a_hostile_file_with_a_right_digest_is_refused(made: Callable[[], bytes]) -> None:
    with pytest.raises(NetworkError):
        decode(made())


def test_a_bias_that_is_not_a_number_is_refused() -> None:
    at = START.size + HEADER_BYTES
    with pytest.raises(NetworkError, match="bias"):
        decode(sealed(GOOD[:at] + struct.pack("<f", float("nan")) + GOOD[at + 4 : -32]))
