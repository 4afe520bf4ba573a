"""What a client of the bus remembers between calls: on whose behalf it speaks, and which leases it holds."""

from typing import Final

from kitbash.swarm import check
from kitbash.swarm.errors import Invalid
from kitbash.swarm.keys import DEFAULT_PREFIX, Keys
from kitbash.swarm.request import Bus
from kitbash.swarm.sealing import NoSealer, Sealer
from kitbash.swarm.task import Lease, Task

LEAST_LEASE_S: Final = 0.001
MOST_LEASES: Final = 10_000
"""How many leases a client remembers; the oldest is forgotten first."""


class Session:
    """The part of a client that sends nothing. `agent_id` is who speaks where a call does not say."""

    def __init__(
        self, *, prefix: str = DEFAULT_PREFIX, agent_id: str = "", lease_s: float = 300.0, sealer: Sealer | None = None
    ) -> None:
        """Hold what calls share. Raises Invalid for a prefix that is none."""
        self.agent_id = agent_id
        self.sealer: Sealer = sealer or NoSealer()
        is_off = isinstance(self.sealer, NoSealer)
        self.bus = Bus(Keys(prefix), is_sealed=not is_off, lease_ms=milliseconds(lease_s))
        self.leases: dict[str, Lease] = {}
        """The leases this client was given, by task, lost ones too: a late call stays fenced."""

    def by(self, agent_id: str, other: str = "") -> str:
        """Return on whose behalf a call is: as it says, else as the client does, else another name. Raises Invalid."""
        return check.text(agent_id or self.agent_id or other, "agent_id", most_chars=check.MAX_NAME_CHARS)

    def token(self, task: Task | str, token: int | None) -> int | None:
        """Return the fencing token of a task: as the call says, else the task's own, else the last lease's, else None.

        The task's own comes first because another thread of this client may have had the task since.
        """
        if token is not None:
            return token
        if isinstance(task, Task) and task.token is not None:
            return task.token
        lease = self.leases.get(id_of(task))
        return None if lease is None else lease.token

    def noted(self, lease: Lease | None) -> bool:
        """Remember a lease; return whether there is one. Without one, what was held before stays noted."""
        if lease is None:
            return False
        self.leases.pop(lease.task_id, None)
        self.leases[lease.task_id] = lease
        while len(self.leases) > MOST_LEASES:
            self.leases.pop(next(iter(self.leases)), None)
        return True

    def left(self, task_id: str, token: int | None) -> None:
        """Forget the lease that a task was left with."""
        lease = self.leases.get(task_id)
        if lease is not None and token in {None, lease.token}:
            self.leases.pop(task_id, None)

    def lease_ms(self, lease_s: float | None) -> int:
        """Return how long a lease lasts, in milliseconds: as the call says, else as the client does."""
        return self.bus.lease_ms if lease_s is None else milliseconds(lease_s)


def milliseconds(seconds: float) -> int:
    """Return seconds in whole milliseconds. Raises Invalid for what is no such length of time."""
    if not LEAST_LEASE_S <= seconds <= check.MAX_TTL_S:
        message = f"a lease lasts from {LEAST_LEASE_S} to {check.MAX_TTL_S:,} s, not {seconds} s"
        raise Invalid(message)
    return int(seconds * 1000)


def id_of(task: Task | str) -> str:
    """Return the id of a task given as such or by its id. Raises Invalid for an id that is none."""
    return check.name_in_key(task if isinstance(task, str) else task.id, "task id")


def threshold_of(threshold: float | None, conflict_threshold: float | None, default: float) -> float:
    """Return the threshold by whichever of its two names it was given. Raises Invalid for two that differ."""
    if threshold is not None and conflict_threshold is not None and threshold != conflict_threshold:
        message = f"threshold={threshold} and conflict_threshold={conflict_threshold} are the same thing; give one"
        raise Invalid(message)
    given = conflict_threshold if threshold is None else threshold
    return default if given is None else check.fraction(given, "threshold")
