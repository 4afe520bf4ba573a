"""What the blackboard promises about queues: what their workers share, who they are, and what they gave up on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kitbash.domain.layer import Queue


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Something a queue gave up on."""

    queue: Queue
    task: str
    query_id: str
    reason: str
    at_ms: int = 0


class Lanes(Protocol):
    """The part of the blackboard that is about queues. Every method raises StoreUnavailable when it does not answer."""

    def acquire_slot(self, queue: Queue, *, token: str, lease_ms: int, slots: int) -> bool:
        """Take one of a lane's slots until the lease ends, or return False if all are taken."""
        ...

    def release_slot(self, queue: Queue, *, token: str) -> None:
        """Give a slot back."""
        ...

    def bury(self, letter: DeadLetter) -> None:
        """Keep what a queue gave up on; the oldest beyond a thousand are dropped."""
        ...

    def dead(self, queue: Queue) -> Sequence[DeadLetter]:
        """Return what a queue gave up on, the newest first."""
        ...

    def announce(self, worker: str, queues: Sequence[Queue], *, ttl_ms: int) -> None:
        """Let others know for a while that a worker serves these queues."""
        ...

    def workers(self) -> Mapping[Queue, Sequence[str]]:
        """Return the workers that announced themselves, by queue."""
        ...
