"""The bus in Prometheus' terms, read when it is asked for; the names are those of IF.swarm.s2."""

import threading
from collections.abc import Callable, Collection, Iterator
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from typing_extensions import override

from kitbash.blackboard.scripts import AnyRedis
from kitbash.errors import KitbashError
from kitbash.observe import logs
from kitbash.swarm.following import Depths, Follower
from kitbash.swarm.keys import Keys
from kitbash.swarm.tally import CONFIDENCE_BOUNDS, Tally

_COUNTERS: Final = (
    ("tasks_posted", "Tasks that were put into the queue.", ("task_posted",)),
    ("tasks_claimed", "Leases that were taken.", ("task_claimed",)),
    ("tasks_completed", "Tasks that ended with a result.", ("task_completed",)),
    ("tasks_failed", "Tasks that ended as failed.", ("task_failed",)),
    ("tasks_expired", "Leases that ended with the task undone.", ("task_expired",)),
    ("agent_conflicts_detected", "Conflicts between findings that were queued.", ("conflict_found",)),
    ("agent_conflicts_resolved", "Conflicts that a person decided.", ("conflict_resolved",)),
)
_ACT_GAUGES: Final = (
    ("agent_hold_count", "Findings that were held.", ("hold",)),
    ("agent_share_count", "Findings that inform others.", ("inform",)),
)
_LATENCIES: Final = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))

_log: Final = logs.logger(__name__)


class BusCollector(Collector):
    """Reads one bus at each scrape: four sizes, what happened since the last one, and twenty round trips.

    What is counted begins with the oldest event the bus keeps when the first scrape comes. Safe to share between
    threads. A server that does not answer makes `swarm_up` 0 and raises nothing.
    """

    def __init__(
        self, client: AnyRedis, url: str, keys: Keys, *, registered: Callable[[], Collection[str]] = tuple
    ) -> None:
        """Use a client, which stays its owner's to close. `registered` returns the agents whose names may be labels."""
        self._tally = Tally()
        self._follower = Follower(client, url, keys, self._tally)
        self._registered = registered
        self._lock = threading.Lock()

    @override
    def collect(self) -> Iterator[Metric]:
        """Return all metrics."""
        with self._lock:
            try:
                self._tally.names.registered = self._registered()
                depths, took_ms = self._follower.look(), self._follower.round_trips_ms()
            except KitbashError as error:
                _log.warning("swarm.metrics", error=str(error))
                yield GaugeMetricFamily("swarm_up", "Whether the bus could be read.", 0)
                return
            yield GaugeMetricFamily("swarm_up", "Whether the bus could be read.", 1)
            yield from _sizes(depths)
            yield from _latencies(took_ms)
            yield from self._counted(depths)

    def describe(self) -> Iterator[Metric]:
        """Return nothing: what is collected is not read to register the collector."""
        return iter(())

    def _counted(self, depths: Depths) -> Iterator[Metric]:
        tally = self._tally
        for name, about, kinds in _COUNTERS:
            yield CounterMetricFamily(name, about, sum(tally.kinds[kind] for kind in kinds))
        yield CounterMetricFamily("swarm_events_missed", "Events trimmed before a scrape.", self._follower.missed)
        findings = CounterMetricFamily("findings_posted", "Findings.", labels=("worker_id", "speech_act"))
        for labels, number in sorted(tally.findings.items()):
            findings.add_metric(labels, number)
        yield findings
        acts = tally.acts()
        speech = CounterMetricFamily("agent_speech_acts", "Findings by speech act.", labels=("speech_act",))
        for act, number in sorted(acts.items()):
            speech.add_metric((act,), number)
        yield speech
        for name, about, which in _ACT_GAUGES:
            yield GaugeMetricFamily(name, about, sum(acts[act] for act in which))
        escalated = tally.kinds["escalated"]
        yield GaugeMetricFamily("agent_escalate_count", "Questions that were put before a person.", escalated)
        yield GaugeMetricFamily(
            "agent_active_count", "Agents that did something in 5 min.", tally.active(depths.now_ms)
        )
        yield _histogram(tally)


def _sizes(depths: Depths) -> Iterator[Metric]:
    yield CounterMetricFamily("redis_operations", "Writes to the bus since it was begun.", depths.added)
    yield GaugeMetricFamily("agent_task_queue_depth", "Tasks that nobody has.", depths.pending)
    tasks = GaugeMetricFamily("tasks_count", "Tasks by status.", labels=("status",))
    tasks.add_metric(("pending",), depths.pending)
    tasks.add_metric(("in_progress",), depths.leased)
    yield tasks
    yield GaugeMetricFamily("tasks_pending_count", "Tasks that nobody has.", depths.pending)
    yield GaugeMetricFamily("agent_conflicts_open_count", "Conflicts nobody has decided.", depths.conflicts)
    yield GaugeMetricFamily("agent_inbox_count", "Questions nobody has answered.", depths.inbox)


def _latencies(took_ms: list[float]) -> Iterator[Metric]:
    for name, share in _LATENCIES:
        at = min(len(took_ms) - 1, int(share * len(took_ms)))
        yield GaugeMetricFamily(f"redis_latency_{name}_ms", "Round trips of this scrape, in ms.", took_ms[at])


def _histogram(tally: Tally) -> Metric:
    cumulative, buckets = 0, list[tuple[str, float]]()
    for bound, number in zip(CONFIDENCE_BOUNDS, tally.confidence, strict=True):
        cumulative += number
        buckets.append((str(bound), cumulative))
    return HistogramMetricFamily(
        "findings_confidence_distribution",
        "Confidence of findings, 0 to 1.",
        buckets=[*buckets, ("+Inf", cumulative)],
        sum_value=tally.confidence_sum,
    )
