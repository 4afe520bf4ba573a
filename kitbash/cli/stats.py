"""`kitbash stats`."""

import time
from typing import Any

from kitbash.archive.layout import DAY_MS, day_of
from kitbash.cascade import stats as counting
from kitbash.cascade.stats import Durations, Stats
from kitbash.cli import output
from kitbash.client import Client
from kitbash.domain.tokens import tokens_json


def stats(*, as_json: bool, days: int) -> None:
    """Print what was counted today and on the days before."""
    now_ms = time.time_ns() // 1_000_000
    wanted = [day_of(now_ms - back * DAY_MS) for back in range(days)]
    with Client() as client:
        drained = client.archive()
        board = client.runtime.board
        found = counting.summary(board.counts(wanted))
        waiting = board.count_ended()
    if as_json:
        output.print_json({"days": days, **record(found, waiting), "archive_error": drained.error})
        return
    output.line(f"queries    {found.queries} in {days} days")
    for status, count in found.statuses.items():
        output.line(f"  {status.value:9} {count}")
    kept = f"{found.archived} written, {waiting} waiting, {found.lost} lost"
    output.line(f"archive    {kept}; the disk refused {found.failed} times")
    if drained.error is not None:
        output.note(f"The archive is not written: {drained.error}")
    contradictions = ", ".join(f"{count} {severity.value}" for severity, count in found.deltas.items() if count)
    output.line(f"deltas     {contradictions or 'none'}")
    tokens = found.tokens
    output.line(
        f"tokens     {tokens.prompt:,} in prompts, {tokens.reply:,} in replies; plain prompts of twenty passages would "
        f"have had {tokens.plain:,}, of which {tokens.avoided:,} were avoided below Layer 4"
    )
    rows = [
        (f"{int(layer)} {layer.label}", count, f"{found.hit_rates[layer]:.1%}", *_times(found.took_by_layer[layer]))
        for layer, count in found.answered.items()
    ]
    rows.append(("all", found.queries, "", *_times(found.took)))
    output.table("Layers", ("layer", "answered", "hit rate", "p50 ms", "p95 ms", "p99 ms"), rows)


def record(found: Stats, waiting: int) -> dict[str, Any]:
    """Return the counts as JSON values."""
    return {
        "queries": found.queries,
        "statuses": {status.value: count for status, count in found.statuses.items()},
        "layers": [
            {
                "layer": int(layer),
                "name": layer.label,
                "answered": count,
                "hit_rate": round(found.hit_rates[layer], 4),
                **_durations(found.took_by_layer[layer]),
            }
            for layer, count in found.answered.items()
        ],
        **_durations(found.took),
        "deltas": {severity.value: count for severity, count in found.deltas.items()},
        "tokens": tokens_json(found.tokens),
        "archive": {"written": found.archived, "waiting": waiting, "failed": found.failed, "lost": found.lost},
    }


def _durations(took: Durations) -> dict[str, float]:
    return {"p50_ms": took.p50_ms, "p95_ms": took.p95_ms, "p99_ms": took.p99_ms}


def _times(took: Durations) -> tuple[str, str, str]:
    return (f"{took.p50_ms:.2f}", f"{took.p95_ms:.2f}", f"{took.p99_ms:.2f}")
