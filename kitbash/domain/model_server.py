"""A model server as those who watch it describe it."""

from dataclasses import dataclass
from enum import StrEnum


class ServerStatus(StrEnum):
    """How a model server is."""

    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    GIVEN_UP = "given_up"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ServerState:
    """What was last seen of one server.

    `pid` is there when this machine runs it; `load` is the processor time it takes, 1.0 for one core busy, where that
    can be told. `restarts` counts since the supervisor started. `seen_ms` is the time on the blackboard's clock, set by
    the blackboard.
    """

    name: str
    status: ServerStatus
    address: str
    pid: int | None = None
    load: float | None = None
    restarts: int = 0
    detail: str = ""
    seen_ms: int = 0
