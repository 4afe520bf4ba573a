"""The thread that archives beside the asking: when the caller pauses, and not after it was stopped."""

import threading
import time

from kitbash.cascade.background import QUIET_S, Background
from tests.waiting import until


def test_a_round_begins_once_the_caller_pauses() -> None:
    rounds: list[float] = []
    background = Background(lambda: rounds.append(time.monotonic()))
    nudged_s = 0.0
    for _ in range(20):
        background.nudge()
        nudged_s = time.monotonic()
    until(lambda: rounds)
    background.stop()
    assert len(rounds) == 1
    assert rounds[0] >= nudged_s + QUIET_S * 0.9


def test_nothing_runs_before_the_first_nudge_nor_after_the_stop() -> None:
    rounds: list[int] = []
    background = Background(lambda: rounds.append(1))
    assert not background.was_nudged
    background.nudge()
    assert background.was_nudged
    background.stop()
    assert not rounds
    assert "kitbash-archive" not in {thread.name for thread in threading.enumerate()}


def test_a_stop_waits_for_the_round_it_is_at() -> None:
    begun, ended = threading.Event(), threading.Event()
    goes_on = threading.Event()

    def round_() -> None:
        begun.set()
        goes_on.wait(10)
        ended.set()

    background = Background(round_)
    background.nudge()
    assert begun.wait(10)
    threading.Timer(0.05, goes_on.set).start()
    background.stop()
    assert ended.is_set()
