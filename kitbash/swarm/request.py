"""What the bus asks of the world: scripts, commands, seals. Commands are generators of these, without I/O of their own.

So the decisions are written once, and a client that blocks and one that awaits both drive them.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from kitbash.swarm.actions import ANY, Actions
from kitbash.swarm.keys import Keys
from kitbash.swarm.packet import Packet
from kitbash.swarm.scripts import Verb
from kitbash.swarm.sealing import Operation

Value = TypeVar("Value")
Argument = str | int | float


class RunScript(NamedTuple):
    """Run a script, atomically; the reply is the script's."""

    verb: Verb
    keys: Sequence[str]
    args: Sequence[Argument]


class Ask(NamedTuple):
    """Send one command; the reply is as redis-py has it, in text."""

    command: tuple[Argument, ...]


class AskAll(NamedTuple):
    """Send several commands in one go, not atomically; the reply is the list of theirs."""

    commands: Sequence[tuple[Argument, ...]]


class ScanPage(NamedTuple):
    """Look through a page of the keyspace; the reply is the next cursor, 0 at the end, and the keys."""

    cursor: int
    pattern: str
    size: int


class Seal(NamedTuple):
    """Seal a packet that is about to be sent; the reply is the sealed one."""

    packet: Packet
    action: str


class Check(NamedTuple):
    """Check a packet that was read, of a record that only these actions make; the reply is a `Verdict`."""

    packet: Packet
    actions: Actions = ANY


class Permit(NamedTuple):
    """Let an agent do something; the world raises Refused if it may not."""

    agent: str
    operation: Operation


Request = RunScript | Ask | AskAll | ScanPage | Seal | Check | Permit
Steps = Generator[Request, Any, Value]
"""A command: requests out, replies in, a value at the end."""


@dataclass(frozen=True, slots=True)
class Bus:
    """What all commands of one client share. Times are in ms; `is_sealed` is whether packets are sealed and checked."""

    keys: Keys
    is_sealed: bool = False
    lease_ms: int = 300_000
    most_attempts: int = 5
    events_length: int = 5000
    claims_kept: int = 50
