"""Fitting: the right weights for data that has them, and the same to the last digit every time."""

import math
from random import Random

import pytest

from kitbash.cascade.training.examples import FOLDS, fold_of, shortened
from kitbash.cascade.training.figures import calibration_error
from kitbash.cascade.training.fitting import fit_order, fit_probability, solve
from kitbash.cascade.training.judging import Judged
from kitbash.cascade.training.train import report


def test_a_linear_system_is_solved_even_where_a_pivot_is_0() -> None:
    assert solve([[0.0, 2.0], [4.0, 1.0]], [2.0, 9.0]) == pytest.approx([2.0, 1.0])


def test_a_logistic_model_is_found_again_in_what_it_made() -> None:
    random = Random(5)
    rows = [(random.random(), random.random()) for _ in range(4000)]
    right = [random.random() < 1 / (1 + math.exp(-(3 * x - 2 * y - 0.5))) for x, y in rows]
    weights, bias = fit_probability(rows, right)
    assert weights == pytest.approx([3, -2], abs=0.4)
    assert bias == pytest.approx(-0.5, abs=0.3)


@pytest.mark.parametrize("all_are", [True, False])
def test_one_class_alone_gives_finite_weights(*, all_are: bool) -> None:
    weights, bias = fit_probability([(0.1, 0.9), (0.5, 0.5)] * 10, [all_are] * 20)
    assert all(map(math.isfinite, (*weights, bias)))
    assert (bias > 0) is all_are


def test_the_order_puts_first_what_was_right_and_leaves_the_rest_alone() -> None:
    lists = [([(1.0, 0.5), (0.0, 0.5), (0.5, 0.5)], 0), ([(0.2, 0.5), (0.9, 0.5)], 1)] * 20
    weights = fit_order(lists)
    assert weights[0] > 1
    assert weights[1] == pytest.approx(0)


def test_a_shortened_question_lacks_one_word_that_carries_content() -> None:
    assert list(shortened("What is a comet?")) == []
    (shorter,) = shortened("Which comet has the longest tail?")
    assert len(shorter.split()) == 5


def test_facts_fall_into_folds_by_their_text_and_the_seed() -> None:
    folds = [fold_of(f"Fact {number}.", 0) for number in range(200)]
    assert set(folds) == set(range(FOLDS))
    assert folds == [fold_of(f"Fact {number}.", 0) for number in range(200)]
    assert folds != [fold_of(f"Fact {number}.", 1) for number in range(200)]


def test_the_calibration_error_is_how_far_probabilities_are_off() -> None:
    assert calibration_error([]) == 0
    assert calibration_error([(0.75, True), (0.75, True), (0.75, True), (0.75, False)]) == pytest.approx(0)
    assert calibration_error([(1.0, False), (0.0, True)]) == pytest.approx(1)
    assert calibration_error([(0.9, True), (0.9, False), (0.1, False)]) == pytest.approx((0.8 + 0.1) / 3)


def test_a_report_says_what_is_answered_and_how_often_that_is_right() -> None:
    found = report([Judged(0.95, is_right=True), Judged(0.75, is_right=False), Judged(0.2, is_right=False)])
    assert (found["answered_at_0.9"], found["precision_at_0.9"]) == (0.3333, 1.0)
    assert (found["answered_at_0.7"], found["precision_at_0.7"]) == (0.6667, 0.5)
