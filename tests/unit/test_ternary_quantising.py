"""Quantised numbers against a plain reference, written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.models.ternary.network import BitLinear, softmax
from kitbash.models.ternary.quantising import eight_bit, ternary

NUMBERS = st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=12)


def test_weights_are_rounded_by_the_mean_of_their_sizes() -> None:
    trits, scale = ternary(np.array([[0.1, -0.9], [2.0, -1.0]], np.float32))
    assert scale == pytest.approx(1.0)
    assert trits.tolist() == [[0, -1], [1, -1]]


def test_rows_that_were_never_seen_stay_nothing_and_do_not_lower_the_scale() -> None:
    trits, scale = ternary(np.array([[0.0, 0.0], [2.0, -2.0], [0.0, 0.0]], np.float32))
    assert scale == pytest.approx(2.0)
    assert trits.tolist() == [[0, 0], [1, -1], [0, 0]]


def test_no_weights_at_all_are_quantised_to_nothing() -> None:
    trits, scale = ternary(np.zeros((3, 2), np.float32))
    assert not trits.any()
    assert scale > 0


@given(NUMBERS)
def test_activations_are_whole_numbers_within_half_a_step(numbers: list[float]) -> None:
    given_ = np.array(numbers, np.float32)
    whole, scale = eight_bit(given_)
    assert np.array_equal(whole, np.rint(whole))
    assert np.abs(whole).max() <= 127
    assert np.abs(whole * scale - given_).max() <= scale[0] / 2 * 1.001


def test_each_row_has_a_scale_of_its_own() -> None:
    whole, scale = eight_bit(np.array([[127.0, 1.0], [0.5, -0.25]], np.float32))
    assert whole.tolist() == [[127, 1], [127, -64]]
    assert scale[:, 0].tolist() == pytest.approx([1.0, 0.5 / 127])


@given(
    st.lists(st.integers(-1, 1), min_size=12, max_size=12), st.lists(st.floats(-4, 4, width=32), min_size=4, max_size=4)
)
def test_a_layer_is_the_plain_sum_of_its_quantised_inputs(weights: list[int], inputs: list[float]) -> None:
    trits = np.array(weights, np.int8).reshape(4, 3)
    layer = BitLinear(trits, 0.5, np.array([1.0, 0.0, -1.0], np.float32))
    step = max(1e-8, *(abs(it) for it in inputs)) / 127
    plain = [
        bias + 0.5 * step * sum(round(value / step) * int(trits[row, column]) for row, value in enumerate(inputs))
        for column, bias in enumerate((1.0, 0.0, -1.0))
    ]
    # A value that lies between two steps may be rounded to either.
    assert layer(np.array(inputs, np.float32), trits).tolist() == pytest.approx(plain, abs=2 * step + 1e-4)


def test_probabilities_sum_to_one_however_large_the_numbers() -> None:
    found = softmax(np.array([1000.0, 999.0, -1000.0], np.float32))
    assert found.sum() == pytest.approx(1)
    assert found[0] > found[1] > found[2] >= 0
