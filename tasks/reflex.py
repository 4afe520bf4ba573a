"""Queue `reflex`: Layer 0."""

from celery import Task

from kitbash.domain.layer import Stage
from tasks.escalation import take
from tasks.lane import lane


@lane(Stage.REFLEX)
def answer(self: "Task[..., None]", query_id: str) -> None:
    """Let Layer 0 try this query: exact question forms."""
    take(self, Stage.REFLEX, query_id)
