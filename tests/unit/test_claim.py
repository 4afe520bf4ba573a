"""How far two claims of one key contradict each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.domain.claim import OPPOSITE, SAME, Claim, apart

ENDS = st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)).map(lambda it: (min(it), max(it)))
NONE: tuple[None, None] = (None, None)


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    low, high = draw(ENDS | st.just(NONE))
    return Claim("water", "boil at", draw(st.booleans()), low, high, "degC")


def boils(low: float, high: float | None = None, *, affirmed: bool = True) -> Claim:
    return Claim("water", "boil at", affirmed, low, low if high is None else high, "degC")


@given(claims(), claims())
def test_the_distance_is_the_same_both_ways_and_from_0_to_1(one: Claim, other: Claim) -> None:
    assert SAME <= apart(one, other) <= OPPOSITE
    assert apart(one, other) == apart(other, one)
    assert apart(one, one) == SAME


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        (boils(100), boils(50), 0.5),
        (boils(95, 105), boils(100), 0),
        (boils(95, 105), boils(105, 200), 0),
        (boils(-10), boils(10), 1),
        (boils(100), boils(100, affirmed=False), 1),
        (boils(100), boils(50, affirmed=False), 0),
        (boils(100, affirmed=False), boils(50, affirmed=False), 0),
    ],
)
def test_ranges_are_apart_by_their_gap_and_denials_where_they_meet(one: Claim, other: Claim, distance: float) -> None:
    assert apart(one, other) == distance


def test_yes_and_no_are_opposite() -> None:
    assert apart(Claim("glass", "conduct"), Claim("glass", "conduct", affirmed=False)) == OPPOSITE
    assert apart(Claim("glass", "conduct"), Claim("glass", "conduct")) == SAME


def test_the_unit_is_part_of_the_key() -> None:
    assert boils(1).key == "water|boil at|degC"
    assert Claim("water", "boil at").key != boils(1).key
