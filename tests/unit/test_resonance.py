"""What was asked fades between turns, and the slower the oftener it returned."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.domain.resonance import (
    GROWTH,
    LEAST_WEIGHT,
    MOST_STABILITY,
    STABILITY,
    Pattern,
    Resonance,
    reinforced,
)


def asked_in(*turns: int, until: int) -> Resonance:
    """Return what is left of one form that was asked in these turns."""
    resonance = Resonance()
    for turn in range(1, until + 1):
        resonance = resonance.after(["form"] if turn in turns else [])
    return resonance


@pytest.mark.parametrize(("doubled", "turns"), [(0, 21), (1, 41), (2, 83), (3, 166)])
def test_it_survives_twice_as_long_each_time_its_stability_doubles(doubled: int, turns: int) -> None:
    pattern = Pattern(STABILITY * GROWTH**doubled, 0)
    assert round(pattern.survives_turns) == turns
    assert pattern.weight(turns - 1) >= LEAST_WEIGHT
    assert pattern.weight(turns + 1) < LEAST_WEIGHT


def test_one_that_is_never_asked_again_is_forgotten_after_21_turns() -> None:
    assert asked_in(1, until=21).patterns.keys() == {"form"}
    assert not asked_in(1, until=22).patterns


def test_a_pause_makes_it_last_longer_than_asking_in_a_row() -> None:
    in_a_row, spaced = asked_in(1, 2, until=2), asked_in(1, 9, until=9)
    assert spaced.patterns["form"].stability > in_a_row.patterns["form"].stability
    assert in_a_row.patterns["form"].stability == pytest.approx(STABILITY * 2 * (2 - math.exp(-1 / STABILITY)))


def test_asking_many_times_in_one_turn_counts_once_for_how_long_it_lasts() -> None:
    once, often = Resonance().after(["form"]), Resonance().after(["form"] * 50)
    assert often.patterns["form"].stability == once.patterns["form"].stability
    assert (often.patterns["form"].hits, often.patterns["form"].asked) == (1, 50)
    again = often.after(["form"] * 2)
    assert (again.patterns["form"].hits, again.patterns["form"].asked) == (2, 52)


def test_reinforcing_in_a_turn_that_was_seen_changes_only_how_often_it_was_asked() -> None:
    pattern = Pattern(STABILITY, 5, 2, 3)
    assert reinforced(pattern, 5, times=4) == Pattern(STABILITY, 5, 2, 7)
    assert reinforced(pattern, 4) == Pattern(STABILITY, 5, 2, 4)


def test_stability_has_a_bound_so_that_everything_fades_one_day() -> None:
    resonance = Resonance()
    for _ in range(50):
        resonance = resonance.after(["form"])
    assert resonance.patterns["form"].stability == MOST_STABILITY
    silent = Resonance(resonance.turn + math.ceil(resonance.patterns["form"].survives_turns), resonance.patterns)
    assert not silent.after([]).patterns


def test_three_turns_promote_the_strongest_first() -> None:
    resonance = Resonance()
    for turn in range(1, 6):
        resonance = resonance.after(["always", *(["early"] if turn <= 3 else []), *(["twice"] if turn > 3 else [])])
    assert resonance.promoted() == ("always", "early")


def test_the_weakest_go_when_there_are_too_many() -> None:
    resonance = Resonance().after(["old", "kept"], most=2).after(["kept"], most=2).after(["new"], most=2)
    assert resonance.patterns.keys() == {"kept", "new"}


def test_what_is_strong_is_counted_and_the_rest_is_cruft() -> None:
    resonance = asked_in(1, until=5).after(["new"])
    assert resonance.weight("form") == pytest.approx(math.exp(-5 / 3))
    assert (resonance.active, resonance.cruft_ratio) == (1, 0.5)
    assert (Resonance().active, Resonance().cruft_ratio, Resonance().weight("form")) == (0, 0.0, 0.0)


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=8), max_size=60))
def test_whatever_is_asked_weights_stay_within_0_and_1_and_nothing_faded_is_kept(turns: list[list[str]]) -> None:
    resonance = Resonance()
    for asked in turns:
        resonance = resonance.after(asked, most=4)
    assert resonance.turn == len(turns)
    assert len(resonance.patterns) <= 4
    for digest, pattern in resonance.patterns.items():
        assert LEAST_WEIGHT <= resonance.weight(digest) <= 1
        assert 1 <= pattern.hits <= pattern.asked
        assert STABILITY <= pattern.stability <= MOST_STABILITY
