"""The sleep cycle: was the last one good? Then what has earned it crystallises, and a person is told what to decide."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from kitbash.blackboard.metabolism import Findings, KeepCode, Lease
from kitbash.domain.grain import Grain, GrainState
from kitbash.domain.metabolism import Changes, Precision, Proposal, State
from kitbash.domain.resonance import Resonance
from kitbash.metabolism import proposing, reviewing
from kitbash.metabolism.growing import Step, crystals
from kitbash.metabolism.idle import bury
from kitbash.metabolism.needs import Needs
from kitbash.metabolism.outcome import Outcome

MOST_NEW: Final = 500
"""How many grains one cycle crystallises at most; the others wait for the next."""
MOST_REVIEWED: Final = 1000


class Overtaken(Exception):
    """The lease ended while the cycle was at work: somebody else's cycle counts now."""


def sleep(lease: Lease, needs: Needs, *, lease_ms: int) -> Outcome:
    """Return what a night changed.

    What is to be served is noted as pending before it is, and the note is taken back with the outcome: a cycle that
    dies in between leaves a list of what it may have done, which the next one reviews as its own.
    """
    state = needs.store.state()
    changed: list[str] = []
    if not state.sleep_ms and (restored := needs.crystals.restore()):
        changed.append(f"{restored} grains are back from their files: this blackboard is new to them")
    grains = needs.grains.every()
    votes = Precision(*needs.grains.votes())
    review = _adopted(state)
    if review is not None and reviewing.is_worse(review, votes):
        _keep(lease, needs, state, lease_ms)
        changed += _rolled_back(review, votes, needs)
        passing: list[Step] = []
        review = None
    else:
        passing = crystals(grains, needs.fact_of, needs.rivals_of)
    new = [step.grain for step in passing if step.to is GrainState.CRYSTALLISED][:MOST_NEW]
    review = _reviewed(lease, review, new, votes)
    _keep(lease, needs, replace(state, pending=review, review=None), lease_ms)
    made = [grain for grain in new if needs.crystals.crystallise(grain)]
    buried = [step for step in passing if step.to is GrainState.DEAD and bury(step, needs)]
    changed += [f"{grain.grain_id} crystallised: it answers for {_named(grain)}" for grain in made]
    changed += [f"{step.grain.grain_id} is dead: {step.reason}" for step in buried]
    proposals = _proposals(lease, state, needs, grains)
    fresh = {it.about for it in proposals} - {it.about for it in state.proposals}
    changed += [f"proposed: {it.about}: {it.action}" for it in proposals if it.about in fresh]
    after = replace(
        state,
        sleep_ms=lease.begun_ms,
        calibration=proposing.calibration(grains),
        crystallised=state.crystallised + len(made),
        pending=None,
        review=review,
        proposals=proposals,
    )
    return Outcome(Findings(after), analysed=len(grains), found=len(passing), changed=changed)


def _keep(lease: Lease, needs: Needs, state: State, lease_ms: int) -> None:
    """Have a state kept and the lease lengthened before anything is changed. Raises Overtaken if it is lost."""
    if needs.store.keep(lease, Findings(state), lease_ms=lease_ms) is not KeepCode.KEPT:
        raise Overtaken


def _adopted(state: State) -> Changes | None:
    """Return what is under review, with what a cycle that died may have changed."""
    return state.review if state.pending is None else state.pending


def _rolled_back(review: Changes, votes: Precision, needs: Needs) -> list[str]:
    """Have what was changed withdrawn, and say so."""
    now = reviewing.since(review, votes)
    found = [grain for grain_id in review.grains if (grain := needs.grains.get(grain_id)) is not None]
    served = [grain for grain in found if grain.state is GrainState.CRYSTALLISED]
    gone = [grain for grain in served if needs.crystals.withdraw(grain)]
    fell = f"precision fell from {review.precision.share:.1%} to {now.share:.1%} ({now.right} of {now.judged} votes)"
    return [f"{fell}: the {len(gone)} grains of cycle {review.cycle} are withdrawn"]


def _reviewed(lease: Lease, review: Changes | None, new: Sequence[Grain], votes: Precision) -> Changes | None:
    """Return what the next cycle reviews: this one's changes, and older ones that too few votes have spoken about."""
    older = review if review is not None and not reviewing.is_settled(review, votes) else None
    ids = tuple(grain.grain_id for grain in new)
    if older is not None:
        together = (*ids, *(it for it in older.grains if it not in ids))[:MOST_REVIEWED]
        return replace(older, cycle=lease.cycle if ids else older.cycle, grains=together)
    return Changes(lease.cycle, lease.begun_ms, ids, votes) if ids else None


def _proposals(lease: Lease, state: State, needs: Needs, grains: Sequence[Grain]) -> tuple[Proposal, ...]:
    resonance = Resonance(state.turn, needs.store.patterns())
    found = [
        *proposing.contradictions(state.balance, lease.cycle),
        *proposing.levels(grains, needs.library.fact, lease.cycle),
        *proposing.threshold(
            grains, needs.threshold, needs.target_precision, lease.cycle, is_calibrated=needs.is_calibrated
        ),
        *proposing.gaps(state.balance, resonance, needs.store.recent(1000), lease.cycle),
    ]
    return proposing.merged(state.proposals, found)


def _named(grain: Grain) -> str:
    return f"{grain.subject.cartridge}#{grain.subject.fact_id}"
