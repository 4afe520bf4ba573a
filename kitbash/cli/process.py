"""One process under supervision: started in a group of its own, its lines relayed, its whole group ended."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from kitbash.server.keeper import die_with_parent

GRACE_S: Final = 8.0
DRAIN_S: Final = 1.0
_POLL_S: Final = 0.02

Say = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Service:
    """A name and the words of a command; no shell reads them."""

    name: str
    command: tuple[str, ...]


async def start(service: Service, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    """Return the started process, the leader of its own group. Raises OSError if it cannot be started."""
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


async def relay(process: asyncio.subprocess.Process, name: str, say: Say) -> None:
    """Say every line the process writes, until it closes its output."""
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


async def exited(process: asyncio.subprocess.Process) -> int:
    """Return a process's exit code once it has ended.

    asyncio's own wait() also waits for the end of its output, which a child that left the group may hold open.
    """
    while process.returncode is None:  # noqa: ASYNC110 - no event tells of the exit alone
        await asyncio.sleep(_POLL_S)
    return process.returncode


async def drained(process: asyncio.subprocess.Process, reader: "asyncio.Task[None]") -> None:
    """Return when a relay has said all; not for long, since a child that left the group may hold the output open."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(reader, DRAIN_S)
    # asyncio has no public way to give up an output that somebody else holds open.
    process._transport.close()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage, reportUnknownMemberType, reportAttributeAccessIssue]


async def end(process: asyncio.subprocess.Process, name: str, say: Say) -> None:
    """End a process and its children: asked first, killed when the grace period is over."""
    _signal_group(process, signal.SIGTERM)
    try:
        await asyncio.wait_for(exited(process), GRACE_S)
    except TimeoutError:
        say(name, f"did not stop within {GRACE_S:g} s; killed")
    _signal_group(process, signal.SIGKILL)


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
