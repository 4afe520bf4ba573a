"""A model server under supervision: real processes that are well, fall ill, die, and are given up."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from kitbash.cli.model_server import MOST_FAILURES, Pace, Supervised
from kitbash.domain.model_server import ServerState, ServerStatus
from kitbash.errors import StoreUnavailable
from kitbash.settings.model_server import ModelServer
from tests.waiting import until

SCRIPT: Final = Path(__file__).with_name("small_server.py")
QUICK: Final = Pace(watch_s=0.05, steady_s=60.0, first_pause_s=0.01)
WITHIN_S: Final = 20.0


def free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@dataclass(slots=True)
class Watched:
    """A supervised server, all that was said and reported of it, and the processes it has had."""

    where: Path
    kind: str
    timeout_s: float = 10.0
    pace: Pace = QUICK
    port: int = field(default_factory=free_port)
    said: list[str] = field(default_factory=list[str])
    reported: list[ServerState] = field(default_factory=list[ServerState])

    @property
    def turned(self) -> Path:
        return self.where / "turned"

    @property
    def pids(self) -> list[int]:
        started = self.where / "started"
        return [int(line) for line in started.read_text().split()] if started.exists() else []

    @property
    def statuses(self) -> list[ServerStatus]:
        return list(dict.fromkeys(it.status for it in self.reported))

    def well_since(self, lives: int) -> int:
        """Return how often the server was seen well in its life of this number."""
        pid = self.pids[lives - 1]
        return sum(it.pid == pid and it.status is ServerStatus.HEALTHY for it in self.reported)

    def supervised(self, **changes: Any) -> Supervised:
        command = (sys.executable, SCRIPT, self.port, self.kind, self.where / "started", self.turned)
        values = {"command": tuple(map(str, command)), "port": self.port, "timeout_s": self.timeout_s, **changes}
        return Supervised(
            "small",
            ModelServer.model_validate(values),
            lambda _, text: self.said.append(text),
            self.reported.append,
            self.pace,
        )


async def _when(condition: Callable[[], object]) -> None:
    await asyncio.to_thread(until, condition, WITHIN_S)


def run(supervised: Supervised, then: Callable[[], Coroutine[None, None, None]]) -> None:
    """Keep a server until `then` has come to its end, and return when it was stopped."""

    async def both() -> None:
        stopping = asyncio.Event()
        keeping = asyncio.create_task(supervised.keep(stopping))
        try:
            await then()
        finally:
            stopping.set()
            await asyncio.wait_for(keeping, WITHIN_S)

    asyncio.run(both())


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{pid}/stat").exists() or ") Z " not in Path(f"/proc/{pid}/stat").read_text()


def test_it_is_started_waited_for_and_stopped(tmp_path: Path) -> None:
    it = Watched(tmp_path, "well")

    async def then() -> None:
        await _when(lambda: ServerStatus.HEALTHY in it.statuses)
        assert it.reported[-1].pid == it.pids[0]
        assert it.reported[-1].address == f"http://127.0.0.1:{it.port}"
        await _when(lambda: it.reported[-1].load is not None)

    run(it.supervised(), then)
    assert it.statuses == [ServerStatus.STARTING, ServerStatus.HEALTHY, ServerStatus.STOPPED]
    assert any(text.startswith("healthy after") for text in it.said)
    assert not alive(it.pids[0])


def test_one_that_is_killed_is_started_again(tmp_path: Path) -> None:
    it = Watched(tmp_path, "well")

    async def then() -> None:
        await _when(lambda: ServerStatus.HEALTHY in it.statuses)
        os.kill(it.pids[0], signal.SIGKILL)
        await _when(lambda: len(it.pids) == 2 and it.reported[-1].status is ServerStatus.HEALTHY)
        assert it.reported[-1].restarts == 1

    run(it.supervised(), then)
    assert any("ended with code -9; starts again in" in text for text in it.said)


def test_one_that_keeps_dying_is_given_up_loudly_after_five_failures(tmp_path: Path) -> None:
    it = Watched(tmp_path, "dies")

    async def then() -> None:
        await _when(lambda: it.reported and it.reported[-1].status is ServerStatus.GIVEN_UP)

    run(it.supervised(), then)
    assert len(it.pids) == MOST_FAILURES
    assert [text for text in it.said if "GIVEN UP after 5 failures, the last: ended with code 3" in text]
    assert it.reported[-1].detail == "ended with code 3"


def test_failures_before_a_time_of_health_are_forgotten(tmp_path: Path) -> None:
    it = Watched(tmp_path, "well", pace=Pace(watch_s=0.02, steady_s=0.01, first_pause_s=0.01))

    async def then() -> None:
        for lives in range(1, MOST_FAILURES + 2):
            # Seen well twice: it was well for a while.
            await _when(lambda lives=lives: len(it.pids) == lives and it.well_since(lives) > 2)
            os.kill(it.pids[-1], signal.SIGKILL)

    run(it.supervised(), then)
    assert ServerStatus.GIVEN_UP not in it.statuses


def test_time_to_start_is_no_health(tmp_path: Path) -> None:
    it = Watched(tmp_path, "ill", timeout_s=0.3, pace=Pace(watch_s=0.05, steady_s=0.1, first_pause_s=0.01))

    async def then() -> None:
        await _when(lambda: it.reported and it.reported[-1].status is ServerStatus.GIVEN_UP)

    run(it.supervised(), then)
    assert len(it.pids) == MOST_FAILURES


def test_a_child_that_left_the_group_and_holds_the_output_keeps_nobody_waiting(tmp_path: Path) -> None:
    it = Watched(tmp_path, "well")
    command = ("sh", "-c", "setsid sleep 30 & exit 1")

    async def then() -> None:
        await _when(lambda: it.reported and it.reported[-1].status is ServerStatus.GIVEN_UP)

    run(it.supervised(command=command), then)
    assert "ended with code 1" in it.reported[-1].detail


@pytest.mark.parametrize("host", ["my..host", "a" * 70])
def test_a_host_that_can_be_none_is_ill_and_ends_nothing(tmp_path: Path, host: str) -> None:
    it = Watched(tmp_path, "well")

    async def then() -> None:
        await _when(lambda: len(it.reported) > 2)

    run(it.supervised(host=host, auto_spawn=False), then)
    assert it.statuses == [ServerStatus.UNHEALTHY]


def test_one_that_cannot_be_started_says_why(tmp_path: Path) -> None:
    it = Watched(tmp_path, "well")

    async def then() -> None:
        await _when(lambda: it.reported and it.reported[-1].status is ServerStatus.GIVEN_UP)

    run(it.supervised(command=(str(tmp_path / "nothing"),)), then)
    assert "cannot be started: No such file or directory" in it.reported[-1].detail


def test_one_that_falls_ill_and_stays_so_is_started_again(tmp_path: Path) -> None:
    it = Watched(tmp_path, "turns", timeout_s=0.5)

    async def then() -> None:
        await _when(lambda: ServerStatus.HEALTHY in it.statuses)
        it.turned.touch()
        await _when(lambda: len(it.pids) == 2)
        it.turned.unlink()
        await _when(lambda: it.reported[-1].status is ServerStatus.HEALTHY)

    run(it.supervised(), then)
    assert any("not healthy for 0.5 s: /health answers 503" in text for text in it.said)


def test_one_that_never_gets_well_is_given_up(tmp_path: Path) -> None:
    it = Watched(tmp_path, "ill", timeout_s=0.4)

    async def then() -> None:
        await _when(lambda: it.reported and it.reported[-1].status is ServerStatus.GIVEN_UP)

    run(it.supervised(), then)
    assert ServerStatus.HEALTHY not in it.statuses
    assert not any(map(alive, it.pids))


def test_its_children_end_with_it(tmp_path: Path) -> None:
    it = Watched(tmp_path, "parent")

    async def then() -> None:
        await _when(lambda: ServerStatus.HEALTHY in it.statuses and len(it.pids) == 2)

    run(it.supervised(), then)
    assert not any(map(alive, it.pids))


def test_one_of_another_machine_is_only_watched(tmp_path: Path) -> None:
    it = Watched(tmp_path, "well")

    async def then() -> None:
        await _when(lambda: it.reported)
        assert it.reported[-1].status is ServerStatus.UNHEALTHY
        process = await asyncio.create_subprocess_exec(*it.supervised().server.command)
        try:
            await _when(lambda: it.reported[-1].status is ServerStatus.HEALTHY)
        finally:
            process.kill()
            await process.wait()
        await _when(lambda: it.reported[-1].status is ServerStatus.UNHEALTHY)

    run(it.supervised(auto_spawn=False), then)
    assert all(state.pid is None for state in it.reported)
    assert len(it.pids) == 1


def test_it_is_not_told_the_secrets_of_kitbash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITBASH_KOBOLD__API_KEY_SECRET", "hidden")
    monkeypatch.setenv("OTHER_SECRET", "its own")
    it = Watched(tmp_path, "well")

    async def then() -> None:
        await _when(lambda: any(text.startswith("sees") for text in it.said))

    run(it.supervised(), then)
    assert "sees ['OTHER_SECRET']" in it.said


def test_a_blackboard_that_is_away_is_said_once_and_survived(tmp_path: Path) -> None:
    it = Watched(tmp_path, "well")
    supervised = it.supervised()
    looked: list[ServerState] = []

    def report(state: ServerState) -> None:
        looked.append(state)
        message = "the blackboard does not answer"
        raise StoreUnavailable(message)

    supervised.report = report

    async def then() -> None:
        await _when(lambda: len([state for state in looked if state.status is ServerStatus.HEALTHY]) > 3)

    run(supervised, then)
    assert len([text for text in it.said if "cannot be told" in text]) == 1
