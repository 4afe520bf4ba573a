"""Queue `bitnet`: Layer 1, which plans, and Layer 3, which composes."""

from celery import Task

from kitbash.cascade import route
from kitbash.cascade.step import Outcome, plan_of
from kitbash.celery import app
from kitbash.domain.ids import QueryId
from kitbash.domain.layer import Stage
from tasks.escalation import beyond, take
from tasks.lane import options


@app.task(**options(Stage.TRIAGE))
def triage(self: Task, query_id: str) -> None:
    """Let Layer 1 plan this query, then send what the plan asks for."""
    stepped = take(self, Stage.TRIAGE, query_id)
    if stepped.outcome is Outcome.CONTINUE:
        beyond(QueryId(query_id), route.beyond(plan_of(stepped.product)))


@app.task(**options(Stage.SYNTHESISE))
def synthesise(self: Task, query_id: str) -> None:
    """Let Layer 3 compose an answer from several facts."""
    take(self, Stage.SYNTHESISE, query_id)
