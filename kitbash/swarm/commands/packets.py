"""The packets of any record, by the record's name: what was done with it, when, and through whose hands."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from kitbash.swarm import conflict as conflict_values
from kitbash.swarm import context as contexts
from kitbash.swarm import finding as findings
from kitbash.swarm import proposal as proposal_values
from kitbash.swarm import task as tasks
from kitbash.swarm.commands import conflicts, proposals
from kitbash.swarm.commands.trusting import read_packet, refuse_moved
from kitbash.swarm.errors import Invalid, Refused
from kitbash.swarm.keys import Keys
from kitbash.swarm.packet import Packet
from kitbash.swarm.request import Ask, Bus, Permit, Steps
from kitbash.swarm.sealing import Operation
from kitbash.swarm.stored import Fields, mapping, read

Said = tuple[str, list[dict[str, Any]]]
"""The key that a record belongs in, and what each of its packets carries."""

_LATER: Final = "packet:"
"""Begins the fields of a task that hold the packets of its claims: `packet:<fencing token>:claimed` and `:left`."""


def packets(bus: Bus, record: str, agent: str) -> Steps[list[Packet]]:
    """Return the packets of a record, named as its key is without the prefix (`finding:{id}`, `task:{id}`, ...).

    They carry what the record says now, so that their signatures tell whether it was changed; they are not checked
    otherwise. The oldest comes first. Raises Invalid for what is no record of the bus, Refused for a record that was
    copied or does not have as many packets as it should.
    """
    yield Permit(agent, Operation.GET_PACKET)
    kind, _, rest = record.partition(":")
    at = _record_key(bus.keys, kind, rest)
    of_hash = _IN_HASHES.get(kind)
    stored = yield Ask(("GET" if of_hash is None else "HGETALL", at))
    if not stored:
        return []
    own_key, said = (_said_in_text if of_hash is None else of_hash)(bus.keys, at, stored)
    refuse_moved(at, own_key)
    if kind == "finding":
        return [read_packet(stored.get("packet", "{}"), said[0])]
    if kind == "task":
        later = sorted((name for name in stored if name.startswith(_LATER)), key=_turn)
        posted = read_packet(stored.get("packet", "{}"), said[0])
        return [posted, *(_of_claim(read_packet(stored[name]), at, bus.keys) for name in later)]
    if kind in {"conflict", "proposal"}:
        texts: list[str] = yield Ask(("LRANGE", bus.keys.packet(at), 0, -1))
    else:
        text = yield Ask(("GET", bus.keys.packet(at)))
        texts = [text] if text else []
    if len(texts) != len(said):
        message = f"{at} has {len(texts)} packets, not {len(said)}: somebody wrote to it past the bus"
        raise Refused(message)
    return [read_packet(text, contents) for text, contents in zip(texts, said, strict=True)]


def _of_claim(packet: Packet, at: str, keys: Keys) -> Packet:
    refuse_moved(at, keys.task(str(packet.contents.get("task_id", ""))))
    return packet


def _turn(name: str) -> tuple[int, str]:
    _, fence, what = name.split(":")
    return int(fence), what


def _said_in_finding(keys: Keys, at: str, fields: Fields) -> Said:
    finding = read(at, fields, findings.of_fields)
    return keys.finding(finding.id), [findings.contents_of(finding)]


def _said_in_task(keys: Keys, at: str, fields: Fields) -> Said:
    task = read(at, fields, tasks.of_fields)
    return keys.task(task.id), [tasks.contents_of(task)]


def _said_in_conflict(keys: Keys, at: str, fields: Fields) -> Said:
    conflict = read(at, fields, conflict_values.of_fields)
    return keys.conflict(conflict.id), conflicts.packed(conflict)


def _said_in_proposal(keys: Keys, at: str, fields: Fields) -> Said:
    proposal = read(at, fields, proposal_values.of_fields)
    return keys.proposal(proposal.id), proposals.packed(proposal)


def _said_in_context(keys: Keys, at: str, fields: Fields) -> Said:
    context = read(at, fields, contexts.of_fields)
    return keys.context(context.scope, context.name), [contexts.contents_of(context)]


def _said_in_text(keys: Keys, at: str, text: str) -> Said:
    """Return what a session summary, a roster or a scan says, kept as one JSON text."""
    name, value = at.removeprefix(keys.prefix), read(at, text, mapping)
    if name.startswith("session:"):
        own_key = keys.session(str(value.get("date")), str(value.get("label")))
    elif name.startswith("swarm:registry:"):
        own_key = keys.registry(str(value.get("id")))
    else:
        own_key = keys.remediation(str(value.get("date")), str(value.get("scan_type")))
    return own_key, [value]


_IN_HASHES: Final[Mapping[str, Callable[[Keys, str, Fields], Said]]] = {
    "finding": _said_in_finding,
    "task": _said_in_task,
    "conflict": _said_in_conflict,
    "proposal": _said_in_proposal,
    "context": _said_in_context,
}


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
