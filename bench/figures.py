"""Figures as they are printed: medians, paired in one run where two things are compared."""

import json
import statistics
import time
from collections.abc import Callable, Sequence


def timed_ms(call: Callable[[], object]) -> float:
    """Return how long one call took, in milliseconds."""
    started_ns = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - started_ns) / 1e6


def print_median(name: str, samples_ms: Sequence[float], **more: object) -> None:
    """Print the median of some samples, with the tenth and ninetieth percentile beside it."""
    deciles = statistics.quantiles(samples_ms, n=10)
    figures = {
        "p50_ms": _short(statistics.median(samples_ms)),
        "p10_ms": _short(deciles[0]),
        "p90_ms": _short(deciles[8]),
    }
    print_value(name, **figures, n=len(samples_ms), **more)


def print_value(name: str, **figures: object) -> None:
    """Print one line."""
    print(json.dumps({"name": name, **figures}), flush=True)


def ratio(samples_ms: Sequence[float], baseline_ms: Sequence[float]) -> float:
    """Return the ratio of two medians taken in turn."""
    return _short(statistics.median(samples_ms) / statistics.median(baseline_ms))


def paired(samples_ms: Sequence[float], baseline_ms: Sequence[float]) -> float:
    """Return the median of the ratios of samples to baselines that were taken one after the other."""
    return _short(statistics.median(one / other for one, other in zip(samples_ms, baseline_ms, strict=True)))


def _short(value: float) -> float:
    return float(f"{value:.4g}")
