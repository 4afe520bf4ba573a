"""Conflicts: found among findings, queued for people once, resolved with a decision that stays."""

from collections.abc import Sequence
from typing import Any, Final

from kitbash.observe import logs
from kitbash.swarm import actions, agreement, check
from kitbash.swarm import conflict as conflicts
from kitbash.swarm.agreement import Agreement
from kitbash.swarm.commands import findings
from kitbash.swarm.commands.trusting import read_packet, readable, refuse_moved, trusted
from kitbash.swarm.commands.writing import stamped, write
from kitbash.swarm.conflict import Clash, Conflict, Resolution
from kitbash.swarm.errors import Invalid, Refused
from kitbash.swarm.finding import Finding
from kitbash.swarm.request import Ask, AskAll, Bus, Permit, Steps
from kitbash.swarm.scripts import Verb, WriteCode
from kitbash.swarm.sealing import Operation
from kitbash.swarm.speech import SpeechAct
from kitbash.swarm.stored import Fields, flat, read

_log: Final = logs.logger(__name__)


def detect(bus: Bus, task_id: str, threshold: float, agent: str) -> Steps[list[Clash]]:
    """Return the conflicts among a task's findings, the gravest first, having queued those that are new."""
    yield Permit(agent, Operation.DETECT_FINDING_CONFLICTS)
    check.name_in_key(task_id, "task id")
    return (yield from _queue(bus, (yield from findings.listed(bus, bus.keys.findings_of(task_id))), threshold, agent))


def detect_on_topic(bus: Bus, topic: str, threshold: float, agent: str) -> Steps[list[Clash]]:
    """Return the conflicts among the findings on a topic over all tasks, having queued those that are new."""
    yield Permit(agent, Operation.DETECT_FINDING_CONFLICTS)
    return (yield from _queue(bus, (yield from findings.on_topic(bus, topic, agent)), threshold, agent))


def agreed(bus: Bus, task_id: str, agent: str) -> Steps[list[Agreement]]:
    """Return where a task's findings agree, the surest first."""
    return agreement.agreements((yield from findings.of_task(bus, task_id, agent)))


def _queue(bus: Bus, found: Sequence[Finding], threshold: float, agent: str) -> Steps[list[Clash]]:
    clashes = conflicts.clashes(found, threshold)
    # Those that are queued already are most of them, and cost no packet.
    known = yield AskAll([("EXISTS", bus.keys.conflict(clash.id)) for clash in clashes])
    fresh = [clash for clash, is_known in zip(clashes, known, strict=True) if not is_known]
    room = max(0, conflicts.MOST_OPEN - (yield Ask(("ZCARD", bus.keys.conflicts)))) if fresh else 0
    if len(fresh) > room:
        _log.warning("swarm.not_queued", conflicts=len(fresh) - room, waiting=conflicts.MOST_OPEN)
    for clash in fresh[:room]:
        new = conflicts.queued(clash)
        contents = conflicts.contents_of(new)
        action = Operation.DETECT_FINDING_CONFLICTS.value
        stamp = yield from stamped(bus, agent, action, lambda it=contents: it, SpeechAct.REQUEST)
        at = bus.keys.conflict(new.id)
        yield from write(
            Verb.OPEN_MATTER,
            (at, bus.keys.conflicts, bus.keys.packet(at), bus.keys.events),
            (
                new.id,
                new.score,
                conflicts.TTL_S,
                stamp.around(contents),
                "conflict_found",
                agent,
                bus.events_length,
                *flat(conflicts.fields_of(new)),
            ),
        )
    return clashes


def waiting(bus: Bus, agent: str, most: int) -> Steps[list[Conflict]]:
    """Return the conflicts nobody has settled, the gravest first, but for those that are not trusted."""
    yield Permit(agent, Operation.GET_CONFLICTS)
    ids = yield Ask(("ZRANGE", bus.keys.conflicts, 0, most - 1))
    keys = [bus.keys.conflict(conflict_id) for conflict_id in ids if check.is_name(conflict_id)]
    replies = yield AskAll([("HGETALL", key) for key in keys])
    there = [(key, fields) for key, fields in zip(keys, replies, strict=True) if fields]
    return (yield from readable(_trusted(bus, key, fields) for key, fields in there))


def get(bus: Bus, conflict_id: str, agent: str) -> Steps[Conflict | None]:
    """Return a conflict as it stands, or None. Raises Refused if its packets are not trusted."""
    yield Permit(agent, Operation.GET_CONFLICTS)
    at = bus.keys.conflict(conflict_id)
    fields = yield Ask(("HGETALL", at))
    return (yield from _trusted(bus, at, fields)) if fields else None


def _trusted(bus: Bus, key: str, fields: Fields) -> Steps[Conflict]:
    conflict = read(key, fields, conflicts.of_fields)
    refuse_moved(key, bus.keys.conflict(conflict.id))
    if not bus.is_sealed:
        return conflict
    texts: list[str] = yield Ask(("LRANGE", bus.keys.packet(key), 0, -1))
    said = packed(conflict)
    if len(texts) != len(said):
        message = f"conflict {conflict.id} is not handed out: it has {len(texts)} packets, not {len(said)}"
        raise Refused(message)
    for place, (text, contents) in enumerate(zip(texts, said, strict=True)):
        fits = actions.RESOLUTION if place else actions.CONFLICT
        yield from trusted(bus, read_packet(text, contents), f"conflict {conflict.id}", fits)
    return conflict


def packed(conflict: Conflict) -> list[dict[str, Any]]:
    """Return what its packets carry: who found it sealed the first, who decided it the last."""
    found = conflicts.contents_of(conflict)
    if conflict.resolution is Resolution.PENDING:
        return [found]
    return [found, _decided(conflict.id, conflict.resolution, conflict.decision, conflict.decided_by)]


def _decided(conflict_id: str, resolution: Resolution, decision: str, person: str) -> dict[str, Any]:
    return {"id": conflict_id, "resolution": resolution.value, "decision": decision, "decided_by": person}


def resolve(
    bus: Bus, conflict_id: str, resolution: Resolution, decision: str, *, person: str, agent: str
) -> Steps[bool]:
    """Note what was decided, once; return False if it was before. Raises Invalid if there is no such conflict."""
    yield Permit(agent, Operation.RESOLVE_CONFLICT)
    resolved = check.one_of(Resolution, resolution, "resolution")
    if resolved is Resolution.PENDING:
        message = "a conflict is not resolved as pending; say first, second, both, neither, merged or escalated"
        raise Invalid(message)
    check.text(decision, "decision", most_chars=conflicts.MAX_DECISION_CHARS, is_needed=True)
    check.text(person, "person", most_chars=check.MAX_NAME_CHARS, is_needed=True)
    contents = _decided(conflict_id, resolved, decision, person)
    stamp = yield from stamped(bus, agent or person, Operation.RESOLVE_CONFLICT.value, lambda: contents)
    at = bus.keys.conflict(conflict_id)
    decided = (resolved.value, decision, person, stamp.at, stamp.around(contents))
    code = yield from write(
        Verb.RESOLVE_MATTER,
        (at, bus.keys.conflicts, bus.keys.packet(at), bus.keys.events),
        (conflict_id, *decided, conflicts.TTL_S, bus.events_length, "conflict_resolved"),
    )
    if code is WriteCode.ABSENT:
        message = f"there is no conflict {conflict_id}; `kitbash swarm conflicts` lists those there are"
        raise Invalid(message)
    return code is WriteCode.DONE
