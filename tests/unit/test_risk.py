"""The threshold that keeps a precision, with a bound that holds for a finite sample."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.cascade.risk import choose, lower_bound

SCORED = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=300)


@pytest.mark.parametrize(
    ("right", "total", "delta", "bound"),
    [(0, 10, 0.1, 0.0), (10, 10, 0.05, 0.7411), (95, 100, 0.025, 0.8872), (5, 10, 0.05, 0.2224), (1, 1, 0.1, 0.1)],
)
def test_the_bound_is_that_of_clopper_and_pearson(right: int, total: int, delta: float, bound: float) -> None:
    assert lower_bound(right, total, delta) == pytest.approx(bound, abs=2e-4)


@given(st.integers(1, 400), st.data())
def test_the_bound_lies_below_the_share_and_more_of_the_same_raises_it(total: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, total))
    assert 0 <= lower_bound(right, total, 0.1) <= right / total
    assert lower_bound(2 * right, 2 * total, 0.1) >= lower_bound(right, total, 0.1) - 1e-9


@pytest.mark.parametrize(("right", "total", "delta"), [(-1, 5, 0.1), (6, 5, 0.1), (1, 5, 0.0), (1, 5, 1.0)])
def test_what_is_no_share_is_refused(right: int, total: int, delta: float) -> None:
    with pytest.raises(ValueError, match="no share"):
        lower_bound(right, total, delta)


def test_no_questions_give_no_threshold() -> None:
    assert choose([], 0.95) is None


def test_ten_questions_prove_nothing() -> None:
    assert choose([(0.9, True)] * 10, 0.95) is None


def test_where_all_are_right_all_are_answered_if_they_are_enough() -> None:
    cut = choose([(at / 100, True) for at in range(100)], 0.95)
    assert cut is not None
    assert (cut.threshold, cut.coverage, cut.precision) == (0.0, 1.0, 1.0)
    assert cut.at_least >= 0.95


def test_where_all_are_wrong_none_is_answered() -> None:
    assert choose([(at / 1000, False) for at in range(1000)], 0.5) is None


def test_equal_probabilities_are_answered_together() -> None:
    scored = [(0.9, True)] * 200 + [(0.5, at % 2 == 0) for at in range(400)]
    cut = choose(scored, 0.95)
    assert cut is not None
    assert (cut.threshold, cut.coverage) == (0.9, pytest.approx(1 / 3))


def test_duplicates_of_one_probability_are_one_threshold() -> None:
    assert choose([(0.7, at % 3 > 0) for at in range(900)], 0.95) is None
    cut = choose([(0.7, at % 100 > 0) for at in range(900)], 0.95)
    assert cut is not None
    assert cut.coverage == 1


def test_a_threshold_is_wrong_no_more_often_than_allowed() -> None:
    random = Random(3)
    failures = 0
    for _ in range(300):
        # A score that is honest: p of those scored p are right.
        scored = [(p, random.random() < p) for p in (random.random() for _ in range(600))]
        cut = choose(scored, 0.9, delta=0.1)
        failures += cut is not None and (1 + cut.threshold) / 2 < 0.9
    assert failures <= 0.1 * 300 + 15


@given(SCORED, st.floats(0.5, 0.99))
def test_what_is_chosen_is_what_it_says_it_is(scored: list[tuple[float, bool]], target: float) -> None:
    cut = choose(scored, target)
    if cut is not None:
        said = [is_right for p, is_right in scored if p >= cut.threshold]
        assert cut.coverage == pytest.approx(len(said) / len(scored))
        assert cut.precision == pytest.approx(sum(said) / len(said))
        assert target <= cut.at_least <= cut.precision
