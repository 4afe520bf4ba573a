"""Metrics of a real bus: what is counted, what a look may cost, and what is served."""

from collections.abc import Generator
from contextlib import closing, contextmanager
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from kitbash.cli.metrics import listening
from kitbash.errors import UsageError
from kitbash.swarm import Finding, RedisBusClient, Task
from kitbash.swarm.following import MOST_PAGES, PAGE
from kitbash.swarm.keys import DEFAULT_PREFIX, Keys
from kitbash.swarm.metrics import BusCollector
from tests import servers
from tests.servers import Server

Samples = dict[tuple[str, ...], float]


@pytest.fixture
def bus(fresh_plain: Server) -> Generator[RedisBusClient]:
    """Return an agent's client on an empty bus."""
    with closing(fresh_plain.connect()) as client:
        yield RedisBusClient(client=client, agent_id="ann")


@pytest.fixture
def node(fresh_plain: Server) -> Generator[Any]:
    with closing(fresh_plain.node()) as node:
        yield node


@contextmanager
def served(server: Server, registered: frozenset[str] = frozenset()) -> Generator[str]:
    """Yield the address of the metrics of a bus."""
    registry = CollectorRegistry()
    with closing(server.connect(socket_timeout_s=1)) as client:
        registry.register(BusCollector(client, server.url, Keys(), registered=lambda: registered))
        bus = RedisBusClient(client=client)
        with listening("127.0.0.1", 0, registry, bus.health_check) as http:
            thread = Thread(target=http.serve_forever, daemon=True)
            thread.start()
            try:
                yield f"http://127.0.0.1:{http.server_port}"
            finally:
                http.shutdown()
                thread.join(10)


def scraped(address: str) -> Samples:
    """Return all samples by name and label values, in the order of the labels' names, as Prometheus would read them."""
    with urlopen(f"{address}/metrics", timeout=10) as reply:
        text = reply.read().decode()
    families = text_string_to_metric_families(text)
    return {
        (it.name, *(it.labels[name] for name in sorted(it.labels))): it.value
        for family in families
        for it in family.samples
    }


def test_a_finding_marked_for_a_person_is_no_question_before_one(fresh_plain: Server, bus: RedisBusClient) -> None:
    bus.post_finding(Finding(claim="the dam may break", confidence=0.1, is_critical=True))
    with served(fresh_plain) as address:
        found = scraped(address)
    assert found["agent_speech_acts_total", "escalate"] == 1
    assert found["agent_escalate_count",] == found["agent_inbox_count",] == 0


def test_tasks_findings_and_conflicts_are_counted(fresh_plain: Server, bus: RedisBusClient) -> None:
    tasks = [Task(description=f"number {number}") for number in range(3)]
    for task in tasks:
        bus.post_task(task)
    bus.claim_task(tasks[0])
    bus.claim_task(tasks[1])
    bus.complete_task(tasks[1], "done")
    for claim, confidence in (("the sea is calm", 0.9), ("the sea is not calm", 0.95)):
        bus.post_finding(Finding(claim=claim, confidence=confidence, citations=["a", "b"], task_id=tasks[0].id))
    assert bus.detect_finding_conflicts(tasks[0])
    bus.escalate_to_human(tasks[2], "who knows")
    with served(fresh_plain) as address:
        found = scraped(address)
        assert scraped(address)["findings_posted_total", "inform", "ann"] == 2
    assert found["swarm_up",] == 1
    assert found["tasks_posted_total",] == 3
    assert found["tasks_claimed_total",] == 2
    assert found["tasks_completed_total",] == 1
    assert found["tasks_count", "in_progress"] == 1
    assert found["tasks_pending_count",] == found["agent_task_queue_depth",] == 0
    assert found["findings_posted_total", "inform", "ann"] == 2
    assert found["findings_posted_total", "escalate", "ann"] == 1
    assert found["agent_speech_acts_total", "inform"] == found["agent_share_count",] == 2
    assert found["agent_escalate_count",] == found["agent_inbox_count",] == 1
    assert found["agent_conflicts_detected_total",] == found["agent_conflicts_open_count",] == 1
    assert found["agent_active_count",] == 1
    assert found["findings_confidence_distribution_bucket", "0.9"] == 2
    assert found["findings_confidence_distribution_count",] == 3
    assert found["findings_confidence_distribution_sum",] == pytest.approx(1.85)
    assert found["swarm_events_missed_total",] == 0
    assert found["redis_operations_total",] >= 10
    assert 0 < found["redis_latency_p50_ms",] <= found["redis_latency_p95_ms",] <= found["redis_latency_p99_ms",]


