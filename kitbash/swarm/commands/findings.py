"""Findings: posted once with their packet, read by id, by task and by topic."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from kitbash.swarm import actions, check
from kitbash.swarm import finding as findings
from kitbash.swarm.commands.trusting import read_packet, readable, refuse_moved, trusted
from kitbash.swarm.commands.writing import stamped, write
from kitbash.swarm.errors import Invalid
from kitbash.swarm.finding import Finding
from kitbash.swarm.request import Ask, AskAll, Bus, Permit, Steps
from kitbash.swarm.scripts import Verb, WriteCode
from kitbash.swarm.sealing import Operation
from kitbash.swarm.stored import Fields, flat, read

CHUNK: Final = 500
"""How many findings are read in one go."""


def post(bus: Bus, finding: Finding, agent: str) -> Steps[bool]:
    """Keep a finding; posted again it is kept once. Raises Invalid if another finding has its id."""
    yield Permit(agent, Operation.POST_FINDING)
    if finding.worker_id.startswith(actions.PERSON):
        message = f"worker_id {finding.worker_id[:40]!a} is a person's, who answers the inbox; post under another name"
        raise Invalid(message)
    contents = partial(findings.contents_of, finding)
    stamp = yield from stamped(bus, agent, Operation.POST_FINDING.value, contents, finding.speech_act)
    args = (agent, bus.events_length, stamp.envelope, *findings.values_of(finding))
    code = yield from write(Verb.POST_FINDING, bus.keys.of_finding(finding), args)
    if code is WriteCode.OTHER:
        message = f"another finding has the id {finding.id}; leave the id out, and a fresh one is made"
        raise Invalid(message)
    return True


def packed(bus: Bus, finding: Finding, agent: str, action: str) -> Steps[list[str]]:
    """Return a finding with its sealed envelope as fields of its hash, name and value in turn."""
    contents = partial(findings.contents_of, finding)
    stamp = yield from stamped(bus, agent, action, contents, finding.speech_act)
    return [*flat(findings.fields_of(finding)), "packet", stamp.envelope]


def signed_by(finding: Finding, agent: str) -> Finding:
    """Return the finding as the work of an agent, if it does not say whose it is."""
    return finding if finding.worker_id or not agent else replace(finding, worker_id=agent)


def get(bus: Bus, finding_id: str, agent: str) -> Steps[Finding | None]:
    """Return a finding, or None. Raises Refused if its packet is not trusted."""
    yield Permit(agent, Operation.GET_FINDING)
    at = bus.keys.finding(finding_id)
    fields = yield Ask(("HGETALL", at))
    return (yield from _trusted(bus, at, fields)) if fields else None


def of_task(bus: Bus, task_id: str, agent: str) -> Steps[list[Finding]]:
    """Return the findings of a task, the oldest first, but for those that are not trusted."""
    yield Permit(agent, Operation.GET_FINDINGS_FOR_TASK)
    check.name_in_key(task_id, "task id")
    return (yield from listed(bus, bus.keys.findings_of(task_id)))


def on_topic(bus: Bus, topic: str, agent: str) -> Steps[list[Finding]]:
    """Return the findings on a topic over all tasks, the oldest first, but for those that are not trusted."""
    yield Permit(agent, Operation.GET_FINDINGS_FOR_TASK)
    check.text(topic, "topic", most_chars=check.MAX_NAME_CHARS, is_needed=True)
    return (yield from listed(bus, bus.keys.findings_on(topic)))


def listed(bus: Bus, index: str) -> Steps[list[Finding]]:
    """Return the findings that an index names and that have not expired."""
    ids = yield Ask(("LRANGE", index, 0, -1))
    return (yield from several(bus, ids))


def several(bus: Bus, ids: Sequence[str]) -> Steps[list[Finding]]:
    """Return findings by id, without those that have expired or are not trusted."""
    found: list[Finding] = []
    for start in range(0, len(ids), CHUNK):
        keys = [bus.keys.finding(finding_id) for finding_id in ids[start : start + CHUNK] if check.is_name(finding_id)]
        for key, fields in zip(keys, (yield AskAll([("HGETALL", key) for key in keys])), strict=True):
            if not fields:
                continue
            found += yield from readable([_trusted(bus, key, fields)])
    return found


def _trusted(bus: Bus, key: str, fields: Fields) -> Steps[Finding]:
    finding = read(key, fields, findings.of_fields)
    refuse_moved(key, bus.keys.finding(finding.id))
    if bus.is_sealed:
        packet = read_packet(fields.get("packet", "{}"), findings.contents_of(finding))
        yield from trusted(bus, packet, f"finding {finding.id}", actions.FINDING)
    return finding
