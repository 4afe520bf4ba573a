"""Dissonance and stagnation, with the numbers of the table."""

import pytest

from kitbash.domain.homeostasis import CALM_TURNS, MOST_TENSIONS, STAGNANT_TURNS, Balance, Tension

PAIR = "sky#1|sky#2"


def after(turns: int, seen: dict[str, float] | None = None, *, grown: int = 0) -> Balance:
    """Return the balance after so many turns that are all alike."""
    balance = Balance()
    for turn in range(1, turns + 1):
        balance = balance.after(turn, seen or {}, grown=grown)
    return balance


def test_a_contradiction_larger_than_0_6_makes_dissonant() -> None:
    assert not after(1, {PAIR: 0.6}).is_dissonant
    dissonant = after(1, {PAIR: 0.75, "sky#3|sky#4": 0.9})
    assert dissonant.is_dissonant
    assert dissonant.severity == pytest.approx(1.5)
    assert after(1).severity == 0.0


def test_after_five_turns_unresolved_it_is_persistent_and_worked_at_no_more() -> None:
    assert after(4, {PAIR: 0.9}).is_dissonant
    assert after(4, {PAIR: 0.9}).persistent == ()
    given_up = after(5, {PAIR: 0.9})
    assert not given_up.is_dissonant
    assert (given_up.persistent, given_up.severity) == ((PAIR,), 0.0)
    assert after(50, {PAIR: 0.9}).tensions[PAIR].attempts == 5


def test_what_mattered_to_nobody_for_ten_turns_is_forgotten_and_begins_anew() -> None:
    balance = after(5, {PAIR: 0.9})
    for turn in range(6, 5 + CALM_TURNS):
        balance = balance.after(turn, {}, grown=0)
        assert balance.persistent == (PAIR,)
    balance = balance.after(5 + CALM_TURNS, {}, grown=0)
    assert balance.tensions == {}
    assert balance.after(99, {PAIR: 0.9}, grown=0).tensions == {PAIR: Tension(0.9, 1, 99)}


def test_ten_turns_without_a_grain_that_moves_on_are_stagnation() -> None:
    assert (after(STAGNANT_TURNS - 1).is_stagnant, after(STAGNANT_TURNS).is_stagnant) == (False, True)
    assert [after(turns).urgency for turns in (0, 3, 10, 50)] == [0.0, 0.3, 1.0, 1.0]
    assert after(50).after(51, {}, grown=1).stagnant_turns == 0


def test_dissonance_is_no_stagnation_but_a_contradiction_that_was_given_up_on_is() -> None:
    assert after(4, {PAIR: 0.9}).stagnant_turns == 0
    assert after(15, {PAIR: 0.9}).is_stagnant


def test_dissonant_it_validates_three_times_as_often_and_sleeps_every_three_hours() -> None:
    calm, dissonant = Balance(), after(1, {PAIR: 0.9})
    assert (calm.pause_s(300), calm.wake_s(86_400)) == (300, 86_400)
    assert (dissonant.pause_s(300), dissonant.wake_s(86_400)) == (100, 3 * 3600)


def test_of_too_many_tensions_the_smallest_go() -> None:
    seen = {f"sky#{number}|sea#1": number / 1000 for number in range(MOST_TENSIONS + 5)}
    kept = after(1, seen).tensions
    assert len(kept) == MOST_TENSIONS
    assert min(it.size for it in kept.values()) == 5 / 1000
