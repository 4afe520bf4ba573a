"""What the cascade cannot answer becomes a task: a query that ended as unknown, once, when it is archived."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from kitbash.blackboard.board import Trace
from kitbash.domain.answer import Status
from kitbash.domain.ids import QueryId, parse_query_id
from kitbash.domain.question import printable
from kitbash.errors import KitbashError, StoreUnavailable, UsageError
from kitbash.observe import logs
from kitbash.swarm.task import Task

if TYPE_CHECKING:
    from kitbash.swarm.client import RedisBusClient

TYPE: Final = "question"
MAX_QUESTION_CHARS: Final = 2000
MAX_PROJECT_CHARS: Final = 100
PAUSE_S: Final = 10.0
"""How long a bus that does not answer is left alone, so that a batch of queries does not wait for each."""
_BEGIN: Final = "question-"

_log: Final = logs.logger(__name__)


def task_id_of(query_id: QueryId) -> str:
    """Return the id of the task that a query becomes: the same whoever opens it, so that it is opened once."""
    return f"{_BEGIN}{query_id}"


def query_of(task: Task) -> QueryId | None:
    """Return the query that a task carries in its data, or None for one that is none."""
    found = task.data.get("query_id")
    try:
        return parse_query_id(found) if isinstance(found, str) else None
    except UsageError:
        return None


def question_of(task: Task) -> str:
    """Return the question that a task carries, on one line and bounded, or nothing."""
    found = task.data.get("question")
    return printable(found)[:MAX_QUESTION_CHARS] if isinstance(found, str) else ""


def task_for(trace: Trace) -> Task | None:
    """Return the task that an ended query becomes, or None unless nobody knew the answer."""
    if trace.answer is None or trace.answer.status is not Status.UNKNOWN:
        return None
    question = printable(trace.text)[:MAX_QUESTION_CHARS]
    project = printable(trace.project)[:MAX_PROJECT_CHARS]
    data = {"query_id": trace.query_id, "question": question, "project": project}
    return Task(id=task_id_of(trace.query_id), description=question, type=TYPE, data=data)


def opener(bus: "Callable[[], RedisBusClient]", agent: str) -> Callable[[Trace], None]:
    """Return what opens a task for each query it is told of that needs one.

    A bus that does not take it is told in the log: what archives must not wait for it.
    """
    rests_until_s = 0.0

    def hear(trace: Trace) -> None:
        nonlocal rests_until_s
        task = task_for(trace)
        if task is None:
            return
        if time.monotonic() < rests_until_s:
            _log.warning("swarm.task_not_opened", query_id=trace.query_id, reason="the bus did not answer a moment ago")
            return
        try:
            bus().post_task(task, agent)
        except KitbashError as error:
            rests_until_s = time.monotonic() + PAUSE_S if isinstance(error, StoreUnavailable) else 0.0
            _log.warning("swarm.task_not_opened", query_id=trace.query_id, reason=str(error))

    return hear
