"""Five weights to a byte, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.errors import NetworkError
from kitbash.models.ternary.packing import pack, unpack
from kitbash.models.ternary.trits import packed_size

WEIGHTS = st.lists(st.integers(-1, 1), max_size=64)


@given(WEIGHTS)
def test_what_is_packed_is_unpacked(weights: list[int]) -> None:
    data = pack(np.array(weights, np.int8))
    assert len(data) == packed_size(len(weights)) == (len(weights) + 4) // 5
    assert unpack(data, len(weights)).tolist() == weights


def test_the_first_weight_is_the_lowest_digit() -> None:
    assert pack(np.array([-1, -1, -1, -1, -1], np.int8)) == b"\x00"
    assert pack(np.array([0, -1, -1, -1, -1], np.int8)) == b"\x01"
    assert pack(np.array([-1, -1, -1, -1, 1], np.int8)) == bytes([2 * 81])
    assert pack(np.array([1, 1, 1, 1, 1, 0], np.int8)) == bytes([242, 121])


@pytest.mark.parametrize("byte", [243, 250, 255])
def test_a_byte_without_a_state_is_refused(byte: int) -> None:
    with pytest.raises(NetworkError, match=f"byte 1 is {byte}"):
        unpack(bytes([242, byte]), 10)


@pytest.mark.parametrize(("size", "count"), [(1, 6), (2, 5), (0, 1), (1, 0), (0, -1), (1, 10**12)])
def test_too_few_and_too_many_bytes_are_refused(size: int, count: int) -> None:
    with pytest.raises(NetworkError, match="cannot hold"):
        unpack(bytes([121] * size), count)


def test_weights_beyond_the_last_are_refused() -> None:
    with pytest.raises(NetworkError, match="beyond the last"):
        unpack(b"\x00", 4)


@pytest.mark.parametrize("weight", [-2, 2, 127, -128])
def test_a_weight_that_is_not_ternary_is_refused(weight: int) -> None:
    with pytest.raises(NetworkError, match="cannot be packed"):
        pack(np.array([0, weight], np.int8))
