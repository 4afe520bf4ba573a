"""Takes ended queries off the blackboard: into the archive, into the counts, and lets what they held decay."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from kitbash.archive.entry import Entry
from kitbash.archive.errors import ArchiveError
from kitbash.archive.layout import day_of
from kitbash.archive.writer import Archive
from kitbash.blackboard.board import Blackboard, Trace
from kitbash.blackboard.grains import Grains
from kitbash.cascade import stats
from kitbash.cascade.confidence import Weights
from kitbash.cascade.grains import hit_of
from kitbash.cascade.policy import Policy
from kitbash.cascade.record import entries_of
from kitbash.domain.ids import QueryId, new_token
from kitbash.domain.layer import Queue
from kitbash.domain.lifecycle import Lifecycle
from kitbash.errors import BusError, UsageError
from kitbash.observe import logs

BATCH: Final = 500
LEASE_MS: Final = 15_000
"""How long one archivist keeps others away when it dies at work."""
MOST_S: Final = 0.5
"""How long one round may take: whoever calls has other things to do, such as ending queries in time."""
PAUSE_S: Final = 10.0
"""How long a disk that refused is left alone."""

_UNREADABLE: Final = (BusError, UsageError, ValueError, LookupError, TypeError, AttributeError)
"""What reading a query raises when something else wrote to its keys."""

_log: Final = logs.logger(__name__)


@dataclass(frozen=True, slots=True)
class Drained:
    """What one round did. `error` says why nothing was written; those queries wait on the blackboard for the next."""

    written: int = 0
    lost: int = 0
    error: str | None = None


def each(listeners: Sequence[Callable[[Trace], None]]) -> Callable[[Trace], None] | None:
    """Return what tells each of several listeners in turn, or None if there is none; one that raises ends it."""
    if not listeners:
        return None

    def hear(trace: Trace) -> None:
        for listener in listeners:
            listener(trace)

    return hear


_Told = tuple[Trace, Sequence[Entry]]


@dataclass(slots=True)
class Archivist:
    """Archives whatever has ended. `archive` is None when nothing is to be written; queries are counted all the same.

    A query is written at least once and counted once, also for the grain of what answered it where `grains` are kept;
    once it is counted, `hear` is told of it. One whose keys expired before it could be written is lost, and counted as
    such. Raises StoreUnavailable when the blackboard does not answer.
    """

    board: Blackboard
    archive: Archive | None
    policy: Policy
    weights: Weights
    decay_s: int
    grains: Grains | None = None
    hear: Callable[[Trace], None] | None = None
    _rests_until_s: float = field(default=0.0)

    def drain(self) -> Drained:
        """Have up to a batch of ended queries archived; nothing while another archivist is at it."""
        ids = self.board.ended(BATCH)
        if not ids:
            return Drained()
        token = new_token()
        if not self.board.acquire_slot(Queue.UPKEEP, token=token, lease_ms=LEASE_MS, slots=1):
            return Drained()
        try:
            return self._drain(self.board.ended(BATCH))
        finally:
            self.board.release_slot(Queue.UPKEEP, token=token)

    def drain_all(self, *, most_s: float = MOST_S) -> Drained:
        """Have what has ended archived, batch after batch, until there is no more, `most_s` are over, or it refuses."""
        written = lost = 0
        ends_s = time.monotonic() + most_s
        while True:
            drained = self.drain()
            written, lost = written + drained.written, lost + drained.lost
            is_done = drained.error is not None or not drained.written + drained.lost
            if is_done or time.monotonic() >= ends_s:
                return Drained(written, lost, drained.error)

    def tidy(self) -> None:
        """Have old days deleted and one file of them compressed; a disk that refuses is told in the log."""
        if self.archive is None:
            return
        try:
            self.archive.tidy(time.time_ns() // 1_000_000, most=1)
        except ArchiveError as error:
            _log.warning("archive.not_tidied", error=str(error))

    def _drain(self, ids: Sequence[QueryId]) -> Drained:
        told: list[_Told] = []
        lost = 0
        for query_id in ids:
            reason = "it expired before it could be archived"
            try:
                trace = self.board.trace(query_id)
                found = None if trace is None else (trace, self._entries(trace))
            except _UNREADABLE as error:
                # What cannot be read must not keep all others waiting.
                found = None
                reason = str(error) or type(error).__name__
            if found is None:
                lost += self._lose(query_id, reason)
            else:
                told.append(found)
        kept = self._keep(told)
        return Drained(kept.written, kept.lost + lost, kept.error)

    def _entries(self, trace: Trace) -> list[Entry]:
        """Return what is to be written of a query: nothing if it was, by an archivist that died before it counted."""
        if self.archive is None or trace.lifecycle == Lifecycle.LOGGED.value:
            return []
        return entries_of(trace, self.policy, self.weights)

    def _lose(self, query_id: QueryId, reason: str) -> int:
        _log.warning("archive.lost", query_id=query_id, reason=reason)
        return int(self.board.tally(query_id, _today(), {stats.LOST: 1}))

    def _keep(self, told: Sequence[_Told]) -> Drained:
        """Have queries written and counted, all of them or none; those that nothing can write are lost."""
        try:
            error = self._write([entry for _, entries in told for entry in entries])
        except UsageError as refused:
            if len(told) == 1:
                return Drained(0, self._lose(told[0][0].query_id, str(refused)))
            each = [self._keep([one]) for one in told]
            error = next((it.error for it in each if it.error is not None), None)
            return Drained(sum(it.written for it in each), sum(it.lost for it in each), error)
        if error is not None:
            return Drained(error=error)
        for trace, _ in told:
            self.board.settle(trace.query_id, decay_s=self.decay_s, is_logged=self.archive is not None)
            written = {stats.WRITTEN: 1} if self.archive is not None else {}
            day = day_of(trace.opened_ms + trace.took_us // 1000)
            if self.board.tally(trace.query_id, day, stats.counts_of(trace) | written):
                self._hit(trace)
                if self.hear is not None:
                    self.hear(trace)
        return Drained(len(told))

    def _hit(self, trace: Trace) -> None:
        """Have a query that was just counted count for its grain too; who dies in between has it count for none."""
        hit = None if self.grains is None else hit_of(trace)
        if self.grains is None or hit is None:
            return
        try:
            self.grains.hit(hit)
        except BusError as error:
            _log.warning("grains.not_counted", query_id=trace.query_id, why=str(error))

    def _write(self, entries: Sequence[Entry]) -> str | None:
        """Append to the archive; return why it could not be done. Raises UsageError if an entry never can be."""
        if self.archive is None or not entries:
            return None
        if time.monotonic() < self._rests_until_s:
            return "the archive refused a moment ago; it is tried again soon"
        try:
            self.archive.append(entries)
        except ArchiveError as error:
            self._rests_until_s = time.monotonic() + PAUSE_S
            refused = len({entry.query_id for entry in entries})
            self.board.count(_today(), {stats.FAILED: refused})
            _log.warning("archive.failed", queries=refused, error=str(error))
            return str(error)
        return None


def _today() -> str:
    return day_of(time.time_ns() // 1_000_000)
