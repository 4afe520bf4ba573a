"""Which stages follow which: the order of the cascade, as data that both the canvas and direct mode read."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from kitbash.blackboard.board import stage_name
from kitbash.domain.layer import Stage
from kitbash.domain.plan import Plan
from kitbash.domain.strategy import Strategy

BEGIN: Final = (Stage.REFLEX, Stage.TRIAGE)
"""The stages before the plan is known."""

CLOSING: Final = (Stage.FUSE, Stage.SYNTHESISE, Stage.GENERATE)
"""The stages after the searches."""

VOTERS: Final = frozenset(CLOSING)
"""The stages whose answers are opinions where engines vote. Layer 2 comes first: it leaves what the others may use."""


@dataclass(frozen=True, slots=True)
class Beyond:
    """What follows triage: searches side by side, then the stages that follow them in order.

    Where engines vote, those run side by side after that, and `last` when all of them have.
    """

    shards: int
    after: tuple[Stage, ...]
    engines: tuple[Stage, ...] = ()
    last: tuple[Stage, ...] = ()


def beyond(plan: Plan) -> Beyond:
    """Return what follows triage. Without cartridges to search there is nothing to fuse or compose."""
    if plan.consensus is not Strategy.NONE:
        after, engines = (CLOSING[:1], CLOSING[1:]) if plan.shards else ((), (Stage.GENERATE,))
        return Beyond(len(plan.shards), after, engines, (Stage.VOTE,))
    return Beyond(len(plan.shards), CLOSING) if plan.shards else Beyond(0, (Stage.GENERATE,))


def rest(done: Collection[str], plan: Plan | None) -> tuple[Stage, ...] | Beyond:
    """Return what is left of a query whose canvas died: stages before the plan, or what is not yet done after it."""
    if plan is None:
        return tuple(stage for stage in BEGIN if stage.value not in done) or (Stage.TRIAGE,)
    whole = beyond(plan)
    after, engines, last = (_undone(it, done) for it in (whole.after, whole.engines, whole.last))
    searched = all(stage_name(Stage.SEARCH, shard) in done for shard in range(whole.shards))
    return Beyond(0 if searched else whole.shards, after, engines, last)


def _undone(stages: Iterable[Stage], done: Collection[str]) -> tuple[Stage, ...]:
    return tuple(stage for stage in stages if stage.value not in done)
