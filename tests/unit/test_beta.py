"""The Beta distribution against values that are known otherwise."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.domain.beta import Beta

COUNT = st.floats(1e-3, 1e4)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.95, 1.0])
def test_two_even_counts_of_one_are_uniform(share: float) -> None:
    assert Beta(1, 1).below(share) == pytest.approx(share, abs=1e-14)


@pytest.mark.parametrize("right", [0.5, 1, 2, 20, 300])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.9, 0.999])
def test_without_wrong_cases_it_is_a_power(right: float, share: float) -> None:
    assert Beta(right, 1).below(share) == pytest.approx(share**right, rel=1e-12)
    assert Beta(1, right).below(share) == pytest.approx(1 - (1 - share) ** right, rel=1e-12)


@pytest.mark.parametrize(
    ("right", "wrong", "share", "below"),
    [
        # Closed forms: I_x(2, 2) = 3x^2 - 2x^3, I_x(1/2, 1/2) = 2/pi asin(sqrt x).
        (2, 2, 0.25, 3 * 0.25**2 - 2 * 0.25**3),
        (0.5, 0.5, 0.3, 2 / math.pi * math.asin(math.sqrt(0.3))),
        (3, 2, 0.6, 4 * 0.6**3 - 3 * 0.6**4),
    ],
)
def test_it_has_the_known_values(right: float, wrong: float, share: float, below: float) -> None:
    assert Beta(right, wrong).below(share) == pytest.approx(below, rel=1e-12)


@pytest.mark.parametrize(("right", "wrong"), [(5, 3), (60, 1), (2, 9)])
def test_for_whole_counts_it_is_a_binomial_tail(right: int, wrong: int) -> None:
    total = right + wrong - 1
    tail = sum(math.comb(total, k) * 0.9**k * 0.1 ** (total - k) for k in range(right, total + 1))
    assert Beta(right, wrong).below(0.9) == pytest.approx(tail, rel=1e-11)


@given(COUNT, COUNT, st.floats(0.01, 0.99))
def test_a_quantile_is_where_so_much_lies_below(right: float, wrong: float, probability: float) -> None:
    of = Beta(right, wrong)
    share = of.quantile(probability)
    assert 0 <= share <= 1
    assert of.below(share) <= probability + 1e-9
    assert of.below(min(1.0, share + 1e-9)) >= probability - 1e-6


@given(COUNT, COUNT, st.floats(0, 1), st.floats(0, 1))
def test_more_lies_below_a_larger_share(right: float, wrong: float, one: float, other: float) -> None:
    of = Beta(right, wrong)
    assert 0 <= of.below(min(one, other)) <= of.below(max(one, other)) + 1e-9 <= 1 + 1e-9


@given(COUNT, COUNT, st.floats(0.001, 0.999))
def test_right_and_wrong_are_mirrored(right: float, wrong: float, share: float) -> None:
    assert Beta(right, wrong).below(share) == pytest.approx(1 - Beta(wrong, right).below(1 - share), abs=1e-9)


def test_the_mean_is_the_share_of_right() -> None:
    assert Beta(3, 1).mean == 0.75


@pytest.mark.parametrize(("right", "wrong"), [(0, 1), (1, 0), (-1, 1), (math.inf, 1), (1, math.nan)])
def test_counts_that_are_none_are_refused(right: float, wrong: float) -> None:
    with pytest.raises(ValueError, match="pseudo-counts"):
        Beta(right, wrong)
