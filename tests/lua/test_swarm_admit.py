"""Admission on the server against a plain model; clocks that are off; and how much it remembers."""

from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kitbash.swarm.errors import Occupied
from kitbash.swarm.sealing import Standing
from kitbash.swarm.trust.replay import Admission, AdmitCode
from tests.boards import at_once
from tests.trusted import Swarm, packet, swarm_on, utc

WINDOW_MS: Final = 300_000
MOST: Final = 4
MARGIN_MS: Final = 30_000
"""Further from an edge than any test takes."""


@pytest.fixture(params=["plain", "cluster"])
def swarm(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Swarm]:
    """Return a swarm on each kind of server."""
    with swarm_on(request.getfixturevalue(f"{request.param}_server"), tmp_path / "keys") as swarm:
        yield swarm


def ask(swarm: Swarm, nonce: str, dispatched_ms: int, most: int = MOST) -> AdmitCode:
    admission = Admission(swarm.client, swarm.server.url, swarm.keys, window_ms=WINDOW_MS, most=most)
    reply: Any = admission._asked(nonce, dispatched_ms)  # pyright: ignore[reportPrivateUsage] - the script is under test
    return AdmitCode(int(reply[0]))


class Model:
    """What may pass: once, within the window, and not from a time of which something was forgotten."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}
        self.floor_ms = 0

    def ask(self, nonce: str, dispatched_ms: int, now_ms: int) -> AdmitCode:
        if nonce in self.seen:
            return AdmitCode.REPLAYED
        if dispatched_ms > now_ms + WINDOW_MS:
            return AdmitCode.AHEAD
        if dispatched_ms < now_ms - WINDOW_MS or dispatched_ms <= self.floor_ms:
            return AdmitCode.TOO_OLD
        self.seen[nonce] = dispatched_ms
        while len(self.seen) > MOST:
            oldest = min(self.seen, key=lambda it: (self.seen[it], it))
            self.floor_ms = self.seen.pop(oldest)
        return AdmitCode.ADMITTED


OFFSETS_MS: Final = st.one_of(
    st.integers(-WINDOW_MS + MARGIN_MS, WINDOW_MS - MARGIN_MS),
    st.sampled_from([-WINDOW_MS - MARGIN_MS, WINDOW_MS + MARGIN_MS, -3_600_000, 3_600_000]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(st.tuples(st.sampled_from("abcdefgh"), OFFSETS_MS), max_size=20))
def test_the_script_does_what_the_model_says(swarm: Swarm, calls: list[tuple[str, int]]) -> None:
    swarm.node.delete(swarm.keys.seen, swarm.keys.floor)
    model, now_ms = Model(), swarm.now_ms()
    for nonce, offset_ms in calls:
        assert ask(swarm, nonce, now_ms + offset_ms) is model.ask(nonce, now_ms + offset_ms, now_ms)
    assert swarm.node.zcard(swarm.keys.seen) == len(model.seen)


def test_of_many_at_once_one_passes(swarm: Swarm) -> None:
    sent = packet("ann")
    standings = at_once([lambda: swarm.admission.admit(sent)[0] for _ in range(8)])
    assert sorted(standings) == [Standing.REPLAYED] * 7 + [Standing.VALID]


@pytest.mark.parametrize("off", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_an_hour_off_is_told_by_how_much(swarm: Swarm, off: timedelta) -> None:
    standing, reason = swarm.admission.admit(packet("ann", at=utc(swarm.now_ms()) + off))
    assert standing is Standing.OUTSIDE_WINDOW
    assert "3600 s" in reason or "3599 s" in reason
    assert "clock of 'ann'" in reason
    assert ("after" in reason) == (off > timedelta(0))


def test_what_is_remembered_goes_when_nothing_of_its_time_could_pass(swarm: Swarm) -> None:
    swarm.admission.admit(packet("ann"))
    assert 2 * WINDOW_MS < swarm.node.pttl(swarm.keys.seen) <= 3 * WINDOW_MS
    # A nonce of long ago, as it would stand there after the window has passed.
    swarm.node.zadd(swarm.keys.seen, {"old": swarm.now_ms() - 2 * WINDOW_MS - MARGIN_MS})
    swarm.admission.admit(packet("ann"))
    assert swarm.node.zscore(swarm.keys.seen, "old") is None
    assert swarm.node.zcard(swarm.keys.seen) == 2


def test_a_flood_closes_the_time_before_it_and_takes_bounded_memory(swarm: Swarm) -> None:
    start_ms = swarm.now_ms() - WINDOW_MS + MARGIN_MS
    for number in range(3 * MOST):
        assert ask(swarm, f"n{number}", start_ms + number) is AdmitCode.ADMITTED
    assert swarm.node.zcard(swarm.keys.seen) == MOST
    assert [ask(swarm, f"n{number}", start_ms + number) for number in range(3 * MOST)] == (
        [AdmitCode.TOO_OLD] * (2 * MOST) + [AdmitCode.REPLAYED] * MOST
    )


@pytest.mark.parametrize("ahead_ms", [2 * WINDOW_MS, 10**12])
def test_a_floor_that_somebody_set_ahead_closes_the_past_and_not_the_future(swarm: Swarm, ahead_ms: int) -> None:
    before = packet("ann", at=utc(swarm.now_ms() - 1000))
    swarm.node.set(swarm.keys.floor, swarm.now_ms() + ahead_ms)
    assert swarm.admission.admit(before)[0] is Standing.OUTSIDE_WINDOW
    assert 0 < swarm.node.pttl(swarm.keys.floor) <= 2 * WINDOW_MS
    assert swarm.admission.admit(packet("ann", at=utc(swarm.now_ms() + 1000)))[0] is Standing.VALID


def test_a_nonce_is_its_origins(swarm: Swarm) -> None:
    sent = packet("ann")
    assert swarm.admission.admit(sent)[0] is Standing.VALID
    assert swarm.admission.admit(packet("bob"))[0] is Standing.VALID


@pytest.mark.parametrize("key", ["seen", "floor"])
def test_a_key_of_another_type_is_left_alone(swarm: Swarm, key: str) -> None:
    at = getattr(swarm.keys, key)
    swarm.node.rpush(at, "something")
    with pytest.raises(Occupied, match="delete it"):
        swarm.admission.admit(packet("ann"))
    assert swarm.node.lrange(at, 0, -1) == ["something"]


def test_the_server_may_forget_its_scripts(swarm: Swarm) -> None:
    swarm.admission.admit(packet("ann"))
    swarm.node.script_flush()
    assert swarm.admission.admit(packet("ann"))[0] is Standing.VALID
