"""Tasks: posted, claimed under a lease, renewed, given back, completed, failed; and what to work on next."""

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from kitbash.swarm import actions, check
from kitbash.swarm import task as tasks
from kitbash.swarm.commands.trusting import read_packet, readable, refuse_moved, trusted
from kitbash.swarm.commands.writing import refuse_occupied, stamped, write
from kitbash.swarm.errors import Invalid, Occupied
from kitbash.swarm.request import Argument, Ask, AskAll, Bus, Permit, RunScript, Steps
from kitbash.swarm.scripts import ClaimCode, Verb, WriteCode
from kitbash.swarm.sealing import Operation
from kitbash.swarm.stored import Fields, dumps, flat, read
from kitbash.swarm.task import Lease, Task, TaskStatus

CANDIDATES: Final = 16
"""How much waiting work is looked at in one go; who loses one of it to another agent tries another."""
MOST_ROUNDS: Final = 50
_WAITS: Final = frozenset({TaskStatus.PENDING, TaskStatus.NEEDS_ASSIST})
_LEFT_BY: Final = {
    TaskStatus.PENDING: Operation.RELEASE_TASK,
    TaskStatus.NEEDS_ASSIST: Operation.RELEASE_TASK,
    TaskStatus.COMPLETED: Operation.COMPLETE_TASK,
    TaskStatus.FAILED: Operation.FAIL_TASK,
}

_HAS_IT: Final = frozenset({ClaimCode.CLAIMED.value, ClaimCode.CLAIMED_BEFORE.value})
_HAS_LEFT: Final = frozenset({WriteCode.DONE, WriteCode.DONE_BEFORE})


def post(bus: Bus, task: Task, agent: str) -> Steps[bool]:
    """Put a task into the queue of unassigned work; return False if it is on the bus already."""
    yield Permit(agent, Operation.POST_TASK)
    # In the queue is only what waits; another status would head it for ever.
    task = task if task.status in _WAITS else replace(task, status=TaskStatus.PENDING)
    envelope = yield from _envelope(bus, task, agent)
    code = yield from write(
        Verb.POST_TASK,
        (bus.keys.task(task.id), bus.keys.unassigned, bus.keys.events),
        (agent, bus.events_length, envelope, *tasks.values_of(task)),
    )
    return code is WriteCode.DONE


def _envelope(bus: Bus, task: Task, agent: str) -> Steps[str]:
    """Return the envelope of the packet that posts a task."""
    contents = partial(tasks.contents_of, task)
    return (yield from stamped(bus, agent, Operation.POST_TASK.value, contents)).envelope


def claim(bus: Bus, task: Task, assignee: str, agent: str, lease_ms: int) -> Steps[Lease | None]:
    """Have a task until the lease ends, posting it if it is not on the bus; None if another has it or it ended."""
    yield Permit(agent, Operation.CLAIM_TASK)
    if task.is_posted:
        lease = yield from _claim(bus, task.id, assignee, agent, lease_ms=lease_ms)
        if lease is not None or (yield Ask(("EXISTS", bus.keys.task(task.id)))):
            return lease
    envelope = yield from _envelope(bus, task, agent)
    brought = (task.ttl_seconds, *flat(tasks.fields_of(task)), "packet", envelope)
    return (yield from _claim(bus, task.id, assignee, agent, lease_ms=lease_ms, brought=brought))


def _claim(
    bus: Bus,
    task_id: str,
    assignee: str,
    agent: str,
    *,
    lease_ms: int,
    brought: Sequence[Argument] = (),
) -> Steps[Lease | None]:
    check.text(assignee, "assignee", most_chars=check.MAX_NAME_CHARS, is_needed=True)
    _lease_fits(lease_ms)
    action = Operation.CLAIM_TASK.value
    contents = {"action": action, "assignee": assignee, "task_id": task_id}
    stamp = yield from stamped(bus, agent, action, lambda: contents)
    keys = (bus.keys.task(task_id), bus.keys.unassigned, bus.keys.leased, bus.keys.events)
    # The packet's own id names this very call: if the reply is lost, the call can be made again and gets the same.
    args = (task_id, assignee, stamp.tracking_id, lease_ms, stamp.around(contents), stamp.at)
    reply = yield RunScript(Verb.CLAIM_TASK, keys, (*args, bus.events_length, bus.claims_kept, *brought))
    refuse_occupied(reply, keys)
    return Lease(task_id, reply[1], reply[2]) if reply[0] in _HAS_IT else None


