"""`kitbash metabolism run` and `kitbash metabolism status`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from kitbash.blackboard import metabolism_json
from kitbash.blackboard.metabolism import Running
from kitbash.cli import output
from kitbash.client import Client
from kitbash.domain.layer import Layer
from kitbash.domain.metabolism import CycleKind, CycleResult, State
from kitbash.domain.resonance import Resonance
from kitbash.errors import Busy, KitbashError
from kitbash.metabolism.schedule import due

MOST_SHOWN: Final = 10
_NEVER: Final = "never"


def run(kind: CycleKind, *, as_json: bool) -> None:
    """Print what one cycle did. Raises Busy while another runs, and KitbashError for one that was overtaken."""
    with Client() as client:
        # What was asked a moment ago may still wait to be counted.
        client.archive()
        done = client.runtime.metabolism.run(kind)
    if isinstance(done, Running):
        message = (
            f"a {done.kind.value} cycle (number {done.cycle}) runs; it ends, or is taken for dead, within "
            f"{max(1, done.left_ms // 1000)} s: try again then"
        )
        raise Busy(message)
    if not done.success:
        message = f"the {done.kind.value} cycle failed: {done.error}"
        raise KitbashError(message)
    if as_json:
        output.print_json(metabolism_json.RESULT.dump_python(done, mode="json"))
        return
    for text in words(done):
        output.line(text)


def status(*, as_json: bool) -> None:
    """Print statistics, balance, resonance, the last cycles and what is proposed."""
    with Client() as client:
        client.archive()
        metabolism = client.runtime.metabolism
        store = metabolism.needs.store
        state, running, cycles = store.state(), store.running(), store.cycles(MOST_SHOWN)
        resonance = Resonance(state.turn, store.patterns())
        moment = metabolism.moment()
        next_ = due(state, moment, metabolism.needs.rhythm)
    if as_json:
        output.print_json(
            {
                "running": None if running is None else {"cycle": running.cycle, "kind": running.kind.value},
                "due": None if next_ is None else next_.value,
                "waiting": moment.settled - state.settled,
                "state": metabolism_json.STATE.dump_python(state, mode="json"),
                "balance": balance(state),
                "resonance": resonant(resonance),
                "cycles": [metabolism_json.RESULT.dump_python(it, mode="json") for it in cycles],
            }
        )
        return
    _print(state, resonance, cycles, running, due_=next_, waiting=moment.settled - state.settled)


def words(done: CycleResult) -> list[str]:
    """Return what a cycle did, line by line."""
    took_ms = done.completed_ms - done.started_ms
    head = f"{done.kind.value} cycle {done.cycle}: {done.analysed} looked at, {done.found} found, {took_ms} ms"
    if not done.success:
        return [f"{head}; failed: {done.error}"]
    return [head, *(f"  {text}" for text in done.changed or ("nothing changed",))]


def balance(state: State) -> dict[str, Any]:
    """Return what the balance comes to, as JSON values."""
    it = state.balance
    return {
        "is_dissonant": it.is_dissonant,
        "severity": round(it.severity, 4),
        "is_stagnant": it.is_stagnant,
        "urgency": round(it.urgency, 4),
        "persistent": list(it.persistent),
    }


def resonant(resonance: Resonance) -> dict[str, Any]:
    """Return what resonates, as JSON values: digests of question forms."""
    patterns = resonance.patterns
    return {
        "turn": resonance.turn,
        "patterns": len(patterns),
        "active": resonance.active,
        "cruft_ratio": round(resonance.cruft_ratio, 4),
        "strongest": [
            {"form": form[:12], "weight": round(resonance.weight(form), 4), "turns": patterns[form].hits}
            for form in resonance.promoted()[:MOST_SHOWN]
        ],
    }


def _print(
    state: State,
    resonance: Resonance,
    cycles: Sequence[CycleResult],
    running: Running | None,
    *,
    due_: CycleKind | None,
    waiting: int,
) -> None:
    told = resonant(resonance)
    now = f"a {running.kind.value} cycle runs" if running else f"{due_.value} is due" if due_ else "nothing is due"
    output.line(f"now          {now}; {waiting} queries since the last background cycle")
    output.line(f"turn         {state.turn}, {_time(state.background_ms)}; slept {_time(state.sleep_ms)}")
    output.line(f"resonance    {told['patterns']} question forms, {told['active']} of them strong")
    it = state.statistics
    shares = ", ".join(f"{layer.label} {it.share(layer):.0%}" for layer in Layer if it.answered.get(layer))
    output.line(f"last {it.queries:<8}answered by {shares or 'nobody'}")
    rates = f"{it.success_rate:.0%} sure, {it.question_rate:.0%} asked back, {it.critical_rate:.0%} critical"
    severities = ", ".join(f"{count} {severity.value}" for severity, count in it.severities.items() if count)
    output.line(f"             {rates}; contradictions: {severities or 'none'}")
    for pair, count in it.clashing:
        output.line(f"             {pair.replace('|', ' against ')}: {count} times")
    output.line(f"balance      {_balance(state)}")
    if state.calibration is not None:
        at = state.calibration
        output.line(f"calibration  {at.judged} judged: {at.confidence:.1%} sure, {at.right:.1%} right")
    if state.review is not None:
        it, before = state.review, state.review.precision
        against = f"against {before.share:.1%} of {before.judged} votes"
        output.line(f"review       {len(it.grains)} grains of cycle {it.cycle}, {against}")
    for proposal in state.proposals:
        output.line(f"proposed     {proposal.about}: {proposal.action} ({proposal.reason})")
    for done in cycles:
        for text in words(done):
            output.line(text)


def _balance(state: State) -> str:
    it = state.balance
    if it.is_dissonant:
        return f"dissonant, severity {it.severity:.2f}: shorter pauses and nights"
    stands = f"nothing moved on for {it.stagnant_turns} turns"
    if it.is_stagnant:
        return f"stagnant, urgency {it.urgency:.1f}: {stands}; sleep proposes what to add"
    return f"in balance; {stands}" if it.stagnant_turns else "in balance"


def _time(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC" if at_ms else _NEVER
