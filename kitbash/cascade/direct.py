"""Direct mode: every stage in order in the calling process, through the same step as the workers use."""

from kitbash.cascade import route
from kitbash.cascade.collaborators import Collaborators
from kitbash.cascade.step import Outcome, plan_of, step
from kitbash.domain.ids import QueryId
from kitbash.domain.layer import Stage


def run(query_id: QueryId, with_: Collaborators) -> None:
    """Have an open query ended. Raises StoreUnavailable if the blackboard goes away; the sweep then ends it."""
    product: str | None = None
    for stage in route.BEGIN:
        stepped = step(stage, query_id, with_)
        if stepped.outcome is Outcome.OVER:
            return
        product = stepped.product
    beyond = route.beyond(plan_of(product))
    for shard in range(beyond.shards):
        if step(Stage.SEARCH, query_id, with_, shard=shard).outcome is Outcome.OVER:
            return
    for stage in beyond.after:
        if step(stage, query_id, with_).outcome is Outcome.OVER:
            return
