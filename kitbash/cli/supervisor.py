"""Several processes under one: their lines merged, each started again when it dies, all stopped together.

A process that keeps dying waits longer each time, up to half a minute. None outlives the supervisor: they are in
process groups of their own that are ended at the end, and on Linux the kernel ends them when the supervisor is killed.
"""

import asyncio
import contextlib
import shlex
import signal
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Final

from kitbash.cli.process import Say, Service, drained, end, exited, relay, start
from kitbash.errors import ConfigError

STEADY_S: Final = 10.0
LONGEST_PAUSE_S: Final = 30.0

Keeper = Callable[[asyncio.Event], Coroutine[None, None, None]]
"""Keeps something else running until the event says that it is time to stop."""


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


async def supervise(
    services: Sequence[Service], environment: Mapping[str, str], say: Say, others: Sequence[Keeper] = ()
) -> None:
    """Run services, and whatever `others` keep, until SIGINT or SIGTERM; then stop all within the grace period."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopping.set)
    keepers = [asyncio.create_task(_keep(service, environment, say, stopping)) for service in services]
    keepers += [asyncio.create_task(keep(stopping)) for keep in others]
    await stopping.wait()
    say("supervisor", "stopping")
    for it in await asyncio.gather(*keepers, return_exceptions=True):
        if isinstance(it, BaseException):
            say("supervisor", f"one keeper failed: {it!r}")


async def _keep(service: Service, environment: Mapping[str, str], say: Say, stopping: asyncio.Event) -> None:
    """Keep one service running until it is time to stop."""
    pause_s = 0.5
    while not stopping.is_set():
        started_s = time.monotonic()
        try:
            process = await start(service, environment)
        except OSError as error:
            say(service.name, f"cannot be started: {error}")
            return
        say(service.name, f"started, process {process.pid}")
        reader = asyncio.create_task(relay(process, service.name, say))
        ended = asyncio.create_task(exited(process))
        stop = asyncio.create_task(stopping.wait())
        await asyncio.wait({ended, stop}, return_when=asyncio.FIRST_COMPLETED)
        # Also of one that died by itself: what it left of its group would stand in the way of the next.
        await end(process, service.name, say)
        stop.cancel()
        code = await ended
        await drained(process, reader)
        say(service.name, f"ended with code {code}")
        if stopping.is_set():
            return
        pause_s = 0.5 if time.monotonic() - started_s > STEADY_S else min(LONGEST_PAUSE_S, pause_s * 2)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause_s)
