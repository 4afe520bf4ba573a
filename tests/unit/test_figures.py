"""What scored answers show, in numbers and in lines of text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.cascade.training.figures import auroc, reliability, resampled, risk_coverage
from kitbash.cli.curves import reliability_lines, risk_lines

SCORED = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=80)


def test_the_auroc_is_the_share_of_pairs_in_order() -> None:
    assert auroc([(0.9, True), (0.1, False)]) == 1
    assert auroc([(0.1, True), (0.9, False)]) == 0
    assert auroc([(0.5, True), (0.5, False)]) == 0.5
    assert auroc([(0.9, True)]) == 0.5


@given(SCORED)
def test_the_auroc_counts_every_pair(scored: list[tuple[float, bool]]) -> None:
    right = [p for p, is_right in scored if is_right]
    wrong = [p for p, is_right in scored if not is_right]
    if right and wrong:
        wins = sum((one > other) + (one == other) / 2 for one in right for other in wrong)
        assert auroc(scored) == pytest.approx(wins / len(right) / len(wrong))


@given(SCORED)
def test_bins_hold_every_answer_where_it_belongs(scored: list[tuple[float, bool]]) -> None:
    bins = reliability(scored)
    assert sum(it.count for it in bins) == len(scored)
    for it in bins:
        assert it.low - 1e-9 <= it.sure <= it.high + 1e-9
        assert 0 <= it.right <= 1


@given(SCORED)
def test_the_curve_ends_where_all_is_answered(scored: list[tuple[float, bool]]) -> None:
    points = risk_coverage(scored)
    if scored:
        assert points[-1] == (1, pytest.approx(sum(not is_right for _, is_right in scored) / len(scored)))
    assert [coverage for coverage, _ in points] == sorted(coverage for coverage, _ in points)


def test_an_interval_by_cartridge_is_wider_where_cartridges_differ() -> None:
    alike = {str(at): [(0.9, True), (0.1, True)] * 20 for at in range(10)}
    unlike = {str(at): [(0.9 if at % 2 else 0.1, True)] * 40 for at in range(10)}
    narrow, wide = resampled(alike, 0.5), resampled(unlike, 0.5)
    assert narrow == (0.5, 0.5)
    assert wide is not None
    assert wide[0] < 0.3
    assert wide[1] > 0.7
    assert resampled(unlike, 0.5) == wide
    assert resampled({"one": [(0.9, True)]}, 0.5) is None


@given(SCORED)
def test_both_are_drawn_as_lines_that_fit_a_terminal(scored: list[tuple[float, bool]]) -> None:
    for line in (*reliability_lines(scored), *risk_lines(scored)):
        assert len(line) <= 80
        assert line.isascii()


def test_a_bar_ends_where_the_share_is_and_the_mark_stands_where_it_should() -> None:
    _, line = reliability_lines([(0.75, True), (0.75, True), (0.75, False), (0.75, False)])
    bar = line[10:61]
    assert bar.count("#") == 25
    assert bar.index("|") == 38
