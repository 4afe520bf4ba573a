"""Follows what happens on the bus from page to page, so that one look costs no more than its bound."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from kitbash.blackboard.connection import translated
from kitbash.blackboard.scripts import AnyRedis
from kitbash.swarm.keys import Keys
from kitbash.swarm.tally import Tally

PAGE: Final = 500
MOST_PAGES: Final = 20
_FINDING_KINDS: Final = frozenset({"finding_posted", "escalated", "answered"})
_FIELDS: Final = ("speech_act", "confidence")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PROBES: Final = 20


@dataclass(frozen=True, slots=True)
class Depths:
    """How much stands in each queue; `now_ms` is the server's time, `added` how many events there ever were."""

    pending: int
    leased: int
    conflicts: int
    inbox: int
    now_ms: int
    added: int


class Follower:
    """Puts each event of a bus into a tally once. Not to be shared between threads."""

    def __init__(self, client: AnyRedis, url: str, keys: Keys, tally: Tally) -> None:
        """Use a client, which stays its owner's to close. It begins with the oldest event that is kept."""
        # The stubs of redis-py know replies only by half.
        self._client: Any = client
        self._url = url
        self._keys = keys
        self._tally = tally
        self._after: str = "0"
        self._base: int | None = None
        self._counted: int = 0
        self.missed: int = 0

    def look(self) -> Depths:
        """Return how much stands in the queues, having counted what happened since the last look.

        At most 10,000 events are counted in one look; the rest in the next. Raises StoreUnavailable, or BusError where
        a key is of another type.
        """
        with translated(self._url):
            depths = self._depths()
            if self._base is None or depths.added < self._base + self._counted:
                # The first look, or the stream was dropped and begun anew.
                self._base, self._counted = depths.added - int(self._client.xlen(self._keys.events)), 0
            for _ in range(MOST_PAGES):
                if not self._page():
                    # What was trimmed away before it could be counted.
                    gone = depths.added - self._base - self._counted
                    self.missed += max(0, gone)
                    self._counted += max(0, gone)
                    break
        return depths

    def round_trips_ms(self) -> list[float]:
        """Return how long each of 20 PINGs took, the shortest first. Raises StoreUnavailable."""
        took_ms: list[float] = []
        with translated(self._url):
            for _ in range(_PROBES):
                began_ns = time.perf_counter_ns()
                self._client.ping()
                took_ms.append((time.perf_counter_ns() - began_ns) / 1e6)
        return sorted(took_ms)

    def _depths(self) -> Depths:
        queues = (self._keys.unassigned, self._keys.leased, self._keys.conflicts, self._keys.inbox)
        pending, leased, conflicts, inbox = (int(self._client.zcard(queue)) for queue in queues)
        seconds, microseconds = self._client.time()
        added = 0
        if self._client.exists(self._keys.events):
            added = int(self._client.xinfo_stream(self._keys.events)["entries-added"])
        return Depths(pending, leased, conflicts, inbox, seconds * 1000 + microseconds // 1000, added)

    def _page(self) -> bool:
        """Count one page; return whether there may be more."""
        rows: list[tuple[str, Mapping[str, str]]] = self._client.xrange(
            self._keys.events, min=f"({self._after}" if self._after != "0" else "-", count=PAGE
        )
        if not rows:
            return False
        details = self._details(rows)
        for at, event in rows:
            self._tally.happened(event.get("kind", ""), event.get("agent", ""), int(at.partition("-")[0]))
            if at in details:
                self._tally.posted(event.get("agent", ""), details[at])
        self._after = str(rows[-1][0])
        self._counted += len(rows)
        return len(rows) == PAGE

    def _details(self, rows: Sequence[tuple[str, Mapping[str, str]]]) -> dict[str, Mapping[str, str | None]]:
        """Return what the findings among some events say, by the event; nothing of one that is gone or damaged."""
        details: dict[str, Mapping[str, str | None]] = {
            at: {} for at, event in rows if event.get("kind") in _FINDING_KINDS
        }
        asked: list[str] = []
        pipe = self._client.pipeline(transaction=False)
        for at, event in rows:
            if at in details and _ID.fullmatch(event.get("id", "")):
                pipe.hmget(self._keys.finding(event["id"]), *_FIELDS)
                asked.append(at)
        for at, values in zip(asked, pipe.execute(raise_on_error=False), strict=True):
            if isinstance(values, list):
                details[at] = dict(zip(_FIELDS, cast("list[str | None]", values), strict=True))
        return details
