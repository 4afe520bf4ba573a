"""Measure how fast one writer archives ended queries, each batch synced to disk."""

import statistics
import tempfile
import time
from pathlib import Path

from bench import figures
from kitbash.archive.entry import Entry, Kind
from kitbash.archive.writer import Archive
from kitbash.client import Client
from kitbash.domain.ids import new_query_id

BATCH = 500
BATCHES = 10
RUNS = 7
FILE_BYTES = 64 * 1024 * 1024
TEXT = "How fast is light in vacuum, and since when is that known? "


def entries() -> list[Entry]:
    """Return a batch of queries of five lines, together about 5 KB each."""
    now_ms = time.time_ns() // 1_000_000
    steps = [{"layer": n, "confidence": 0.8125, "duration_ms": 1.25, "reason": "probable enough"} for n in range(5)]
    lines = {kind: [{"text": TEXT * 8, "steps": steps, "sources": ["physics_general:17"]}] for kind in Kind}
    return [Entry(now_ms, new_query_id(), lines) for _ in range(BATCH)]


def run() -> tuple[float, float]:
    """Return the queries a second of one run in a folder of its own, and the bytes a query takes there."""
    batches = [entries() for _ in range(BATCHES)]
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder), max_bytes=FILE_BYTES, keep_days=0)
        started_s = time.perf_counter()
        for batch in batches:
            archive.append(batch)
        took_s = time.perf_counter() - started_s
        written = sum(path.stat().st_size for path in Path(folder).rglob("*.jsonl"))
    return BATCH * BATCHES / took_s, written / (BATCH * BATCHES)


def archive_queries_per_second() -> float:
    """Return the median of several runs: one writer, batches of 500 queries, on disk when an append returns."""
    return statistics.median(run()[0] for _ in range(RUNS))


def queries(_: Client) -> None:
    """Measure how many ended queries one writer archives a second."""
    value = archive_queries_per_second()
    bytes_ = round(run()[1])
    figures.print_value(
        "archive_queries", value=round(value), unit="queries/s", n=RUNS, batch=BATCH, bytes_a_query=bytes_
    )
