"""`kitbash ask`."""

import sys
from typing import Any

from kitbash.blackboard.board import Trace
from kitbash.cascade import confidence, explanation
from kitbash.cascade.deliberation import curated
from kitbash.cascade.stages import candidates_in, curation_in
from kitbash.cli import drafting, output
from kitbash.cli.drafting import Draft
from kitbash.cli.main import Exit
from kitbash.client import Client
from kitbash.domain.answer import AskMode, Result, Status, to_json
from kitbash.domain.checked import OWN_MARK
from kitbash.domain.ids import parse_query_id
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.strategy import Strategy
from kitbash.domain.verdict import Verdict

_CODES = {
    Status.ANSWERED: Exit.ANSWERED,
    Status.UNKNOWN: Exit.UNKNOWN,
    Status.EXPIRED: Exit.TIMED_OUT,
    Status.FAILED: Exit.ERROR,
}


def ask(
    question: str,
    *,
    as_json: bool,
    mode: AskMode,
    project: str | None,
    user: str,
    timeout_s: float | None,
    trace: bool,
    consensus: Strategy | None,
) -> None:
    """Print the answer to one question, and leave with the exit code of how it ended."""
    with Client() as client:
        draft = Draft() if drafting.is_wanted() and not as_json else None
        result = client.ask(
            question,
            mode=mode,
            project=project,
            user=user,
            timeout_s=timeout_s,
            on_event=draft.show if draft else None,
            consensus=consensus,
        )
        if draft:
            draft.end()
        if as_json:
            told = {"why": why(client.trace(parse_query_id(result.query_id)))} if trace else {}
            output.print_json(to_json(result) | told)
        else:
            show(result)
            if trace:
                show_path(result.path)
                found = client.trace(parse_query_id(result.query_id))
                show_thought(found)
                show_why(found)
    sys.exit(_CODES[result.answer.status])


def show(result: Result) -> None:
    """Print an answer with what it stands on."""
    answer = result.answer
    output.emphasised(answer.text, "bold" if answer.status is Status.ANSWERED else "yellow")
    if answer.layer is not None:
        how = f"layer {int(answer.layer)} {answer.layer.label}, confidence {answer.confidence:.2f}"
        output.emphasised(f"  {how}, {result.latency_ms:.1f} ms, {result.mode.value}, {result.query_id}", "dim")
    else:
        output.emphasised(
            f"  {answer.status.value}, {result.latency_ms:.1f} ms, {result.mode.value}, {result.query_id}", "dim"
        )
        if answer.sources:
            output.emphasised("  The nearest evidence:", "dim")
    for verdict in result.path:
        if verdict.stage is Stage.VOTE:
            output.emphasised(f"  {verdict.reason}", "dim")
    for number, fact in enumerate(answer.sources, start=1):
        origin = f" ({'; '.join(fact.sources)})" if fact.sources else ""
        text = "" if fact.text == answer.text else f" {fact.text}"
        where = f"{fact.cartridge}#{fact.fact_id}, {fact.level.label}, {fact.confidence:.2f}"
        output.emphasised(f"  [{number}]{text} {where}{origin}", "dim")
    if answer.layer is Layer.KOBOLD and OWN_MARK in answer.text:
        output.emphasised(f"  {OWN_MARK} the model's own words, which no source bears out", "dim")
    if answer.tokens is not None and answer.tokens.prompt:
        spent = f"{answer.tokens.prompt} tokens in the prompt, {answer.tokens.reply} in the reply"
        output.emphasised(f"  {spent}; a plain prompt of twenty passages has about {answer.tokens.plain}", "dim")


def show_path(path: tuple[Verdict, ...]) -> None:
    """Print every layer's verdict."""
    rows = [
        (
            f"{int(it.layer)} {it.layer.label}",
            "passed" if it.passed else "-",
            f"{it.confidence:.3f}",
            f"{it.threshold:.2f}",
            f"{it.latency_ms:.2f}",
            it.reason,
        )
        for it in path
    ]
    output.table("Path", ("layer", "", "confidence", "threshold", "ms", "reason"), rows)


def show_thought(trace: Trace) -> None:
    """Print what a query's levels contradicted each other in, where items ended, and what triage decided about it."""
    if trace.coupled is None:
        return
    coupled = trace.coupled
    deltas = [
        (
            it.delta_id,
            it.severity.value,
            f"L{it.a.value}-L{it.b.value}",
            f"{it.size:g}",
            it.item_a,
            it.item_b,
            it.resolution,
        )
        for it in coupled.deltas
    ]
    if deltas:
        output.table("Deltas", ("delta", "severity", "levels", "size", "item", "against", "resolution"), deltas)
    items = [
        (
            it.level.label,
            it.ident,
            f"{it.probability:.3f}",
            coupled.placement(it.ident).place.value,
            coupled.placement(it.ident).reason,
        )
        for it in trace.items
    ]
    output.table("Spotlights", ("level", "item", "probability", "place", "reason"), items)
    decisions = [(it.decision_id, it.kind.value, it.rationale, ", ".join(it.output)) for it in trace.decisions]
    output.table("Decisions", ("decision", "type", "rationale", "output"), decisions)


def why(trace: Trace) -> list[dict[str, Any]]:
    """Return what made the confidence of each part's likeliest fact, as JSON has it."""
    return [explanation.to_json(it) for it in _explained(trace)]


def show_why(trace: Trace) -> None:
    """Print which features made the confidence of each part's likeliest fact."""
    for it in _explained(trace):
        terms = sorted((term for term in it.terms if term.value), key=lambda term: -abs(term.contribution))
        rows = [(term.name, f"{term.value:.3f}", f"{term.contribution:+.3f}") for term in terms]
        rows.append(("bias", "", f"{it.bias:+.3f}"))
        whole = f"Why {it.probability:.3f} for {it.fact}" + (f", part {it.part}" if it.part else "")
        output.table(whole, ("feature", "value", "log odds"), rows)
        moved = "" if (it.scale.slope, it.scale.offset) == (1, 0) else f" x {it.scale.slope:g} {it.scale.offset:+g}"
        said = f"  {it.log_odds:+.3f}{moved} log odds, lead {it.margin:.3f}: {it.probability:.3f}"
        said += f"; from {it.scale.threshold:.3f} on by calibration ({it.scale.origin.value})"
        said += "; an exact question form" if it.is_exact else ""
        output.line(said + (f"; veto: {it.veto}" if it.veto else ""))


def _explained(trace: Trace) -> list[explanation.Explanation]:
    candidates = curated(candidates_in(trace.work), curation_in(trace.work))
    return explanation.explain(candidates, confidence.load())
