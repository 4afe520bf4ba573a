"""The circuit breaker by a clock that only the test turns."""

import math
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Final

import pytest

from kitbash.errors import ConfigError
from kitbash.models.breaker import Breaker, State

COOLING_S: Final = 30.0


class Clock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock()


@pytest.fixture
def opened(clock: Clock) -> Breaker:
    """Return a breaker that three failures have just opened."""
    breaker = Breaker(3, COOLING_S, clock)
    assert [breaker.failed() for _ in range(3)] == [False, False, True]
    return breaker


def test_it_begins_closed() -> None:
    breaker = Breaker(1, COOLING_S)
    assert breaker.state is State.CLOSED
    assert [breaker.allows() for _ in range(3)] == [True] * 3


def test_it_opens_after_so_many_failures_and_not_before() -> None:
    breaker = Breaker(3, COOLING_S)
    told = [(breaker.failed(), breaker.state, breaker.allows()) for _ in range(3)]
    assert told == [(False, State.CLOSED, True)] * 2 + [(True, State.OPEN, False)]


def test_a_success_between_failures_begins_the_count_anew() -> None:
    breaker = Breaker(2, COOLING_S)
    for _ in range(5):
        breaker.failed()
        breaker.succeeded()
    assert breaker.state is State.CLOSED
    assert [breaker.failed(), breaker.failed()] == [False, True]


def test_it_stays_open_until_it_has_cooled(clock: Clock, opened: Breaker) -> None:
    clock.now_s += COOLING_S - 0.001
    assert not opened.allows()
    assert opened.state is State.OPEN


def test_one_probe_is_let_through_when_it_has_cooled(clock: Clock, opened: Breaker) -> None:
    clock.now_s += COOLING_S
    assert [opened.allows() for _ in range(3)] == [True, False, False]
    assert opened.state is State.HALF_OPEN


def test_a_probe_that_succeeds_closes_it(clock: Clock, opened: Breaker) -> None:
    clock.now_s += COOLING_S
    opened.allows()
    opened.succeeded()
    assert opened.state is State.CLOSED
    assert [opened.allows() for _ in range(3)] == [True] * 3
    assert [opened.failed() for _ in range(3)] == [False, False, True]


def test_a_probe_that_fails_opens_it_for_the_whole_time_again_and_is_no_news(clock: Clock, opened: Breaker) -> None:
    clock.now_s += COOLING_S
    opened.allows()
    clock.now_s += 5
    assert not opened.failed()
    assert opened.state is State.OPEN
    clock.now_s += COOLING_S - 0.001
    assert not opened.allows()
    clock.now_s += 0.001
    assert opened.allows()


def test_a_probe_nobody_tells_the_end_of_does_not_keep_it_half_open_for_ever(clock: Clock, opened: Breaker) -> None:
    clock.now_s += COOLING_S
    assert opened.allows()
    clock.now_s += COOLING_S - 0.001
    assert not opened.allows()
    clock.now_s += 0.001
    assert [opened.allows(), opened.allows()] == [True, False]


def test_late_failures_do_not_keep_it_open_longer(clock: Clock, opened: Breaker) -> None:
    clock.now_s += COOLING_S / 2
    assert not opened.failed()
    clock.now_s += COOLING_S / 2
    assert opened.allows()


def test_a_late_success_closes_it(opened: Breaker) -> None:
    opened.succeeded()
    assert opened.allows()


def test_of_many_threads_one_gets_the_probe_and_one_the_news() -> None:
    clock = Clock()
    breaker = Breaker(16, COOLING_S, clock)
    barrier = Barrier(16, timeout=20)

    def fail() -> bool:
        barrier.wait()
        return breaker.failed()

    def probe() -> bool:
        barrier.wait()
        return breaker.allows()

    with ThreadPoolExecutor(16) as pool:
        assert sum(future.result(20) for future in [pool.submit(fail) for _ in range(16)]) == 1
        clock.now_s += COOLING_S
        assert sum(future.result(20) for future in [pool.submit(probe) for _ in range(16)]) == 1


@pytest.mark.parametrize(
    ("failures", "cooling_s"), [(0, 1.0), (-1, 1.0), (1, 0.0), (1, -1.0), (1, math.nan), (1, math.inf)]
)
def test_a_breaker_that_could_not_open_or_cool_is_refused(failures: int, cooling_s: float) -> None:
    with pytest.raises(ConfigError, match="breaker"):
        Breaker(failures, cooling_s)
