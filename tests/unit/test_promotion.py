"""When a level should change: the rules of promotion and demotion."""

import pytest

from kitbash.domain.level import Level
from kitbash.domain.promotion import SEVERAL, Move, Standing, move, target


@pytest.mark.parametrize(
    ("level", "confidence", "right", "wrong", "wanted"),
    [
        (Level.HEURISTIC, 0.60, 6, 4, Move.UP),
        (Level.HEURISTIC, 0.58, 6, 4, Move.STAY),
        (Level.HEURISTIC, 0.40, 4, 6, Move.STAY),
        (Level.HEURISTIC, 0.38, 4, 6, Move.OUT),
        (Level.NARRATIVE, 0.80, 9, 1, Move.UP),
        (Level.NARRATIVE, 0.78, 9, 1, Move.STAY),
        (Level.NARRATIVE, 0.60, 6, 4, Move.STAY),
        (Level.NARRATIVE, 0.60, 5, 5, Move.DOWN),
        (Level.AXIOMATIC, 0.90, 9, 1, Move.UP),
        (Level.AXIOMATIC, 0.85, 9, 1, Move.STAY),
        (Level.AXIOMATIC, 0.90, 7, 3, Move.DOWN),
        (Level.EMPIRICAL, 0.99, 0, 100, Move.STAY),
        (Level.INTENT, 0.5, 100, 0, Move.STAY),
        (Level.MASK, 0.5, 100, 0, Move.STAY),
    ],
)
def test_it_moves_by_its_measured_confidence(
    level: Level, confidence: float, right: int, wrong: int, wanted: Move
) -> None:
    assert move(Standing(level, confidence, 3, right, wrong)) is wanted


def test_what_few_people_judged_stays() -> None:
    few = Standing(Level.HEURISTIC, 0.01, 1, 0, SEVERAL - 1)
    assert move(few) is Move.STAY
    assert move(Standing(Level.HEURISTIC, 0.01, 1, 0, SEVERAL)) is Move.OUT


def test_nothing_becomes_empirical_on_fewer_than_three_sources() -> None:
    assert [move(Standing(Level.AXIOMATIC, 0.95, sources, 50, 0)) for sources in (2, 3)] == [Move.STAY, Move.UP]


def test_what_was_judged_wrong_as_often_as_right_never_rises() -> None:
    assert move(Standing(Level.HEURISTIC, 0.99, 3, 5, 5)) is Move.STAY


def test_a_facts_own_confidence_counts_as_ten_judgements() -> None:
    assert Standing(Level.NARRATIVE, 0.8, 1, 0, 0).measured == 0.8
    assert Standing(Level.NARRATIVE, 0.8, 1, 0, 10).measured == 0.4


def test_up_is_towards_l0_and_below_l3_is_the_archive() -> None:
    assert target(Level.NARRATIVE, Move.UP) is Level.AXIOMATIC
    assert target(Level.NARRATIVE, Move.DOWN) is Level.HEURISTIC
    assert target(Level.NARRATIVE, Move.STAY) is Level.NARRATIVE
    assert target(Level.HEURISTIC, Move.OUT) is None
