"""Direct mode: every stage in order in the calling process, through the same work as the workers do.

What one stage found is recorded together with the claim of the next.
"""

from collections import deque

from kitbash.blackboard.board import Claim, Claiming, Ended, NewQuery, RecordCode
from kitbash.cascade import route
from kitbash.cascade.collaborators import Collaborators
from kitbash.cascade.stages import plan_of
from kitbash.cascade.step import KEPT, Job, Outcome, Stepped, claimed, recorded, work
from kitbash.domain.ids import QueryId
from kitbash.domain.layer import Stage
from kitbash.domain.verdict import Verdict


def begin(query: NewQuery, with_: Collaborators) -> Ended | None:
    """Have a new query opened and ended; return how, as `run` does."""
    want = Job(route.BEGIN[0]).claiming(with_)
    return _walk(query.query_id, want, with_.board.begin(query, want), with_)


def run(query_id: QueryId, with_: Collaborators) -> Ended | None:
    """Have an open query ended; return how, or None if another process had a part in it and knows better.

    Raises StoreUnavailable if the blackboard goes away; the sweep then ends the query.
    """
    want = Job(route.BEGIN[0]).claiming(with_)
    return _walk(query_id, want, claimed(query_id, want, with_), with_)


def _walk(query_id: QueryId, want: Claiming, claim: Claim, with_: Collaborators) -> Ended | None:
    jobs = deque(Job(stage) for stage in route.BEGIN)
    verdicts: list[Verdict] = []
    is_alone = True
    job = jobs.popleft()
    while True:
        found = work(job, query_id, want, claim, with_)
        if isinstance(found, Stepped):
            if found.outcome is Outcome.OVER:
                return None
            is_alone = False
        elif found.verdict is not None:
            verdicts.append(found.verdict)
        if job.stage is Stage.TRIAGE:
            beyond = route.beyond(plan_of(found.product or None))
            jobs.extend(Job(Stage.SEARCH, shard) for shard in range(beyond.shards))
            jobs.extend(Job(stage) for stage in (*beyond.after, *beyond.engines, *beyond.last))
        if not isinstance(found, Stepped) and found.answer is not None:
            is_ours = recorded(query_id, found, with_) is RecordCode.RECORDED and is_alone
            return Ended(found.answer, tuple(verdicts)) if is_ours else None
        job = jobs.popleft()
        want = job.claiming(with_)
        if isinstance(found, Stepped):
            claim = claimed(query_id, want, with_)
            continue
        code, claim = with_.board.pass_on(query_id, found, want)
        if code not in KEPT:
            return None
