"""The idle cycle, in a pause: grains whose fact is gone or changed die, and served ones that L0 or L1 contradicts."""

from dataclasses import replace

from kitbash.blackboard.grains import MoveCode
from kitbash.blackboard.metabolism import Findings, Lease
from kitbash.domain.grain import GrainState
from kitbash.domain.resonance import Resonance
from kitbash.metabolism.growing import Step, in_order, untrue
from kitbash.metabolism.needs import Needs
from kitbash.metabolism.observing import form_digest
from kitbash.metabolism.outcome import Outcome


def idle(lease: Lease, needs: Needs) -> Outcome:
    """Return which grains are no longer true; they are dead by then, and those that were served are withdrawn."""
    state = needs.store.state()
    promoted = frozenset(Resonance(state.turn, needs.store.patterns()).promoted())
    grains = needs.grains.every()
    strong = {it.grain_id for it in grains if form_digest(it.subject.form) in promoted}
    looked_at = in_order(grains, strong, own_first=state.balance.is_dissonant)
    buried = [step for step in untrue(looked_at, needs.fact_of, needs.rivals_of) if bury(step, needs)]
    return Outcome(
        Findings(replace(state, idle_ms=lease.begun_ms)),
        analysed=len(looked_at),
        found=len(buried),
        changed=[f"{step.grain.grain_id} is dead: {step.reason}" for step in buried],
    )


def bury(step: Step, needs: Needs) -> bool:
    """Have a grain dead; False if somebody changed it meanwhile."""
    if step.grain.state is GrainState.CRYSTALLISED:
        return needs.crystals.withdraw(step.grain)
    return needs.grains.promote(step.grain, step.to) is MoveCode.MOVED
