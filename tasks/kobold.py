"""Queue `kobold`: Layer 4, the language model, and the honest end of a query that nothing could answer."""

from celery import Task

from kitbash.domain.layer import Stage
from tasks.escalation import take
from tasks.lane import lane


@lane(Stage.GENERATE)
def generate(self: "Task[..., None]", query_id: str) -> None:
    """Let Layer 4 answer this query, or end it as unknown."""
    take(self, Stage.GENERATE, query_id)
