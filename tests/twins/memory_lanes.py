"""What belongs to a queue and not to a query, in memory: slots, dead letters, workers."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from kitbash.blackboard.lanes import DeadLetter
from kitbash.blackboard.redis_lanes import DEAD_LENGTH
from kitbash.domain.layer import Queue


def system_clock_ms() -> int:
    """Return the milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class MemoryLanes:
    """The half of a `Blackboard` that workers share."""

    def __init__(self, clock_ms: Callable[[], int]) -> None:
        self._clock_ms = clock_ms
        self._shared = threading.Lock()
        self._slots: defaultdict[Queue, dict[str, int]] = defaultdict(dict)
        self._dead: defaultdict[Queue, deque[DeadLetter]] = defaultdict(lambda: deque(maxlen=DEAD_LENGTH))
        self._workers: defaultdict[Queue, dict[str, int]] = defaultdict(dict)

    def acquire_slot(self, queue: Queue, *, token: str, lease_ms: int, slots: int) -> bool:
        with self._shared:
            now_ms = self._clock_ms()
            live = {it: until_ms for it, until_ms in self._slots[queue].items() if until_ms > now_ms}
            self._slots[queue] = live
            if token not in live and len(live) >= slots:
                return False
            live[token] = now_ms + lease_ms
            return True

    def release_slot(self, queue: Queue, *, token: str) -> None:
        with self._shared:
            self._slots[queue].pop(token, None)

    def bury(self, letter: DeadLetter) -> None:
        with self._shared:
            self._dead[letter.queue].appendleft(replace(letter, at_ms=self._clock_ms()))

    def dead(self, queue: Queue) -> Sequence[DeadLetter]:
        with self._shared:
            return list(self._dead[queue])

    def announce(self, worker: str, queues: Sequence[Queue], *, ttl_ms: int) -> None:
        with self._shared:
            for queue in queues:
                self._workers[queue].pop(worker, None)
                if ttl_ms:
                    self._workers[queue][worker] = self._clock_ms() + ttl_ms

    def workers(self) -> Mapping[Queue, Sequence[str]]:
        with self._shared:
            now_ms = self._clock_ms()
            return {queue: [it for it, ends_ms in self._workers[queue].items() if ends_ms > now_ms] for queue in Queue}
