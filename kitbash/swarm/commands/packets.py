"""The packets of any record, by the record's name: what was done with it, when, and through whose hands."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from kitbash.swarm import finding as findings
from kitbash.swarm import task as tasks
from kitbash.swarm.commands.trusting import read_packet
from kitbash.swarm.errors import Invalid
from kitbash.swarm.keys import Keys
from kitbash.swarm.packet import Packet
from kitbash.swarm.request import Ask, Bus, Permit, Steps
from kitbash.swarm.sealing import Operation
from kitbash.swarm.stored import Fields, read

_LATER: Final = "packet:"
"""Begins the fields of a task that hold the packets of its claims: `packet:<fencing token>:claimed` and `:left`."""


def packets(bus: Bus, record: str, agent: str) -> Steps[list[Packet]]:
    """Return the packets of a record, named as its key is without the prefix (`finding:{id}`, `task:{id}`, ...).

    They are as they are stored, unchecked, the oldest first. Raises Invalid for what is no record of the bus.
    """
    yield Permit(agent, Operation.GET_PACKET)
    kind, _, rest = record.partition(":")
    at = _record_key(bus.keys, kind, rest)
    if kind == "finding":
        return _of_hash(at, (yield Ask(("HGETALL", at))), _contents_of_finding)
    if kind == "task":
        return _of_hash(at, (yield Ask(("HGETALL", at))), _contents_of_task)
    if kind in {"conflict", "proposal"}:
        return [read_packet(text) for text in (yield Ask(("LRANGE", bus.keys.packet(at), 0, -1)))]
    text = yield Ask(("GET", bus.keys.packet(at)))
    return [read_packet(text)] if text else []


def _of_hash(at: str, fields: Fields, contents_in: Callable[[str, Fields], dict[str, Any]]) -> list[Packet]:
    """Return the packet whose contents are the fields of a hash, and those that stand in fields of their own."""
    if not fields:
        return []
    later = sorted((name for name in fields if name.startswith(_LATER)), key=_turn)
    posted = read_packet(fields.get("packet", "{}"), contents_in(at, fields))
    return [posted, *(read_packet(fields[name]) for name in later)]


def _turn(name: str) -> tuple[int, str]:
    _, fence, what = name.split(":")
    return int(fence), what


def _contents_of_finding(at: str, fields: Fields) -> dict[str, Any]:
    return findings.contents_of(read(at, fields, findings.of_fields))


def _contents_of_task(at: str, fields: Fields) -> dict[str, Any]:
    return tasks.contents_of(read(at, fields, tasks.of_fields))


def _record_key(keys: Keys, kind: str, rest: str) -> str:
    """Return the key of a record. Raises Invalid for what is none."""
    known: Mapping[str, Callable[..., str]] = {
        "finding": keys.finding,
        "task": keys.task,
        "conflict": keys.conflict,
        "proposal": keys.proposal,
        "context": keys.context,
        "session:infrafabric": keys.session,
        "swarm:registry": keys.registry,
        "swarm:remediation": keys.remediation,
    }
    parts = rest.split(":")
    if kind in {"session", "swarm"}:
        kind, parts = f"{kind}:{parts[0]}", parts[1:]
    makes = known.get(kind)
    wanted = 2 if kind in {"context", "session:infrafabric", "swarm:remediation"} else 1
    if makes is None or len(parts) != wanted:
        message = (
            "a packet belongs to task:ID, finding:ID, conflict:ID, proposal:ID, context:SCOPE:NAME, or a session or "
            "swarm key"
        )
        raise Invalid(message)
    return makes(*parts)
