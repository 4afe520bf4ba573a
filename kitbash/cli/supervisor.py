"""Several processes under one: their lines merged, each started again when it dies, all stopped together.

A process that keeps dying waits longer each time, up to half a minute. None outlives the supervisor: they are in
process groups of their own that are ended at the end, and on Linux the kernel ends them when the supervisor is killed.
"""

import asyncio
import contextlib
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from kitbash.errors import ConfigError
from kitbash.server.keeper import die_with_parent

GRACE_S: Final = 8.0
STEADY_S: Final = 10.0
LONGEST_PAUSE_S: Final = 30.0

Say = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Service:
    """One line of the Procfile."""

    name: str
    command: tuple[str, ...]


def parse_procfile(path: Path) -> list[Service]:
    """Return the services of a Procfile. Raises ConfigError naming the line that is not `name: command`."""
    services: list[Service] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, command = line.partition(":")
        words = shlex.split(command)
        if not colon or not name.strip() or not words:
            message = f"{path}, line {number}: expected `name: command`"
            raise ConfigError(message)
        services.append(Service(name.strip(), tuple(words)))
    return services


async def supervise(services: Sequence[Service], environment: Mapping[str, str], say: Say) -> None:
    """Run services until SIGINT or SIGTERM, then stop them all within the grace period."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopping.set)
    keepers = [asyncio.create_task(_keep(service, environment, say, stopping)) for service in services]
    await stopping.wait()
    say("supervisor", "stopping")
    await asyncio.gather(*keepers)


async def _keep(service: Service, environment: Mapping[str, str], say: Say, stopping: asyncio.Event) -> None:
    """Keep one service running until it is time to stop."""
    pause_s = 0.5
    while not stopping.is_set():
        started_s = time.monotonic()
        try:
            process = await _start(service, environment)
        except OSError as error:
            say(service.name, f"cannot be started: {error}")
            return
        say(service.name, f"started, process {process.pid}")
        reader = asyncio.create_task(_relay(process, service.name, say))
        ended = asyncio.create_task(process.wait())
        stop = asyncio.create_task(stopping.wait())
        await asyncio.wait({ended, stop}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.is_set():
            await _end(process, service.name, say)
        stop.cancel()
        code = await ended
        await reader
        say(service.name, f"ended with code {code}")
        if stopping.is_set():
            return
        pause_s = 0.5 if time.monotonic() - started_s > STEADY_S else min(LONGEST_PAUSE_S, pause_s * 2)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause_s)


async def _start(service: Service, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    program, *arguments = service.command
    # The environment this runs in comes first: `celery` is the one that belongs to this Python.
    beside = Path(sys.executable).parent / program
    return await asyncio.create_subprocess_exec(
        str(beside) if beside.exists() else program,
        *arguments,
        env=dict(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        # Killed, not asked: nobody is left who could insist, and what they were doing is sent again.
        preexec_fn=partial(die_with_parent, signal.SIGKILL),
        limit=1_000_000,
    )


async def _relay(process: asyncio.subprocess.Process, name: str, say: Say) -> None:
    output = process.stdout
    if output is None:
        return
    while True:
        try:
            line = await output.readline()
        except ValueError:
            say(name, "(a line too long to show)")
            continue
        if not line:
            return
        text = line.decode(errors="replace").rstrip()
        if text:
            say(name, text)


async def _end(process: asyncio.subprocess.Process, name: str, say: Say) -> None:
    """End a process and its children: asked first, killed when the grace period is over."""
    _signal_group(process, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), GRACE_S)
    except TimeoutError:
        say(name, f"did not stop within {GRACE_S:g} s; killed")
    _signal_group(process, signal.SIGKILL)


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
