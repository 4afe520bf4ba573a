"""Hygiene: looks through all keys by cursor for what should not be, repairs what is safe, and records what came of it.

Safe is what loses nothing: a missing time to live is set, expired leases go back to the queue, a task that stands in no
queue is put back into its own, entries of indexes whose record is gone are dropped. A key of a wrong type, or one that
nobody knows, is only told of: it may be somebody's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from kitbash.swarm import check
from kitbash.swarm.commands import tasks
from kitbash.swarm.commands.sharing import record_scan
from kitbash.swarm.commands.writing import write
from kitbash.swarm.errors import Invalid, Occupied
from kitbash.swarm.kinds import FOREIGN, kind_of
from kitbash.swarm.records import MAX_NOTED, RemediationScan
from kitbash.swarm.request import Ask, AskAll, Bus, Permit, ScanPage, Steps
from kitbash.swarm.scripts import Verb
from kitbash.swarm.sealing import Operation
from kitbash.swarm.task import TaskStatus

PAGE: Final = 500
_TASK: Final = "task:"
_QUEUED: Final = frozenset({TaskStatus.PENDING, TaskStatus.NEEDS_ASSIST, TaskStatus.IN_PROGRESS})
_LASTING: Final = -1
"""What TTL says of a key that never expires."""


@dataclass(slots=True)
class _Notes:
    """What a scan has seen so far; the lists end at `MAX_NOTED`, the counts go on."""

    repairs: bool
    keys: int = 0
    wrong_types: int = 0
    expired: int = 0
    violations: list[str] = field(default_factory=list[str])
    actions: list[str] = field(default_factory=list[str])

    def saw(self, what: str) -> None:
        if len(self.violations) < MAX_NOTED:
            self.violations.append(_printable(what)[:500])

    def did(self, what: str) -> None:
        if len(self.actions) < MAX_NOTED:
            self.actions.append(_printable(what)[:500])


def _printable(text: str) -> str:
    """Return a text with all but printable ASCII escaped: the name of a key may hold anything."""
    return "".join(it if " " <= it <= "~" else it.encode("unicode_escape").decode("ascii") for it in text)


def scan(bus: Bus, agent: str, *, repairs: bool) -> Steps[RemediationScan]:
    """Look through all keys of the bus, repair what is safe unless told not to, and record what came of it."""
    yield Permit(agent, Operation.SCAN)
    notes = _Notes(repairs)
    cursor = 0
    while True:
        reply = yield ScanPage(cursor, f"{bus.keys.prefix}*", PAGE)
        cursor = int(reply[0])
        yield from _page(bus, reply[1], notes)
        if cursor == 0:
            break
    yield from _leases(bus, notes)
    yield from _orphans(bus, notes)
    result = RemediationScan(
        keys_scanned=notes.keys,
        wrongtype_found=notes.wrong_types,
        expired_found=notes.expired,
        violations=notes.violations,
        actions_taken=notes.actions,
    )
    yield from record_scan(bus, result, agent)
    return result


def _page(bus: Bus, keys: Sequence[str], notes: _Notes) -> Steps[None]:
    own = [key for key in keys if not key.removeprefix(bus.keys.prefix).startswith(FOREIGN)]
    notes.keys += len(own)
    # A byte that is no text stands as an escape, so the key could not even be asked for.
    odd = [key for key in own if not key.isprintable() or not key.isascii() or "\\" in key]
    for key in odd:
        notes.saw(f"unknown key {key}")
    own = [key for key in own if key not in odd]
    held: list[str] = []
    replies = yield AskAll([ask for key in own for ask in (("TYPE", key), ("TTL", key))])
    for key, found, ttl_s in zip(own, replies[::2], replies[1::2], strict=True):
        kind = kind_of(key.removeprefix(bus.keys.prefix))
        if found == "none":
            continue
        if kind is None:
            notes.saw(f"unknown key {key}")
        elif found != kind.type:
            notes.wrong_types += 1
            notes.saw(f"wrong type {key}: {found}, not {kind.type}")
        elif kind.ttl_s is not None and ttl_s == _LASTING:
            notes.saw(f"no time to live {key}")
            # Without a prefix nothing tells the bus's keys from somebody else's.
            if notes.repairs and bus.keys.prefix:
                yield Ask(("EXPIRE", key, kind.ttl_s, "NX"))
                notes.did(f"expires in {kind.ttl_s} s {key}")
        elif key.startswith((f"{bus.keys.prefix}findings:of:", f"{bus.keys.prefix}findings:on:")):
            yield from _looked_through(_index(bus, key, notes), key, notes)
        name = key.removeprefix(bus.keys.prefix)
        if found == "hash" and name.startswith(_TASK) and check.is_name(name.removeprefix(_TASK)):
            held.append(name.removeprefix(_TASK))
    yield from _lost(bus, held, notes)


def _looked_through(steps: Steps[None], key: str, notes: _Notes) -> Steps[None]:
    """Do this, or note that the key cannot be read: one that is odd must not end the scan."""
    try:
        yield from steps
    except (Invalid, Occupied) as error:
        notes.saw(f"cannot be read {key}: {error}")


def _lost(bus: Bus, ids: Sequence[str], notes: _Notes) -> Steps[None]:
    """Put tasks that wait or are held, but stand in no queue, back into theirs."""
    keys = bus.keys
    replies = yield AskAll(
        [
            ask
            for it in ids
            for ask in (("HGET", keys.task(it), "status"), ("ZSCORE", keys.unassigned, it), ("ZSCORE", keys.leased, it))
        ]
    )
    for it, status, waiting, leased in zip(ids, replies[::3], replies[1::3], replies[2::3], strict=True):
        if status not in _QUEUED or waiting is not None or leased is not None:
            continue
        notes.saw(f"in no queue {keys.task(it)}: {status}")
        # Without a prefix nothing tells the bus's keys from somebody else's.
        if notes.repairs and keys.prefix:
            yield from write(Verb.RESTORE_TASK, (keys.task(it), keys.unassigned, keys.leased), (it,))
            notes.did(f"back in its queue {keys.task(it)}")


def _index(bus: Bus, key: str, notes: _Notes) -> Steps[None]:
    """Drop what an index of findings names that has expired."""
    ids = yield Ask(("LRANGE", key, 0, -1))
    for start in range(0, len(ids), PAGE):
        some = ids[start : start + PAGE]
        gone = yield from _gone(some, bus.keys.finding)
        if gone:
            notes.saw(f"orphans in {key}: {len(gone)}")
        if gone and notes.repairs:
            yield AskAll([("LREM", key, 1, it) for it in gone])
            notes.did(f"dropped {len(gone)} from {key}")


def _leases(bus: Bus, notes: _Notes) -> Steps[None]:
    """Return expired work to the queue."""
    if (yield Ask(("TYPE", bus.keys.leased))) != "zset" or (yield Ask(("TYPE", bus.keys.unassigned))) not in {
        "zset",
        "none",
    }:
        return
    due = yield from tasks.due(bus, PAGE)
    while due:
        notes.expired += len(due)
        notes.saw(f"expired leases: {len(due)}")
        if not notes.repairs:
            return
        back, given_up, gone = yield from tasks.requeue(bus, due)
        notes.did(f"requeued {back}, gave up {given_up}, dropped {gone} leases")
        if not back + given_up + gone:
            return
        due = yield from tasks.due(bus, PAGE)


def _orphans(bus: Bus, notes: _Notes) -> Steps[None]:
    """Drop from the queues what is not there any more."""
    for queue, record in (
        (bus.keys.unassigned, bus.keys.task),
        (bus.keys.inbox, bus.keys.finding),
        (bus.keys.conflicts, bus.keys.conflict),
        (bus.keys.proposals, bus.keys.proposal),
    ):
        if (yield Ask(("TYPE", queue))) == "zset":
            yield from _looked_through(_orphans_of(bus, queue, record, notes), queue, notes)


def _orphans_of(bus: Bus, queue: str, record: Callable[[str], str], notes: _Notes) -> Steps[None]:
    cursor = 0
    while True:
        reply = yield Ask(("ZSCAN", queue, cursor, "COUNT", PAGE))
        cursor, ids = int(reply[0]), [pair[0] for pair in reply[1]]
        gone = yield from _gone(ids, record)
        if gone:
            notes.saw(f"orphans in {queue}: {len(gone)}")
        if gone and notes.repairs:
            dropped = yield from _drop(bus, queue, gone)
            notes.did(f"dropped {dropped} from {queue}")
        if cursor == 0:
            break


def _gone(ids: Sequence[str], record: Callable[[str], str]) -> Steps[list[str]]:
    """Return those ids whose record is not there; what is no id has none."""
    known = [it for it in ids if check.is_name(it)]
    there = yield AskAll([("EXISTS", record(it)) for it in known])
    found = {it for it, is_there in zip(known, there, strict=True) if is_there}
    return [it for it in ids if it not in found]


def _drop(bus: Bus, queue: str, gone: Sequence[str]) -> Steps[int]:
    if queue == bus.keys.unassigned:
        # By a script: a task of that id may have been posted meanwhile.
        known = [it for it in gone if check.is_name(it)]
        dropped = yield from tasks.drop_stale(bus, known)
        odd = [it for it in gone if it not in known]
        return dropped + (int((yield Ask(("ZREM", queue, *odd)))) if odd else 0)
    return int((yield Ask(("ZREM", queue, *gone))))
