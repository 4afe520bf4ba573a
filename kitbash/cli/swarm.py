"""`kitbash swarm tasks`, `findings`, `conflicts`, `register`, `watch` and `scan`."""

import getpass
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import NamedTuple

from kitbash.cli import output
from kitbash.client import Client
from kitbash.domain.ids import QueryId, parse_query_id
from kitbash.errors import NotFound, UsageError
from kitbash.swarm import SwarmRegistry, records
from kitbash.swarm import conflict as conflicting
from kitbash.swarm import finding as finding_codec
from kitbash.swarm import task as task_codec
from kitbash.swarm.conflict import Conflict
from kitbash.swarm.opening import task_id_of

_BLOCK_MS = 1000


class Decision(NamedTuple):
    """What a person decided about a conflict; no id for nothing."""

    conflict_id: str
    resolution: str
    words: str
    person: str


def tasks(*, most: int, as_json: bool) -> None:
    """Print the tasks that wait and those that somebody has."""
    with Client() as client:
        found = client.runtime.swarm.get_tasks(most=most)
    if as_json:
        output.print_json([task_codec.fields_of(task) | {"attempts": task.attempts} for task in found])
        return
    rows = [(it.id, it.status.value, it.priority, it.attempts, it.assignee, it.type, it.description) for it in found]
    output.table("Tasks", ("id", "status", "priority", "attempts", "assignee", "type", "description"), rows)


def findings(task_id: str, query_id: str, *, as_json: bool) -> None:
    """Print what was found on a task, or on that of a query. Raises UsageError unless exactly one is named."""
    if bool(task_id) is bool(query_id):
        message = "name a task, or a query: kitbash swarm findings --query ID"
        raise UsageError(message)
    with Client() as client:
        show_findings(client, task_id or task_id_of(parse_query_id(query_id)), as_json=as_json)


def show_task_of(client: Client, query_id: QueryId, *, as_json: bool) -> bool:
    """Print what was found about a query that is gone, and return True; False if it has no task on the bus."""
    task = client.runtime.swarm.get_task(task_id_of(query_id))
    if task is None:
        return False
    output.note(f"The query's trace is gone. It was: {task.description} Its task {task.id} is {task.status.value}.")
    show_findings(client, task.id, as_json=as_json)
    return True


def show_findings(client: Client, task_id: str, *, as_json: bool) -> None:
    """Print what was found on a task, where several workers agree, and what conflicts; nothing is queued by looking."""
    bus = client.runtime.swarm
    found = bus.get_findings_for_task(task_id)
    agreements = bus.get_agreements(task_id)
    clashes = conflicting.clashes(found)
    if as_json:
        said = {
            "findings": [finding_codec.contents_of(it) for it in found],
            "agreements": [
                {"about": it.about, "confidence": it.confidence, "findings": [one.id for one in it.findings]}
                for it in agreements
            ],
            "conflicts": [conflicting.contents_of(conflicting.queued(it)) for it in clashes],
        }
        output.print_json(said)
        return
    rows = [(it.id, it.worker_id, f"{it.confidence:g}", it.speech_act.value, it.claim) for it in found]
    output.table("Findings", ("id", "worker", "confidence", "act", "claim"), rows)
    for it in agreements:
        workers = ", ".join(one.worker_id for one in it.findings)
        output.line(f"agreed by {workers}: {it.findings[-1].claim} ({it.confidence:.3g} together)")
    for it in clashes:
        output.line(f"{it.grade.value} conflict, {it.kind.value}: {it.first.claim} | {it.second.claim}")


def conflicts(decided: Decision, *, most: int, as_json: bool) -> None:
    """Print the conflicts nobody has settled, after resolving one if that is decided. Raises UsageError."""
    if bool(decided.conflict_id) is not bool(decided.words and decided.resolution):
        message = 'to resolve a conflict give all: --resolve ID --choose first --as "why"'
        raise UsageError(message)
    with Client() as client:
        bus = client.runtime.swarm
        if decided.conflict_id:
            by = decided.person or getpass.getuser()
            is_new = bus.resolve_conflict(
                decided.conflict_id, decided.resolution, decided.words, person=by, agent_id=bus.agent_id or by
            )
            output.note("resolved" if is_new else "it was resolved before; that decision stays")
        found = bus.get_conflicts(most=most)
    if as_json:
        output.print_json([conflicting.contents_of(it) for it in found])
        return
    output.table("Conflicts", ("id", "grade", "kind", "size", "about", "first", "second"), [_row(it) for it in found])


def _row(it: Conflict) -> Sequence[object]:
    return (it.id, it.grade.value, it.kind.value, f"{it.size:g}", it.about, it.first_id, it.second_id)


def register(swarm_id: str, agents: Sequence[str], *, as_json: bool) -> None:
    """Keep a swarm's roster if agents are given, and print it. Raises NotFound if there is none."""
    with Client() as client:
        bus = client.runtime.swarm
        if agents:
            pairs = [agent.partition(":") for agent in agents]
            named = [{"id": name, "role": role} for name, _, role in pairs]
            bus.register_swarm(SwarmRegistry(id=swarm_id, agents=named))
        found = bus.get_registry(swarm_id)
    if found is None:
        message = f"no swarm {swarm_id!r} is registered; give its agents: --agent ann:diver --agent bob:reader"
        raise NotFound(message)
    if as_json:
        output.print_json(records.registry_contents(found))
        return
    rows = [(agent.get("id", ""), agent.get("role", "")) for agent in found.agents]
    output.table(f"Swarm {found.id}", ("agent", "role"), rows)


def watch(*, since_start: bool, count: int | None, as_json: bool) -> None:
    """Print what happens on the bus until Ctrl-C, or so many events."""
    shown = 0
    with Client() as client:
        bus = client.runtime.swarm
        after = "0" if since_start else bus.newest_event()
        while count is None or shown < count:
            for event in bus.events(after, block_ms=_BLOCK_MS):
                after = event.entry_id
                if as_json:
                    output.print_json(asdict(event))
                else:
                    at_s = int(event.entry_id.partition("-")[0]) / 1000
                    clock = datetime.fromtimestamp(at_s, UTC).strftime("%H:%M:%S.%f")[:-3]
                    output.line(f"{clock}  {event.kind:18} {event.id}  {event.agent}")
                    output.flush()
                shown += 1
                if shown == count:
                    return


def scan(*, dry: bool, as_json: bool) -> None:
    """Look through all keys of the bus and print what was seen and done."""
    with Client() as client:
        bus = client.runtime.swarm
        found = bus.scan(repair=not dry, agent_id=bus.agent_id or getpass.getuser())
    if as_json:
        output.print_json(records.scan_contents(found))
        return
    output.line(
        f"{found.keys_scanned} keys, {found.wrongtype_found} of a wrong type, {found.expired_found} leases expired"
    )
    for line in (*found.violations, *found.actions_taken):
        output.line(f"  {line}")
