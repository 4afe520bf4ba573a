"""The canvas: chains and a chord of immutable signatures that carry a question upwards until it is answered."""

from celery import Task, chain, chord
from celery.canvas import Signature

from kitbash.cascade import route
from kitbash.cascade.route import Beyond
from kitbash.cascade.step import Outcome, Stepped, step
from kitbash.celery import app
from kitbash.domain.ids import QueryId
from kitbash.domain.layer import Stage
from kitbash.domain.plan import Plan
from kitbash.runtime import current


def begin(query_id: QueryId) -> None:
    """Have the first stages of a query sent: reflex, then triage, which sends the rest."""
    _line([_link(stage, query_id) for stage in route.BEGIN]).apply_async()


def beyond(query_id: QueryId, what: Beyond) -> None:
    """Have the stages after triage sent: the searches side by side, then fuse, synthesise, generate."""
    after: list[Signature] = [_link(stage, query_id) for stage in what.after]
    if what.last:
        # Engines that vote: Layers 3 and 4 side by side, and the vote when both have answered.
        after.append(_joined([_link(it, query_id) for it in what.engines], [_link(it, query_id) for it in what.last]))
    searches = [_link(Stage.SEARCH, query_id, shard) for shard in range(what.shards)]
    _joined(searches, after).apply_async()


def resume(query_id: QueryId, done: frozenset[str], plan: Plan | None) -> None:
    """Have what is left of a query sent again; stages that are done, or run elsewhere, let a duplicate pass."""
    rest = route.rest(done, plan)
    if isinstance(rest, Beyond):
        beyond(query_id, rest)
    else:
        _line([_link(stage, query_id) for stage in rest]).apply_async()


def take(task: "Task[..., None]", stage: Stage, query_id: str, shard: int | None = None) -> Stepped:
    """Run one stage of a query in a task; when the query is over, drop what is left of the task's chain."""
    stepped = step(stage, QueryId(query_id), current().collaborators, shard=shard)
    if stepped.outcome is Outcome.OVER:
        task.request.chain = None
    return stepped


def _link(stage: Stage, query_id: QueryId, *arguments: int) -> Signature:
    return app.signature(stage.value, args=(query_id, *arguments), immutable=True)


def _joined(side_by_side: list[Signature], after: list[Signature]) -> Signature:
    # A chord of one would pay for a join that has nothing to join.
    return chord(side_by_side, _line(after)) if len(side_by_side) > 1 else _line([*side_by_side, *after])


def _line(links: list[Signature]) -> Signature:
    return links[0] if len(links) == 1 else chain(*links)