def test_an_empty_bus_has_metrics(fresh_plain: Server) -> None:
    with served(fresh_plain) as address:
        assert scraped(address)["redis_operations_total",] == 0


def test_ever_new_workers_make_no_new_series(fresh_plain: Server, bus: RedisBusClient) -> None:
    for number in range(150):
        bus.post_finding(Finding(claim="it is so", worker_id=f"w{number}"), agent_id=f"w{number}")
    with served(fresh_plain, frozenset({"w1"})) as address:
        found = scraped(address)
    assert {labels[2] for labels in found if labels[0] == "findings_posted_total"} == {"w1", "other"}


def test_what_was_trimmed_before_a_scrape_is_told(fresh_plain: Server, bus: RedisBusClient, node: Any) -> None:
    with served(fresh_plain) as address:
        bus.post_task(Task(description="first"))
        assert scraped(address)["swarm_events_missed_total",] == 0
        for number in range(9):
            bus.post_task(Task(description=f"number {number}"))
        node.xtrim(f"{DEFAULT_PREFIX}events", maxlen=4, approximate=False)
        found = scraped(address)
        assert (found["tasks_posted_total",], found["swarm_events_missed_total",]) == (5, 5)
        node.delete(f"{DEFAULT_PREFIX}events")
        bus.post_task(Task(description="after a flush"))
        assert scraped(address)["tasks_posted_total",] == 6


def test_one_look_counts_no_more_than_its_bound(fresh_plain: Server, node: Any) -> None:
    pipe = node.pipeline()
    for _ in range(PAGE * MOST_PAGES + 7):
        pipe.xadd(f"{DEFAULT_PREFIX}events", {"kind": "task_posted", "id": "x", "agent": "ann"})
    pipe.execute()
    with served(fresh_plain) as address:
        assert scraped(address)["tasks_posted_total",] == PAGE * MOST_PAGES
        assert scraped(address)["tasks_posted_total",] == PAGE * MOST_PAGES + 7


def test_events_and_findings_that_are_damaged_stop_nothing(fresh_plain: Server, node: Any) -> None:
    node.rpush(f"{DEFAULT_PREFIX}finding:listed", "x")
    for kind, its_id in (("finding_posted", "../*"), ("finding_posted", "listed"), ("\x1b[2J", "x"), ("", "")):
        node.xadd(f"{DEFAULT_PREFIX}events", {"kind": kind, "id": its_id, "agent": 'a"\n# b'})
    node.xadd(f"{DEFAULT_PREFIX}events", {"other": "fields"})
    with served(fresh_plain) as address:
        found = scraped(address)
    assert found["swarm_up",] == 1
    assert found["findings_posted_total", "other", "other"] == 2


def test_a_server_that_is_gone_is_told_and_serving_goes_on() -> None:
    with servers.plain() as server, served(server) as address:
        with urlopen(f"{address}/health", timeout=10) as reply:
            assert reply.read() == b"OK\n"
        server.kill()
        assert scraped(address) == {("swarm_up",): 0}
        with pytest.raises(HTTPError) as caught:
            urlopen(f"{address}/health", timeout=10)
        assert caught.value.code == 503
        caught.value.close()


def test_other_paths_are_not_found(fresh_plain: Server) -> None:
    with served(fresh_plain) as address:
        with pytest.raises(HTTPError) as caught:
            urlopen(f"{address}/../etc/passwd", timeout=10)
        assert caught.value.code == 404
        caught.value.close()


def test_a_port_that_is_taken_is_refused_in_words(fresh_plain: Server) -> None:
    with served(fresh_plain) as address, pytest.raises(UsageError, match="--port"):
        listening("127.0.0.1", int(address.rpartition(":")[2]), CollectorRegistry(), lambda: True)
