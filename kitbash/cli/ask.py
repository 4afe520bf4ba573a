"""`kitbash ask`."""

import sys

from kitbash.cli import output
from kitbash.cli.main import Exit
from kitbash.client import Client
from kitbash.domain.answer import AskMode, Result, Status, to_json
from kitbash.domain.verdict import Verdict

_CODES = {
    Status.ANSWERED: Exit.ANSWERED,
    Status.UNKNOWN: Exit.UNKNOWN,
    Status.EXPIRED: Exit.TIMED_OUT,
    Status.FAILED: Exit.ERROR,
}


def ask(
    question: str, *, as_json: bool, mode: AskMode, project: str | None, timeout_s: float | None, trace: bool
) -> None:
    """Print the answer to one question, and leave with the exit code of how it ended."""
    with Client() as client:
        result = client.ask(question, mode=mode, project=project, timeout_s=timeout_s)
        if as_json:
            output.print_json(to_json(result))
        else:
            show(result)
            if trace:
                show_path(result.path)
    sys.exit(_CODES[result.answer.status])


def show(result: Result) -> None:
    """Print an answer with what it stands on."""
    answer = result.answer
    output.emphasised(answer.text, "bold" if answer.status is Status.ANSWERED else "yellow")
    if answer.layer is not None:
        how = f"layer {int(answer.layer)} {answer.layer.label}, confidence {answer.confidence:.2f}"
        output.emphasised(f"  {how}, {result.latency_ms:.1f} ms, {result.mode.value}, {result.query_id}", "dim")
    elif answer.status is Status.UNKNOWN and answer.sources:
        output.emphasised("  The nearest evidence:", "dim")
    for number, fact in enumerate(answer.sources, start=1):
        origin = f" ({'; '.join(fact.sources)})" if fact.sources else ""
        text = "" if fact.text == answer.text else f" {fact.text}"
        where = f"{fact.cartridge}#{fact.fact_id}, {fact.level.label}, {fact.confidence:.2f}"
        output.emphasised(f"  [{number}]{text} {where}{origin}", "dim")


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
