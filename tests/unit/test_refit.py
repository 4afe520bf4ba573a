"""A cartridge's own calibration: little data moves little, and what proves nothing promises nothing."""

from random import Random

import pytest

from kitbash.cascade.training.promises import paired, promises
from kitbash.cascade.training.refit import Asked, fit, refit
from kitbash.domain.calibration import Calibration, moved
from kitbash.errors import UsageError


def questions(count: int, *, slope: float = 1.0, offset: float = 0.0, seed: int = 1) -> list[Asked]:
    """Return questions whose probabilities would be honest if they were moved so."""
    chance = Random(seed)
    drawn = [chance.random() for _ in range(count)]
    return [Asked(f"q{at}", p, chance.random() < moved(p, slope, offset)) for at, p in enumerate(drawn)]


def made(asked: list[Asked]) -> Calibration:
    return refit(asked, made="2026-01-01", facts="facts", model="model")


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (2.0, 1.0), (0.5, -1.0)])
def test_with_much_data_what_is_off_is_found(slope: float, offset: float) -> None:
    found = made(questions(4000, slope=slope, offset=offset))
    assert (found.slope, found.offset) == (pytest.approx(slope, abs=0.2), pytest.approx(offset, abs=0.2))
    assert found.ece < 0.04


def test_what_was_dishonest_is_less_so_on_questions_it_was_not_fitted_to() -> None:
    found = made(questions(600, offset=1.5))
    assert found.ece < found.ece_before / 2


def test_with_little_data_little_is_moved() -> None:
    few, many = (fit([(0.5, True)] * count) for count in (3, 3000))
    assert abs(few[1]) < 1 < many[1]
    assert fit([]) == (1.0, 0.0)


@pytest.mark.parametrize("is_right", [True, False])
def test_one_class_alone_teaches_nothing_and_says_so(*, is_right: bool) -> None:
    with pytest.raises(UsageError, match=r"all 50 answers are (right|wrong); both kinds are needed"):
        made([Asked(f"q{at}", 0.5, is_right) for at in range(50)])


def test_ten_questions_are_calibrated_on_and_promise_nothing_of_worth() -> None:
    found = made([Asked(f"q{at}", 0.8, at > 1) for at in range(10)])
    assert (found.questions, found.right) == (10, 8)
    assert all(it.target <= 0.5 for it in found.alone)
    assert found.composed == ()


def test_nine_are_refused_with_the_number_that_is_needed() -> None:
    with pytest.raises(UsageError, match="9 different questions are too few to calibrate on; 10 are the fewest"):
        made([Asked(f"q{at}", 0.8, at > 1) for at in range(9)])


def test_the_same_question_a_hundred_times_counts_once() -> None:
    with pytest.raises(UsageError, match="1 different questions"):
        made([Asked("again", 0.9, is_right=True)] * 100)
    some = questions(200)
    assert made(some + some) == made(some)


def test_a_cartridge_that_is_nearly_always_right_is_promised_and_one_that_guesses_is_not() -> None:
    good = made([Asked(f"q{at}", 0.6 + at % 40 / 100, at % 40 > 0) for at in range(800)])
    assert max(it.target for it in good.alone) >= 0.95
    bad = made([Asked(f"q{at}", 0.6 + at % 40 / 100, at % 2 > 0) for at in range(800)])
    assert all(it.target <= 0.5 for it in bad.alone)


def test_an_order_that_is_the_wrong_way_round_is_not_turned() -> None:
    slope, _ = fit([(0.9, False), (0.1, True)] * 500)
    assert slope > 0


def test_what_is_promised_is_kept_by_the_questions_it_was_chosen_on() -> None:
    scored = [(it.probability, it.is_right) for it in questions(3000)]
    found = promises(scored)
    assert [it.target for it in found] == sorted(it.target for it in found)
    for it in found:
        assert it.target <= it.at_least <= it.precision
    stricter = {it.target: it.threshold for it in promises(scored, slip=0.6)}
    assert all(stricter.get(it.target, 1.0) >= it.threshold - 0.05 for it in found)


def test_pairs_use_each_question_once_and_are_right_if_both_are() -> None:
    some = [(f"q{at}", 0.5, at != 3) for at in range(7)]
    found = paired(some)
    assert len(found) == 3
    assert {probability for probability, _ in found} == {0.25}
    assert sum(not is_right for _, is_right in found) <= 1
    assert paired(some) == paired(some[::-1])
