"""What is counted of ended queries, and what the counts say: how many each layer answered, and how long they took.

A duration is counted in one of many narrow classes, each 5 % wider than the one before, so that percentiles need no
list of all durations and are at most 5 % off.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final

from kitbash.blackboard.board import Trace
from kitbash.domain.answer import Status
from kitbash.domain.coupling import Severity
from kitbash.domain.layer import Layer
from kitbash.domain.tokens import Tokens

_GROWTH: Final = math.log(1.05)
NOBODY: Final = "none"
"""In the place of a layer when no layer answered."""

WRITTEN: Final = "archive.written"
FAILED: Final = "archive.failed"
LOST: Final = "archive.lost"
_TOKENS: Final = "tokens."
PERCENTILES: Final = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Durations:
    """How long queries took, in milliseconds; 0 where there were none."""

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Stats:
    """What is known of all queries of some days. `hit_rates` are shares of all queries, 0 to 1, by layer.

    `tokens` are sums over all queries.
    """

    queries: int
    statuses: Mapping[Status, int]
    answered: Mapping[Layer, int]
    hit_rates: Mapping[Layer, float]
    took: Durations
    took_by_layer: Mapping[Layer, Durations]
    deltas: Mapping[Severity, int]
    tokens: Tokens
    archived: int
    failed: int
    lost: int


def counts_of(trace: Trace) -> dict[str, int]:
    """Return what one ended query adds to the counts."""
    layer = NOBODY if trace.answer is None or trace.answer.layer is None else str(int(trace.answer.layer))
    counts = {
        f"status.{trace.state}": 1,
        f"layer.{layer}": 1,
        f"took.{layer}.{class_of(trace.took_us)}": 1,
    }
    for delta in trace.coupled.deltas if trace.coupled else ():
        name = f"delta.{delta.severity.value}"
        counts[name] = counts.get(name, 0) + 1
    if trace.answer is not None and trace.answer.tokens is not None:
        counts |= {f"{_TOKENS}{name}": number for name, number in asdict(trace.answer.tokens).items() if number}
    return counts


def class_of(took_us: int) -> int:
    """Return the number of the class a duration falls into."""
    return 0 if took_us < 1 else 1 + int(math.log(took_us) / _GROWTH)


def summary(counts: Mapping[str, int]) -> Stats:
    """Return what the counts say."""
    took: dict[str, dict[int, int]] = {}
    for name, number in counts.items():
        match name.split("."):
            case ["took", layer, class_]:
                took.setdefault(layer, {})[int(class_)] = number
            case _:
                pass
    statuses = {status: counts.get(f"status.{status.value}", 0) for status in Status}
    total = sum(statuses.values())
    answered = {layer: counts.get(f"layer.{int(layer)}", 0) for layer in Layer}
    everything: dict[int, int] = {}
    for classes in took.values():
        for class_, number in classes.items():
            everything[class_] = everything.get(class_, 0) + number
    return Stats(
        queries=total,
        statuses=statuses,
        answered=answered,
        hit_rates={layer: number / total if total else 0.0 for layer, number in answered.items()},
        took=_durations(everything),
        took_by_layer={layer: _durations(took.get(str(int(layer)), {})) for layer in Layer},
        deltas={severity: counts.get(f"delta.{severity.value}", 0) for severity in Severity},
        tokens=Tokens(**{it.name: counts.get(f"{_TOKENS}{it.name}", 0) for it in fields(Tokens)}),
        archived=counts.get(WRITTEN, 0),
        failed=counts.get(FAILED, 0),
        lost=counts.get(LOST, 0),
    )


def _durations(classes: Mapping[int, int]) -> Durations:
    count = sum(classes.values())
    return Durations(count, *(_percentile(classes, count, share) for share in PERCENTILES))


def _percentile(classes: Mapping[int, int], count: int, percent: int) -> float:
    """Return the middle of the class in which the wanted duration lies, in milliseconds."""
    rank = math.ceil(count * percent / 100)
    passed = 0
    for class_ in sorted(classes):
        passed += classes[class_]
        if passed >= rank:
            return 0.0 if class_ == 0 else round(math.exp((class_ - 0.5) * _GROWTH) / 1000, 4)
    return 0.0
