"""Hygiene: looks through all keys by cursor for what should not be, repairs what is safe, and records what came of it.

Safe is what loses nothing: a missing time to live is set, expired leases go back to the queue, entries of indexes whose
record is gone are dropped. A key of a wrong type, or one that nobody knows, is only told of: it may be somebody's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from kitbash.swarm.commands import tasks
from kitbash.swarm.commands.sharing import record_scan
from kitbash.swarm.kinds import FOREIGN, kind_of
from kitbash.swarm.records import MAX_NOTED, RemediationScan
from kitbash.swarm.request import Ask, AskAll, Bus, Permit, ScanPage, Steps
from kitbash.swarm.sealing import Operation

PAGE: Final = 500
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
            self.violations.append(what[:500])

    def did(self, what: str) -> None:
        if len(self.actions) < MAX_NOTED:
            self.actions.append(what[:500])


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
            yield from _index(bus, key, notes)


def _index(bus: Bus, key: str, notes: _Notes) -> Steps[None]:
    """Drop what an index of findings names that has expired."""
    ids = yield Ask(("LRANGE", key, 0, -1))
    for start in range(0, len(ids), PAGE):
        some = ids[start : start + PAGE]
        there = yield AskAll([("EXISTS", bus.keys.finding(it)) for it in some])
        gone = [it for it, is_there in zip(some, there, strict=True) if not is_there]
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
        if (yield Ask(("TYPE", queue))) != "zset":
            continue
        cursor = 0
        while True:
            reply = yield Ask(("ZSCAN", queue, cursor, "COUNT", PAGE))
            cursor, ids = int(reply[0]), [pair[0] for pair in reply[1]]
            there = yield AskAll([("EXISTS", record(it)) for it in ids])
            gone = [it for it, is_there in zip(ids, there, strict=True) if not is_there]
            if gone:
                notes.saw(f"orphans in {queue}: {len(gone)}")
            if gone and notes.repairs:
                dropped = yield from _drop(bus, queue, gone)
                notes.did(f"dropped {dropped} from {queue}")
            if cursor == 0:
                break


def _drop(bus: Bus, queue: str, gone: Sequence[str]) -> Steps[int]:
    if queue == bus.keys.unassigned:
        # By a script: a task of that id may have been posted meanwhile.
        return (yield from tasks.drop_stale(bus, gone))
    return int((yield Ask(("ZREM", queue, *gone))))
