"""`kitbash swarm ...` and `kitbash inbox`, on a bus with something on it."""

import json
from collections.abc import Generator
from typing import Any

import pytest
from typer.testing import CliRunner

from kitbash.cli.app import app
from kitbash.errors import NotFound, UsageError
from kitbash.swarm import RedisBusClient
from kitbash.swarm.errors import Invalid
from tests.servers import Server
from tests.swarms import bus_client, finding, fresh_prefix, task


@pytest.fixture
def bus(plain_server: Server, monkeypatch: pytest.MonkeyPatch) -> Generator[RedisBusClient]:
    prefix = fresh_prefix()
    monkeypatch.setenv("KITBASH_REDIS_URL", plain_server.url)
    monkeypatch.setenv("KITBASH_SWARM__PREFIX", prefix)
    with bus_client(plain_server, prefix=prefix) as client:
        yield client


def run(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    if result.exception is not None:
        raise result.exception
    return result.stdout


def told(*words: str) -> Any:
    return json.loads(run(*words, "--json"))


def test_tasks_are_shown_the_waiting_ones_first(bus: RedisBusClient) -> None:
    waiting, held = task("wait here"), task("hold this")
    bus.claim_task(held)
    bus.post_task(waiting)
    assert [(it["id"], it["status"]) for it in told("swarm", "tasks")] == [
        (waiting.id, "pending"), (held.id, "in_progress"),
    ]  # fmt: skip
    assert held.id in run("swarm", "tasks")


def test_findings_are_shown_with_where_they_agree_and_conflict(bus: RedisBusClient) -> None:
    bus.post_finding(finding("X is true", 0.7, task_id="t1"))
    bus.post_finding(finding("X is true", 0.8, task_id="t1", worker_id="bob"))
    bus.post_finding(finding("X is not true", 0.9, task_id="t1", worker_id="eve"))
    said = told("swarm", "findings", "t1")
    assert len(said["findings"]) == 3
    assert said["agreements"][0]["confidence"] == pytest.approx(0.94)
    assert {it["kind"] for it in said["conflicts"]} == {"opposite"}
    assert "agreed by ann, bob: X is true (0.94 together)" in run("swarm", "findings", "t1")
    assert bus.get_conflicts() == []


def test_a_conflict_is_shown_and_resolved(bus: RedisBusClient) -> None:
    bus.post_finding(finding("X is true", task_id="t1"))
    bus.post_finding(finding("X is not true", task_id="t1"))
    bus.detect_finding_conflicts("t1")
    (shown,) = told("swarm", "conflicts")
    decided = ("--resolve", shown["id"], "--choose", "first", "--as", "it was measured", "--person", "carol")
    assert told("swarm", "conflicts", *decided) == []
    settled = bus.get_conflict(shown["id"])
    assert settled is not None
    assert (settled.resolution, settled.decision, settled.decided_by) == ("first", "it was measured", "carol")
    with pytest.raises(UsageError, match="give all"):
        run("swarm", "conflicts", "--resolve", shown["id"])
    with pytest.raises(Invalid, match="resolution 'third'"):
        run("swarm", "conflicts", "--resolve", shown["id"], "--choose", "third", "--as", "x")


def test_a_swarm_is_registered_and_shown(bus: RedisBusClient) -> None:
    with pytest.raises(NotFound, match="no swarm 's1'"):
        run("swarm", "register", "s1")
    run("swarm", "register", "s1", "--agent", "ann:diver", "--agent", "bob")
    assert told("swarm", "register", "s1")["agents"] == [{"id": "ann", "role": "diver"}, {"id": "bob", "role": ""}]
    assert bus.get_registry("s1") is not None


def test_what_happened_is_watched(bus: RedisBusClient) -> None:
    bus.post_finding(finding(id="f1"))
    bus.claim_task(task(id="t1"))
    lines = run("swarm", "watch", "--all", "--count", "2").splitlines()
    assert ["finding_posted" in lines[0], "task_claimed" in lines[1]] == [True, True]


def test_a_scan_tells_what_it_saw(bus: RedisBusClient) -> None:
    bus.post_finding(finding(task_id="t1"))
    assert told("swarm", "scan", "--dry")["violations"] == []
    assert "keys, 0 of a wrong type" in run("swarm", "scan")


def test_a_question_is_shown_and_answered(bus: RedisBusClient) -> None:
    bus.escalate_to_human("t1", "Which lake?", findings=["f1"])
    (question,) = told("inbox")
    assert (question["claim"], question["citations"]) == ("Which lake?", ["finding:f1"])
    assert "ann: Which lake?" in run("inbox")
    assert told("inbox", "--answer", question["id"], "--as", "The small one.", "--person", "carol") == []
    assert bus.get_findings_for_task("t1")[-1].worker_id == "person:carol"
    with pytest.raises(UsageError, match="give both"):
        run("inbox", "--as", "x")