def renew(bus: Bus, task_id: str, agent: str, token: int | None, lease_ms: int) -> Steps[Lease | None]:
    """Keep a task for longer; return None if the agent does not have it any more."""
    yield Permit(agent, Operation.RENEW_TASK)
    _lease_fits(lease_ms)
    keys = (bus.keys.task(task_id), bus.keys.leased)
    reply = yield RunScript(Verb.RENEW_TASK, keys, (task_id, "" if token is None else token, agent, lease_ms))
    refuse_occupied(reply, keys)
    return Lease(task_id, reply[1], reply[2]) if reply[0] == WriteCode.DONE else None


def leave(bus: Bus, task_id: str, agent: str, token: int | None, *, status: TaskStatus, result: str) -> Steps[bool]:
    """Leave a task in a status; return False if the agent does not have it. Left so before by this holder is True."""
    operation = _LEFT_BY[status]
    yield Permit(agent, operation)
    action = operation.value
    check.text(result, "result", most_chars=tasks.MAX_RESULT_CHARS)
    contents = {"action": action, "task_id": task_id, "token": token, "status": status.value, "result": result}
    stamp = yield from stamped(bus, agent, action, lambda: contents)
    held = (task_id, "" if token is None else token, agent, status.value, result)
    code = yield from write(
        Verb.LEAVE_TASK,
        (bus.keys.task(task_id), bus.keys.unassigned, bus.keys.leased, bus.keys.events),
        (*held, stamp.around(contents), stamp.at, bus.events_length),
    )
    return code in _HAS_LEFT


def get(bus: Bus, task_id: str, agent: str) -> Steps[Task | None]:
    """Return a task as it stands, or None. Raises Refused if its packet is not trusted."""
    yield Permit(agent, Operation.GET_TASK)
    return (yield from _get(bus, task_id))


def _get(bus: Bus, task_id: str) -> Steps[Task | None]:
    at = bus.keys.task(task_id)
    fields = yield Ask(("HGETALL", at))
    return (yield from _trusted(bus, at, fields)) if fields else None


def _trusted(bus: Bus, at: str, fields: Fields) -> Steps[Task]:
    task = read(at, fields, tasks.of_fields)
    refuse_moved(at, bus.keys.task(task.id))
    if bus.is_sealed:
        packet = read_packet(fields.get("packet", "{}"), tasks.contents_of(task))
        yield from trusted(bus, packet, f"task {task.id}", actions.TASK)
    return task


def listed(bus: Bus, agent: str, most: int) -> Steps[list[Task]]:
    """Return the tasks that wait and then those that somebody has, at most so many of each, but for untrusted ones."""
    yield Permit(agent, Operation.GET_TASK)
    ids: list[str] = []
    for queue in (bus.keys.unassigned, bus.keys.leased):
        ids += yield Ask(("ZRANGE", queue, 0, most - 1))
    keys = [bus.keys.task(task_id) for task_id in dict.fromkeys(ids) if check.is_name(task_id)]
    replies = yield AskAll([("HGETALL", key) for key in keys])
    there = [(key, fields) for key, fields in zip(keys, replies, strict=True) if fields]
    return (yield from readable(_trusted(bus, key, fields) for key, fields in there))


def _usable(bus: Bus, task_id: str) -> Steps[Task | None]:
    """Return a task, or None if it is gone or not trusted: a forged one must not hide the work behind it."""
    found = yield from readable([_get(bus, task_id)])
    return found[0] if found else None


def unassigned(bus: Bus, agent: str) -> Steps[Task | None]:
    """Return the most urgent task that nobody has, or None. It is not claimed."""
    yield Permit(agent, Operation.GET_UNASSIGNED_TASK)
    passed = 0
    while ids := (yield from waiting(bus, CANDIDATES, passed)):
        for task_id in ids:
            task = yield from _usable(bus, task_id)
            if task is not None and task.status in _WAITS:
                return task
        passed += len(ids) - (yield from drop_stale(bus, ids))
    return None


