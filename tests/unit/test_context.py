"""The state that remembers: how it decays, how visits add to it, and how it widens spotlights."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.blackboard import keys
from kitbash.domain.context import (
    BLANK,
    DAY_S,
    GAIN,
    MAX_TYPE_CHARS,
    WEIGHTS,
    Snapshot,
    Window,
    Windows,
    checked,
    decayed,
    snapshot,
    visited,
    widths,
)
from kitbash.domain.level import Level
from kitbash.errors import UsageError

NUMBERS: Final = st.floats(0, 1)
TIMES_S: Final = st.one_of(st.just(0.0), st.floats(0, 60), st.floats(0, 60 * DAY_S))
SALIENCES: Final = st.fixed_dictionaries(dict.fromkeys(Level, NUMBERS))
STATES: Final = st.fixed_dictionaries(dict.fromkeys(Window, SALIENCES))
STEPS: Final = st.lists(st.tuples(TIMES_S, SALIENCES), max_size=20)
FACTS: Final = {Level.EMPIRICAL: 1.0}


def flat(state: Windows) -> list[float]:
    return [state[window][level] for window in Window for level in Level]


def of(salience: float, visits: int = 1) -> Snapshot:
    """Return a snapshot each of whose levels is that salient."""
    plain = dict.fromkeys(Level, salience)
    return Snapshot("id", "sky", plain, 0.5, dict.fromkeys(Window, plain), visits)


def test_windows_are_an_hour_a_day_three_days_and_a_week() -> None:
    assert {window.value: window.tau_s for window in Window} == {
        "context_1hour": 3600,
        "context_1day": 86_400,
        "context_72hours": 259_200,
        "context_1week": 604_800,
    }


def test_weights_sum_to_one_and_recent_ones_are_heavier() -> None:
    weights = [WEIGHTS[window] for window in Window]
    assert sum(weights) == 1
    assert weights == sorted(weights, reverse=True)
    assert weights[0] > weights[-1] > 0


@given(STATES, TIMES_S)
def test_decay_is_exact(state: Windows, elapsed_s: float) -> None:
    later = decayed(state, elapsed_s)
    for window in Window:
        left = math.exp(-elapsed_s / window.tau_s)
        assert [later[window][level] for level in Level] == [state[window][level] * left for level in Level]


@given(STATES, TIMES_S, TIMES_S)
def test_decay_in_two_steps_is_decay_in_one(state: Windows, first_s: float, second_s: float) -> None:
    twice = decayed(decayed(state, first_s), second_s)
    assert flat(twice) == pytest.approx(flat(decayed(state, first_s + second_s)), abs=1e-9, rel=0)


@given(STATES, st.floats(-1e12, 0))
def test_a_clock_that_went_backwards_counts_as_no_time(state: Windows, elapsed_s: float) -> None:
    assert decayed(state, elapsed_s) == state
    assert snapshot("sky", state, elapsed_s=elapsed_s, visits=1).recency_decay == 1.0


@given(STEPS)
def test_everything_stays_between_zero_and_one(steps: list[tuple[float, Mapping[Level, float]]]) -> None:
    state = BLANK
    for elapsed_s, shares in steps:
        state = visited(decayed(state, elapsed_s), shares)
    said = snapshot("sky", state, elapsed_s=0.0, visits=len(steps))
    assert all(0 <= number <= 1 for number in [*flat(state), *said.layer_salience.values(), said.recency_decay])


@given(STATES, SALIENCES, SALIENCES)
def test_a_larger_share_never_leaves_less(
    state: Windows, one: Mapping[Level, float], other: Mapping[Level, float]
) -> None:
    less = visited(state, {level: min(one[level], other[level]) for level in Level})
    more = visited(state, {level: max(one[level], other[level]) for level in Level})
    assert all(low <= high for low, high in zip(flat(less), flat(more), strict=True))


@given(STATES, SALIENCES)
def test_a_visit_never_takes_away(state: Windows, shares: Mapping[Level, float]) -> None:
    assert all(before <= after for before, after in zip(flat(state), flat(visited(state, shares)), strict=True))


def test_a_level_that_is_left_out_of_a_visit_stays_as_it_is() -> None:
    after = visited(visited(BLANK, {Level.MASK: 0.5}), FACTS)
    assert flat(after) == [GAIN, 0, 0, 0, 0, GAIN / 2] * 4


def test_a_sequence_computed_by_hand() -> None:
    # 0.3 at once; after an hour 0.3/e = 0.110364 in the hour's window, and the visit makes it 0.377255.
    # A day's window: 0.3 * exp(-1/24) = 0.287757 becomes 0.501430. Three days': 0.295862, 0.507103. A week's: 0.298220,
    # 0.508754. A day later: 0.377255 * exp(-24), 0.501430/e, 0.507103 * exp(-1/3), 0.508754 * exp(-1/7).
    state = visited(decayed(visited(BLANK, FACTS), 3600), FACTS)
    assert [state[window][Level.EMPIRICAL] for window in Window] == pytest.approx(
        [0.377255, 0.501430, 0.507103, 0.508754], abs=1e-6
    )
    said = snapshot("sky", decayed(state, DAY_S), elapsed_s=DAY_S, visits=2)
    assert [said.windows[window][Level.EMPIRICAL] for window in Window] == pytest.approx(
        [0.0, 0.184466, 0.363353, 0.441031], abs=1e-5
    )
    assert said.layer_salience[Level.EMPIRICAL] == pytest.approx(0.184466 / 4 + (0.363353 + 0.441031) / 8, abs=1e-5)
    assert said.recency_decay == pytest.approx(0.367879, abs=1e-6)
    assert [said.layer_salience[level] for level in Level if level is not Level.EMPIRICAL] == [0.0] * 5


def test_ten_visits_in_a_row_are_nearly_everything_and_a_month_later_nearly_nothing() -> None:
    state = BLANK
    for _ in range(10):
        state = visited(state, FACTS)
    full = snapshot("sky", state, elapsed_s=0, visits=10).layer_salience[Level.EMPIRICAL]
    assert full == pytest.approx(1 - 0.7**10)
    month = snapshot("sky", decayed(state, 30 * DAY_S), elapsed_s=30 * DAY_S, visits=10)
    assert 1e-4 < month.layer_salience[Level.EMPIRICAL] < 1e-2


def test_recency_is_nothing_where_there_was_no_visit() -> None:
    assert snapshot("sky", BLANK, elapsed_s=0, visits=0).recency_decay == 0.0


def test_an_id_names_the_contents() -> None:
    one = snapshot("sky", BLANK, elapsed_s=1, visits=1)
    state = visited(BLANK, {Level.MASK: 1e-9})
    others = [
        snapshot("sea", BLANK, elapsed_s=1, visits=1),
        snapshot("sky", BLANK, elapsed_s=2, visits=1),
        snapshot("sky", BLANK, elapsed_s=1, visits=2),
        snapshot("sky", state, elapsed_s=1, visits=1),
    ]
    assert snapshot("sky", BLANK, elapsed_s=1, visits=1).snapshot_id == one.snapshot_id
    assert len({it.snapshot_id for it in [one, *others]}) == 5


@pytest.mark.parametrize("nothing", [None, of(1.0, visits=0)])
def test_a_spotlight_has_its_base_width_where_nothing_is_remembered(nothing: Snapshot | None) -> None:
    assert widths(nothing, base=7) == dict.fromkeys(Level, 7)


@pytest.mark.parametrize(
    ("salience", "base", "width"),
    [
        (0.0, 8, 4),
        (0.5, 8, 8),
        (1.0, 8, 12),
        (0.0, 7, 4),  # 3.5 rounds up
        (0.0, 5, 3),  # 2.5 rounds up, as no rounding to even does
        (0.0624, 8, 4),
        (0.0625, 8, 5),
        (0.0, 3, 2),
        (0.0, 2, 2),
        (1.0, 2, 3),
        (0.0, 1, 2),
        (1.0, 1, 2),
        (9.0, 8, 16),
    ],
)
def test_salience_narrows_or_widens_by_half_the_base(salience: float, base: int, width: int) -> None:
    assert widths(of(salience), base=base) == dict.fromkeys(Level, width)


@given(SALIENCES, st.integers(2, 1000))
def test_widths_stay_in_their_bounds_and_follow_the_salience(saliences: Mapping[Level, float], base: int) -> None:
    wide = widths(replace(of(0.0), layer_salience=saliences), base=base)
    assert all(2 <= width <= 2 * base for width in wide.values())
    by_salience = sorted(Level, key=lambda level: saliences[level])
    assert [wide[level] for level in by_salience] == sorted(wide.values())


def test_shares_are_of_all_levels_and_a_rounding_above_one_is_one() -> None:
    assert checked("sky", {Level.MASK: 0.5, Level.EMPIRICAL: sum([0.1] * 3 + [0.7]) + 1e-12}) == {
        **dict.fromkeys(Level, 0.0),
        Level.MASK: 0.5,
        Level.EMPIRICAL: 1.0,
    }


@pytest.mark.parametrize("share", [math.nan, math.inf, -math.inf, -1e-12, 1.001])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(UsageError, match="L3_HEURISTIC"):
        checked("sky", {Level.HEURISTIC: share})


@pytest.mark.parametrize("query_type", ["\ud800", "a\udfff", "x" * (MAX_TYPE_CHARS + 1)])
def test_a_query_type_that_is_no_text_or_too_long_is_refused(query_type: str) -> None:
    with pytest.raises(UsageError, match="query type"):
        checked(query_type, {})


@pytest.mark.parametrize("user", ["", "ann", "{ann}", "«Ann» 🜁", "x" * 10_000])
def test_a_users_key_holds_a_digest_and_nothing_of_the_text(user: str) -> None:
    digest = hashlib.sha256(user.encode()).hexdigest()
    assert keys.context(user) == f"kb:{{context:{digest[:32]}}}:state"


def test_users_have_keys_of_their_own_even_if_they_are_half_a_character() -> None:
    users = ["", "a", "A", " a", "\ud83c", "\ud83d"]
    assert len({keys.context(user) for user in users}) == len(users)
