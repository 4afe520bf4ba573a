"""A unit of work that one agent at a time has under a lease."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from kitbash.swarm import check
from kitbash.swarm.stored import Fields, dumps, json_fits, mapping

TTL_S: Final = 86_400
MAX_DESCRIPTION_CHARS: Final = 20_000
MAX_RESULT_CHARS: Final = 20_000
MOST_PRIORITY: Final = 1000
_PRIORITY_STEP_MS: Final = 2**42
"""More than all milliseconds of the next century: a higher priority comes before any age, and both fit in a double."""

_FIELDS: Final = (
    "id",
    "score",
    "ttl_seconds",
    "description",
    "data",
    "type",
    "status",
    "assignee",
    "created_at",
    "updated_at",
    "priority",
)
"""The fields of a task that is posted, as `lua/swarm/post_task.lua` names them."""


class TaskStatus(StrEnum):
    """Where a task is in its life; the value is its wire name."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    NEEDS_ASSIST = "needs_assist"
    COMPLETED = "completed"
    FAILED = "failed"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Task:
    """A unit of work. `priority` is -1000 to 1000, higher is sooner; `attempts` counts how often it was claimed.

    Raises Invalid for fields out of bounds.
    """

    id: str = field(default_factory=check.new_id)
    description: str = ""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    type: str = "general"
    status: TaskStatus = TaskStatus.PENDING
    assignee: str = ""
    created_at: datetime = field(default_factory=check.now)
    updated_at: datetime = field(default_factory=check.now)
    ttl_seconds: int = TTL_S
    priority: int = 0
    attempts: int = 0
    result: str = ""
    is_posted: bool = field(default=False, compare=False)
    """whether it was read from the bus, so that a claim need not bring it along"""
    token: int | None = field(default=None, compare=False)
    """the fencing token of the claim that handed it out, None for a task that `next_task` did not return"""

    def __post_init__(self) -> None:
        """Check the fields. Raises Invalid."""
        check.name_in_key(self.id, "task id")
        check.text(self.description, "description", most_chars=MAX_DESCRIPTION_CHARS)
        check.text(self.type, "type", most_chars=check.MAX_NAME_CHARS)
        check.text(self.assignee, "assignee", most_chars=check.MAX_NAME_CHARS)
        check.text(self.result, "result", most_chars=MAX_RESULT_CHARS)
        json_fits(check.mapping(self.data, "data"), "data")
        check.ttl_s(self.ttl_seconds)
        check.whole(self.priority, "priority", least=-MOST_PRIORITY, most=MOST_PRIORITY)
        check.put(
            self,
            status=check.one_of(TaskStatus, self.status, "status"),
            created_at=check.instant(self.created_at, "created_at"),
            updated_at=check.instant(self.updated_at, "updated_at"),
        )

    @property
    def score(self) -> str:
        """Return its place in the queue as Redis reads it: the least is next, by priority, then by age."""
        return str(int(self.created_at.timestamp() * 1000) - self.priority * _PRIORITY_STEP_MS)


@dataclass(frozen=True, slots=True)
class Lease:
    """That an agent has a task until a time in milliseconds since 1970. `token` grows with every claim of the task."""

    task_id: str
    token: int
    until_ms: int


def contents_of(task: Task) -> dict[str, Any]:
    """Return what of a task never changes, as JSON values; this is what its packet carries."""
    return {
        "id": task.id,
        "description": task.description,
        "data": dict(task.data),
        "type": task.type,
        "priority": task.priority,
        "created_at": task.created_at.isoformat(),
        "ttl_seconds": task.ttl_seconds,
    }


def values_of(task: Task) -> list[str]:
    """Return the values of a task's hash in the order in which the script `post_task` takes them."""
    return [
        task.id,
        task.score,
        str(task.ttl_seconds),
        task.description,
        dumps(dict(task.data)) if task.data else "{}",
        task.type,
        task.status.value,
        task.assignee,
        task.created_at.isoformat(),
        task.updated_at.isoformat(),
        str(task.priority),
    ]


def fields_of(task: Task) -> dict[str, str]:
    """Return a task as the fields of its hash. `score` is for the scripts."""
    return dict(zip(_FIELDS, values_of(task), strict=True))


def of_fields(fields: Fields) -> Task:
    """Return the task that a hash holds. Raises KeyError or ValueError for anything else."""
    return Task(
        id=fields["id"],
        description=fields["description"],
        data=mapping(fields["data"]),
        type=fields["type"],
        status=TaskStatus(fields["status"]),
        assignee=fields["assignee"],
        created_at=check.instant(fields["created_at"], "created_at"),
        updated_at=check.instant(fields["updated_at"], "updated_at"),
        ttl_seconds=int(fields["ttl_seconds"]),
        priority=int(fields["priority"]),
        attempts=int(fields.get("attempts", "0")),
        result=fields.get("result", ""),
        is_posted=True,
    )
