"""The metabolism's memory in this process, with a clock that a test can turn."""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from kitbash.blackboard.metabolism import MOST_CYCLES, MOST_RECENT, Findings, KeepCode, Lease, Running
from kitbash.domain.metabolism import CycleKind, CycleResult, Settled, State
from kitbash.domain.resonance import Pattern
from tests.twins.memory_lanes import system_clock_ms


class MemoryMetabolism:
    """A `MetabolismStore` for tests."""

    def __init__(self, *, clock_ms: Callable[[], int] = system_clock_ms) -> None:
        self._clock_ms = clock_ms
        self._shared = threading.Lock()
        self._recent: deque[Settled] = deque(maxlen=MOST_RECENT)
        self._cycles: deque[CycleResult] = deque(maxlen=MOST_CYCLES)
        self._patterns: dict[str, Pattern] = {}
        self._state = State()
        self._settled = 0
        self._number = 0
        self._lease: Lease | None = None
        self._until_ms = 0

    def note(self, settled: Sequence[Settled]) -> None:
        with self._shared:
            self._recent.extendleft(settled)
            self._settled += len(settled)

    def recent(self, limit: int) -> Sequence[Settled]:
        with self._shared:
            return list(self._recent)[:limit]

    def count_settled(self) -> int:
        return self._settled

    def now_ms(self) -> int:
        return self._clock_ms()

    def begin(self, kind: CycleKind, *, token: str, lease_ms: int) -> Lease | Running:
        with self._shared:
            now_ms = self._clock_ms()
            if self._lease is not None and self._until_ms > now_ms:
                return Running(self._lease.cycle, self._lease.kind, self._until_ms - now_ms)
            self._number += 1
            self._lease, self._until_ms = Lease(self._number, token, kind, now_ms), now_ms + lease_ms
            return replace(self._lease)

    def running(self) -> Running | None:
        with self._shared:
            left_ms = self._until_ms - self._clock_ms()
            return Running(self._lease.cycle, self._lease.kind, left_ms) if self._lease and left_ms > 0 else None

    def keep(self, lease: Lease, findings: Findings, *, lease_ms: int) -> KeepCode:
        with self._shared:
            now_ms = self._clock_ms()
            if self._lease is None or self._lease.token != lease.token or self._until_ms <= now_ms:
                return KeepCode.LOST
            self._state = findings.state or self._state
            if findings.result is not None:
                self._cycles.appendleft(findings.result)
            for digest in findings.faded:
                self._patterns.pop(digest, None)
            self._patterns |= findings.asked
            self._until_ms = now_ms + lease_ms
            self._lease = self._lease if lease_ms else None
            return KeepCode.KEPT

    def state(self) -> State:
        return self._state

    def patterns(self) -> Mapping[str, Pattern]:
        with self._shared:
            return dict(self._patterns)

    def cycles(self, limit: int) -> Sequence[CycleResult]:
        with self._shared:
            return list(self._cycles)[:limit]
