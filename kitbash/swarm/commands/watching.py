"""What happens on the bus, as it happens; and whether the server answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from kitbash.swarm.errors import Invalid
from kitbash.swarm.request import Ask, Bus, Steps

LONGEST_MS: Final = 2000
"""Shorter than a client waits for any reply."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: what, to which record, by whom. `entry_id` begins with milliseconds since 1970."""

    entry_id: str
    kind: str
    id: str
    agent: str


def events(bus: Bus, after: str, most: int, block_ms: int) -> Steps[list[Event]]:
    """Return what happened after an event, waiting up to `block_ms` for the first, 0 for not at all. Raises Invalid."""
    if after != "$" and not after.replace("-", "", 1).isdigit():
        message = f"{after[:40]!a} is no event; give $, 0, or the entry_id of one"
        raise Invalid(message)
    if most < 1 or not 0 <= block_ms <= LONGEST_MS:
        message = f"ask for at least one event, and wait from 0 to {LONGEST_MS} ms"
        raise Invalid(message)
    # To Redis BLOCK 0 is for ever, and even BLOCK 1 takes until it next looks at who waits, a tenth of a second.
    waits = ("BLOCK", block_ms) if block_ms else ()
    reply = yield Ask(("XREAD", "COUNT", most, *waits, "STREAMS", bus.keys.events, after))
    return [Event(str(at), it.get("kind", ""), it.get("id", ""), it.get("agent", "")) for at, it in _entries(reply)]


def newest(bus: Bus) -> Steps[str]:
    """Return the entry_id of what happened last, from which to watch; 0 if nothing has."""
    entries = yield Ask(("XREVRANGE", bus.keys.events, "+", "-", "COUNT", 1))
    return str(entries[0][0]) if entries else "0"


def _entries(reply: Any) -> list[tuple[str, Mapping[str, str]]]:
    """Return the entries of a reply to XREAD, of which redis-py has one shape for RESP2 and another for RESP3."""
    if isinstance(reply, Mapping):
        pages = cast("Mapping[str, Any]", reply).values()
        return [(at, it) for page in pages for rows in page for at, it in rows]
    return [(at, it) for _, rows in reply or () for at, it in rows]


def ping() -> Steps[bool]:
    """Return whether the server answers."""
    return bool((yield Ask(("PING",))))
