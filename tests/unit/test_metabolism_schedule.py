"""Which cycle is due."""

from dataclasses import replace
from typing import Final

import pytest

from kitbash.domain.homeostasis import Balance, Tension
from kitbash.domain.metabolism import CycleKind, State
from kitbash.metabolism.schedule import Moment, Rhythm, due

RHYTHM: Final = Rhythm(background_every=100, idle_after_s=300, sleep_every_s=86_400)
NOW_MS: Final = 1_700_000_000_000
LIVED: Final = State(turn=3, settled=300, background_ms=NOW_MS, idle_ms=NOW_MS, sleep_ms=NOW_MS)
MOMENT: Final = Moment(NOW_MS, 300, is_busy=False, asked_ms=NOW_MS)
TENSE: Final = Balance({"a|b": Tension(0.9, 1, 3)})


def at(state: State = LIVED, **changed: int | bool) -> CycleKind | None:
    return due(state, replace(MOMENT, **changed), RHYTHM)


def test_nothing_is_due_where_nothing_happened() -> None:
    assert due(State(), Moment(NOW_MS, 0, is_busy=False, asked_ms=0), RHYTHM) is None
    assert at() is None


@pytest.mark.parametrize(("settled", "kind"), [(399, None), (400, CycleKind.BACKGROUND), (5000, CycleKind.BACKGROUND)])
def test_a_hundred_settled_queries_are_a_background_cycle(settled: int, kind: CycleKind | None) -> None:
    assert at(settled=settled) is kind


def test_a_day_after_the_last_sleep_is_the_next_and_the_first_needs_something_to_sleep_on() -> None:
    day_ms = 86_400_000
    assert at(now_ms=NOW_MS + day_ms - 1, asked_ms=NOW_MS) is None
    assert at(now_ms=NOW_MS + day_ms) is CycleKind.SLEEP
    assert at(replace(LIVED, sleep_ms=0, idle_ms=NOW_MS)) is CycleKind.SLEEP
    assert at(State(settled=300, idle_ms=NOW_MS)) is None


def test_background_comes_before_sleep() -> None:
    assert at(now_ms=NOW_MS + 10**9, settled=400) is CycleKind.BACKGROUND


@pytest.mark.parametrize(
    ("is_busy", "quiet_ms", "kind"), [(False, 299_999, None), (False, 300_000, CycleKind.IDLE), (True, 10**7, None)]
)
def test_a_pause_is_used_when_nobody_asks(*, is_busy: bool, quiet_ms: int, kind: CycleKind | None) -> None:
    earlier = replace(LIVED, idle_ms=NOW_MS - 1)
    assert at(earlier, now_ms=NOW_MS + quiet_ms, is_busy=is_busy) is kind


def test_each_pause_is_used_once() -> None:
    assert at(replace(LIVED, idle_ms=NOW_MS + 300_000), now_ms=NOW_MS + 10**7) is None


def test_when_dissonant_pauses_and_nights_are_shorter() -> None:
    tense = replace(LIVED, balance=TENSE, idle_ms=NOW_MS - 1)
    assert at(tense, now_ms=NOW_MS + 100_000) is CycleKind.IDLE
    assert at(replace(tense, idle_ms=NOW_MS), now_ms=NOW_MS + 3 * 3_600_000) is CycleKind.SLEEP
