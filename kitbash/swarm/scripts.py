"""The Lua scripts of the bus by verb, as text with the digest that the server knows them by."""

import hashlib
from enum import IntEnum, StrEnum
from functools import cache

from kitbash import assets


class Verb(StrEnum):
    """One script a verb: `lua/swarm/<verb>.lua`."""

    POST_TASK = "post_task"
    CLAIM_TASK = "claim_task"
    RENEW_TASK = "renew_task"
    LEAVE_TASK = "leave_task"
    WAITING_TASKS = "waiting_tasks"
    REQUEUE_TASKS = "requeue_tasks"
    DROP_STALE = "drop_stale"
    RESTORE_TASK = "restore_task"
    POST_FINDING = "post_finding"
    KEEP = "keep"
    OPEN_MATTER = "open_matter"
    RESOLVE_MATTER = "resolve_matter"
    ESCALATE = "escalate"
    ANSWER = "answer"
    ADMIT = "admit"
    PUBLISH_KEYS = "publish_keys"


class WriteCode(IntEnum):
    """What came of a script that writes once."""

    DONE = 1
    DONE_BEFORE = 2
    OTHER = 0
    ABSENT = -2
    OCCUPIED = -9


class ClaimCode(IntEnum):
    """What came of claiming a task."""

    CLAIMED = 1
    CLAIMED_BEFORE = 2
    HELD = 0
    ENDED = -1
    ABSENT = -2
    BLOCKED = -3
    OCCUPIED = -9


@cache
def source(verb: Verb) -> str:
    """Return the text of a script."""
    return assets.path(f"lua/swarm/{verb.value}.lua").read_text(encoding="utf-8")


@cache
def digest(verb: Verb) -> str:
    """Return the SHA-1 by which the server names a script it has seen."""
    return hashlib.sha1(source(verb).encode(), usedforsecurity=False).hexdigest()
