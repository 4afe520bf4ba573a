"""The background cycle, every hundred settled queries: counts, resonance, balance, and a grain cycle that passes."""

from dataclasses import dataclass, replace

from kitbash.blackboard.grains import MoveCode
from kitbash.blackboard.metabolism import MOST_RECENT, Findings, Lease
from kitbash.domain.metabolism import WINDOW, Settled, State
from kitbash.domain.resonance import Pattern, Resonance
from kitbash.metabolism.growing import steps
from kitbash.metabolism.needs import Needs
from kitbash.metabolism.observing import clashes, statistics
from kitbash.metabolism.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Heard:
    """What was settled: `last` the newest hundred, `new` those since the last background cycle, newest first."""

    total: int
    last: tuple[Settled, ...]
    new: tuple[Settled, ...]


def background(lease: Lease, needs: Needs) -> Outcome:
    """Return what the queries settled since the last time say, with the grains moved that have earned it.

    The grains' own cycle advances when this is kept (`after`), so that a cycle that dies counts no time.
    """
    store = needs.store
    state = store.state()
    heard = hear(needs, state)
    before = Resonance(state.turn, store.patterns())
    resonance = before.after(it.form for it in heard.new)
    grains = needs.grains.every()
    moving = steps(grains, needs.fact_of, cycle=needs.grains.cycle() + 1)
    moved = [step for step in moving if needs.grains.promote(step.grain, step.to) is MoveCode.MOVED]
    after = digested(state, heard, resonance, grown=len(moved), now_ms=lease.begun_ms)
    promoted = resonance.promoted()
    faded = [digest for digest in before.patterns if digest not in resonance.patterns]
    changed = [f"{step.grain.grain_id} is {step.to.value}: {step.reason}" for step in moved]
    if faded:
        changed.append(f"{len(faded)} question forms have faded")
    asked = _changed(before, resonance)
    return Outcome(
        Findings(after, None, faded, asked),
        analysed=len(heard.new),
        found=len(promoted),
        changed=changed,
        after=needs.grains.advance_cycle,
    )


def hear(needs: Needs, state: State) -> Heard:
    """Return what was settled. A counter that a server lost is believed: then all that is known is new."""
    total = needs.store.count_settled()
    new = total - state.settled if total >= state.settled else total
    recent = tuple(needs.store.recent(min(MOST_RECENT, max(WINDOW, new))))
    return Heard(total, recent[:WINDOW], recent[:new])


def digested(state: State, heard: Heard, resonance: Resonance, *, grown: int, now_ms: int) -> State:
    """Return what is remembered after a turn."""
    return replace(
        state,
        turn=resonance.turn,
        settled=heard.total,
        background_ms=now_ms,
        statistics=statistics(heard.last),
        balance=state.balance.after(resonance.turn, clashes(heard.new), grown=grown + state.crystallised),
        crystallised=0,
    )


def _changed(before: Resonance, after: Resonance) -> dict[str, Pattern]:
    return {digest: it for digest, it in after.patterns.items() if before.patterns.get(digest) != it}
