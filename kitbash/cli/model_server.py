"""One model server under supervision: started, waited for, watched, started again, and in the end given up loudly."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from kitbash.cli.process import Say, Service, drained, end, exited, relay, start
from kitbash.domain.model_server import ServerState, ServerStatus
from kitbash.errors import KitbashError
from kitbash.models.health import ailment
from kitbash.settings.model_server import ModelServer

MOST_FAILURES: Final = 5
"""A server that fails this often, never well for long between, is given up."""
STEADY_S: Final = 30.0
WATCH_S: Final = 2.0
_WAIT_S: Final = 0.2
_PROBE_S: Final = 5.0
_FIRST_PAUSE_S: Final = 0.5
_SECRETS: Final = ("KITBASH_", "REDIS_", "KOBOLD_", "BITNET_")

Report = Callable[[ServerState], None]


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a server is looked at, and how long it must have run for its failures to be forgotten."""

    watch_s: float = WATCH_S
    steady_s: float = STEADY_S
    first_pause_s: float = _FIRST_PAUSE_S


@dataclass(slots=True)
class Supervised:
    """A configured server with what is known of it; `report` may raise KitbashError, which is said and survived."""

    name: str
    server: ModelServer
    say: Say
    report: Report
    pace: Pace = field(default_factory=Pace)
    _state: ServerState = field(init=False)
    _is_silent: bool = field(init=False, default=False)
    _ticks: tuple[float, float] = field(init=False, default=(0.0, 0.0))
    _well_for_s: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        """Begin with a server of which nothing was seen."""
        self._state = ServerState(self.name, ServerStatus.STOPPED, self.server.address)

    @property
    def label(self) -> str:
        """Return what its lines are marked with: a server may be called as a queue is."""
        return f"{self.name}-server"

    async def keep(self, stopping: asyncio.Event) -> None:
        """Keep the server well until it is time to stop; one that is not started here is only watched."""
        if self.server.is_local:
            await self._run(stopping)
            return
        while not stopping.is_set():
            await self._look()
            await _pause(stopping, self.pace.watch_s)

    async def _run(self, stopping: asyncio.Event) -> None:
        failures = 0
        pause_s = self.pace.first_pause_s
        while not stopping.is_set():
            self._well_for_s = 0.0
            why = await self._live(stopping)
            if stopping.is_set():
                await self._tell(ServerStatus.STOPPED, "")
                return
            # Time to start is no health: one that never gets well fails however long it tries.
            steady = self._well_for_s > self.pace.steady_s
            failures, pause_s = (1, self.pace.first_pause_s) if steady else (failures + 1, pause_s * 2)
            if failures >= MOST_FAILURES:
                self.say(self.label, f"GIVEN UP after {failures} failures, the last: {why}; mend servers.{self.name}")
                await self._tell(ServerStatus.GIVEN_UP, why)
                return
            self.say(self.label, f"{why}; starts again in {pause_s:g} s")
            await self._tell(ServerStatus.UNHEALTHY, why)
            await _pause(stopping, pause_s)
            self._state = replace(self._state, restarts=self._state.restarts + 1)

    async def _live(self, stopping: asyncio.Event) -> str:
        """Return why one life of the server ended."""
        try:
            process = await start(Service(self.name, self.server.command), _environment(os.environ))
        except OSError as error:
            return f"{self.server.command[0]} cannot be started: {error.strerror or error}"
        self._state = replace(self._state, pid=process.pid)
        self.say(self.label, f"started, process {process.pid}")
        reader = asyncio.create_task(relay(process, self.label, self.say))
        ended = asyncio.create_task(exited(process))
        try:
            return await self._watch(process, ended, stopping)
        finally:
            await end(process, self.label, self.say)
            await ended
            await drained(process, reader)
            self._state = replace(self._state, pid=None, load=None)

    async def _watch(
        self, process: asyncio.subprocess.Process, ended: "asyncio.Task[int]", stopping: asyncio.Event
    ) -> str:
        was_well, well_s = False, time.monotonic()
        first_well_s = well_s
        await self._tell(ServerStatus.STARTING, "")
        while not stopping.is_set():
            if ended.done():
                return f"ended with code {ended.result()}"
            self._state = replace(self._state, load=self._measured(process.pid))
            why = await self._look(ServerStatus.UNHEALTHY if was_well else ServerStatus.STARTING)
            if not why:
                if not was_well:
                    self.say(self.label, f"healthy after {time.monotonic() - well_s:.1f} s at {self.server.address}")
                    first_well_s = time.monotonic()
                was_well, well_s = True, time.monotonic()
                self._well_for_s = well_s - first_well_s
            elif time.monotonic() - well_s > self.server.timeout_s:
                return f"not healthy for {self.server.timeout_s:g} s: {why}"
            stop = asyncio.create_task(stopping.wait())
            await asyncio.wait(
                {ended, stop}, timeout=self.pace.watch_s if was_well else _WAIT_S, return_when="FIRST_COMPLETED"
            )
            stop.cancel()
        return ""

    async def _look(self, ill: ServerStatus = ServerStatus.UNHEALTHY) -> str:
        why = await asyncio.to_thread(
            ailment, self.server.address, self.server.health, min(_PROBE_S, self.server.timeout_s)
        )
        await self._tell(ill if why else ServerStatus.HEALTHY, why)
        return why

    async def _tell(self, status: ServerStatus, detail: str) -> None:
        self._state = replace(self._state, status=status, detail=detail)
        try:
            await asyncio.to_thread(self.report, self._state)
        except KitbashError as error:
            if not self._is_silent:
                self.say(self.label, f"what is seen of it cannot be told: {error}")
            self._is_silent = True
        else:
            self._is_silent = False

    def _measured(self, pid: int) -> float | None:
        """Return how many cores the process kept busy since the last look, where the system tells."""
        spent_s = _processor_s(pid)
        if spent_s is None:
            return None
        now_s, (last_s, last_spent_s) = time.monotonic(), self._ticks
        self._ticks = (now_s, spent_s)
        if last_spent_s > spent_s or now_s - last_s < _WAIT_S / 2:
            return self._state.load
        return round((spent_s - last_spent_s) / (now_s - last_s), 3) if last_s else None


def _processor_s(pid: int) -> float | None:
    """Return the processor time that a process took, from Linux' proc(5); elsewhere None."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    # The name, in parentheses, may hold anything.
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without Kitbash's own settings: a model server needs none of its secrets."""
    return {name: value for name, value in ours.items() if not name.startswith(_SECRETS)}


async def _pause(stopping: asyncio.Event, pause_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), pause_s)
