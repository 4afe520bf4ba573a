"""What happens on the bus, as it happens; and whether the server answers."""

from dataclasses import dataclass

from kitbash.swarm import check
from kitbash.swarm.errors import Invalid
from kitbash.swarm.request import Ask, Bus, Steps


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: what, to which record, by whom. `entry_id` begins with milliseconds since 1970."""

    entry_id: str
    kind: str
    id: str
    agent: str


def events(bus: Bus, after: str, most: int, block_ms: int) -> Steps[list[Event]]:
    """Return what happened after an event, waiting up to `block_ms` for the first. Raises Invalid for no such id."""
    if after != "$" and not after.replace("-", "", 1).isdigit():
        message = f"{after[:40]!a} is no event; give $, 0, or the entry_id of one"
        raise Invalid(message)
    if not 1 <= most <= check.MAX_TTL_S or not 0 < block_ms <= 60_000:  # noqa: PLR2004 - a minute, in milliseconds
        message = "ask for at least one event, and wait from 1 ms to a minute"
        raise Invalid(message)
    reply = yield Ask(("XREAD", "COUNT", most, "BLOCK", block_ms, "STREAMS", bus.keys.events, after))
    found: list[Event] = []
    for _, entries in reply.items() if isinstance(reply, dict) else reply or ():
        for entry in entries:
            # With RESP3 redis-py wraps the entries of a stream in one more list.
            rows = entry if entry and isinstance(entry[0], list | tuple) else [entry]
            found.extend(Event(at, it.get("kind", ""), it.get("id", ""), it.get("agent", "")) for at, it in rows)
    return found


def ping() -> Steps[bool]:
    """Return whether the server answers."""
    return bool((yield Ask(("PING",))))