def take_next(bus: Bus, assignee: str, agent: str, lease_ms: int) -> Steps[tuple[Task, Lease] | None]:
    """Claim the most urgent task that nobody has; return None if there is none, or others were faster 50 times."""
    yield Permit(agent, Operation.NEXT_TASK)
    for _ in range(MOST_ROUNDS):
        ids = yield from waiting(bus, CANDIDATES)
        if not ids:
            return None
        # Whoever loses the first to another agent takes any other, so that agents do not race for each in turn.
        for task_id in (ids[0], *random.sample(ids[1:], len(ids) - 1)):
            lease = yield from _claim_queued(bus, task_id, assignee, agent, lease_ms)
            # One that is not trusted stays claimed until its lease ends, and is given up after a few of those.
            task = None if lease is None else (yield from _usable(bus, task_id))
            if lease is not None and task is not None:
                check.put(task, token=lease.token)
                return task, lease
        yield from drop_stale(bus, ids)
    return None


def _claim_queued(bus: Bus, task_id: str, assignee: str, agent: str, lease_ms: int) -> Steps[Lease | None]:
    """Claim a task of the queue; None, too, if what stands in its key is no task: it must not hide the work behind."""
    try:
        return (yield from _claim(bus, task_id, assignee, agent, lease_ms=lease_ms))
    except Occupied:
        if (yield Ask(("TYPE", bus.keys.task(task_id)))) in {"hash", "none"}:
            raise
        return None


def drop_stale(bus: Bus, ids: Sequence[str]) -> Steps[int]:
    """Take tasks out of the queue that are not waiting; return how many."""
    keys = (bus.keys.unassigned, *(bus.keys.task(task_id) for task_id in ids))
    dropped = yield RunScript(Verb.DROP_STALE, keys, (TaskStatus.PENDING.value, *ids))
    return int(dropped)


def waiting(bus: Bus, most: int, passed: int = 0) -> Steps[list[str]]:
    """Return the ids of work that nobody has, the most urgent first but for some, having returned what expired."""
    keys = (bus.keys.unassigned, bus.keys.leased)
    ids, expired = yield RunScript(Verb.WAITING_TASKS, keys, (most, passed))
    if expired:
        yield from requeue(bus, expired)
        ids, _ = yield RunScript(Verb.WAITING_TASKS, keys, (most, passed))
    return list(ids)


def due(bus: Bus, most: int) -> Steps[list[str]]:
    """Return the ids of work whose holder's lease has ended."""
    _, expired = yield RunScript(Verb.WAITING_TASKS, (bus.keys.unassigned, bus.keys.leased), (most, 0))
    return list(expired)


def requeue(bus: Bus, ids: Sequence[str]) -> Steps[tuple[int, int, int]]:
    """Return expired work to the queue; return how much is back, given up, and was gone."""
    keys = (bus.keys.unassigned, bus.keys.leased, bus.keys.events, *(bus.keys.task(task_id) for task_id in ids))
    args = (bus.most_attempts, check.now().isoformat(), bus.events_length, *ids)
    counts = yield RunScript(Verb.REQUEUE_TASKS, keys, args)
    refuse_occupied(counts, keys)
    return counts[0], counts[1], counts[2]


def result_text(result: object) -> str:
    """Return a result as it is kept: a text as it is, anything else as JSON. Raises Invalid if it cannot be."""
    if isinstance(result, str):
        return result
    try:
        return dumps(result)
    except (TypeError, ValueError, RecursionError) as error:
        message = f"the result cannot be written as JSON: {str(error)[:100]}; give a text, or texts, numbers, lists"
        raise Invalid(message) from error


def _lease_fits(lease_ms: int) -> None:
    if not 1 <= lease_ms <= check.MAX_TTL_S * 1000:
        message = f"a lease lasts from 1 ms to {check.MAX_TTL_S:,} s, not {lease_ms:,} ms"
        raise Invalid(message)
