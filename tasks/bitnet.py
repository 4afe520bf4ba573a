"""Queue `bitnet`: Layer 1, which plans and counts votes, and Layer 3, which composes."""

from celery import Task

from kitbash.cascade import route
from kitbash.cascade.stages import plan_of
from kitbash.cascade.step import Outcome
from kitbash.domain.ids import QueryId
from kitbash.domain.layer import Stage
from tasks.escalation import beyond, take
from tasks.lane import lane


@lane(Stage.TRIAGE)
def triage(self: "Task[..., None]", query_id: str) -> None:
    """Let Layer 1 plan this query, then send what the plan asks for."""
    stepped = take(self, Stage.TRIAGE, query_id)
    if stepped.outcome is Outcome.CONTINUE:
        beyond(QueryId(query_id), route.beyond(plan_of(stepped.product)))


@lane(Stage.SYNTHESISE)
def synthesise(self: "Task[..., None]", query_id: str) -> None:
    """Let Layer 3 compose an answer from several facts."""
    take(self, Stage.SYNTHESISE, query_id)


@lane(Stage.VOTE)
def vote(self: "Task[..., None]", query_id: str) -> None:
    """Let the engines that have answered vote; ends the query."""
    take(self, Stage.VOTE, query_id)
