"""The code samples of the original's README run as they are written; only the import path is another."""

import os
import time
from collections.abc import Generator
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest

import kitbash.swarm
from kitbash.swarm import Context, Finding, RedisBusClient, SessionSummary, Task, TaskStatus
from tests.servers import Server
from tests.swarms import fresh_prefix

START = """
from integration.redis_bus_schema import RedisBusClient, Task, Finding

# Create client
client = RedisBusClient(host="localhost", port=6379)
client.agent_id = "haiku-1"  # Set agent ID for custody tracking

# Verify connection
assert client.health_check(), "Redis connection failed!"
"""
FIRST_FINDING = """
# Create a task
task = Task(
    description="Research revenue patterns",
    type="research"
)

# Claim it
client.claim_task(task, assignee="haiku-1", agent_id="haiku-1")

# Post a finding
finding = Finding(
    claim="Found significant correlation between Q3 policy and revenue",
    confidence=0.92,
    citations=["if://citation/uuid-policy-revenue"],
    worker_id="haiku-1",
    task_id=task.id
)

client.post_finding(finding, agent_id="haiku-1")
print(f"✓ Posted finding {finding.id} with {finding.confidence*100:.0f}% confidence")
"""
PATTERN_1 = """
task = client.get_unassigned_task()
if task:
    client.claim_task(task, assignee="haiku-1", agent_id="haiku-1")
    # Do research...
    # Post findings...
"""
PATTERN_2 = """
finding = Finding(
    claim="X is true",
    confidence=0.95,
    citations=["if://citation/uuid", "file:///data.json:42"],
    worker_id="haiku-1",
    task_id=task.id
)
client.post_finding(finding)
"""
PATTERN_3 = """
conflicts = client.detect_finding_conflicts(task.id, threshold=0.2)
if conflicts:
    for f1, f2 in conflicts:
        client.escalate_to_human(
            task_id=task.id,
            reason=f"Confidence conflict: {f1.confidence} vs {f2.confidence}",
            findings=[f1, f2]
        )
"""
PATTERN_4 = """
context = Context(scope="task", name=task.id)
context.notes = "Key insight: policy change aligns with revenue spike"
context.topics = ["policy", "revenue", "temporal-correlation"]
client.share_context(context)
"""
AGENT_START = """
bus_client = RedisBusClient(
    host=os.getenv("REDIS_HOST", "localhost"),
    port=int(os.getenv("REDIS_PORT", 6379)),
    password=os.getenv("REDIS_PASSWORD")
)
bus_client.agent_id = "haiku-1"

# Verify connectivity
assert bus_client.health_check(), "Redis Bus startup failed!"
"""
MAIN_LOOP = """
while True:
    task = bus_client.get_unassigned_task()
    if not task:
        time.sleep(1)
        continue

    bus_client.claim_task(task, assignee=bus_client.agent_id)
    # Do work...
"""
POST_AS_YOU_WORK = """
for claim, confidence in my_findings:
    finding = Finding(
        claim=claim,
        confidence=confidence,
        worker_id=bus_client.agent_id,
        task_id=task.id,
        citations=my_citations
    )
    bus_client.post_finding(finding)
"""
SESSION = """
session = SessionSummary(
    date=datetime.now().strftime("%Y-%m-%d"),
    label="my_swarm",
    metrics={"tasks": 1, "findings": 12, "conflicts": 0}
)
bus_client.record_session_summary(session)
"""
CONFIGURATION = """
client = RedisBusClient(
    host=os.getenv("REDIS_HOST", "localhost"),
    port=int(os.getenv("REDIS_PORT", 6379)),
    db=int(os.getenv("REDIS_DB", 0)),
    password=os.getenv("REDIS_PASSWORD")
)
"""
MONITORING = """
# Periodic health checks
if not client.health_check():
    logger.error("Redis Bus connection lost")
    # Implement reconnection logic

# Log key operations
logger.info(f"Task {task.id} claimed by {assignee}")
logger.info(f"Finding {finding.id} posted (confidence={finding.confidence})")
logger.warning(f"Task {task_id} escalated: {reason}")
"""
BAD_CONFIDENCE = """
# Confidence must be in [0.0, 1.0]
try:
    finding = Finding(claim="test", confidence=1.5)
except ValueError as e:
    print(f"Invalid: {e}")
    # Ensure confidence = correct_value / max_value (normalized to 1.0)
"""


class Enough(Exception):
    """Ends the loop that has no end when it first sleeps: there is no work left."""


@pytest.fixture
def world(plain_server: Server, monkeypatch: pytest.MonkeyPatch) -> Generator[dict[str, Any]]:
    """Return what the samples see, with the host they name leading to the test's server."""
    prefix = fresh_prefix()
    made: list[RedisBusClient] = []

    class Here(RedisBusClient):
        def __init__(self, host: str = "localhost", port: int = 6379, db: int = 0, password: str | None = None) -> None:
            assert (host, port, db, password) == ("localhost", 6379, 0, None)
            super().__init__(client=node, prefix=prefix)
            made.append(self)

    def no_sleep(_seconds: float) -> None:
        raise Enough

    monkeypatch.setattr(kitbash.swarm, "RedisBusClient", Here)
    monkeypatch.setattr(time, "sleep", no_sleep)
    names: dict[str, Any] = {"Context": Context, "SessionSummary": SessionSummary, "datetime": datetime}
    with closing(plain_server.node()) as node:
        yield {**names, "os": os, "time": time, "RedisBusClient": Here, "Finding": Finding, "Task": Task}


def run(world: dict[str, Any], *samples: str) -> dict[str, Any]:
    for sample in samples:
        code = sample.replace("integration.redis_bus_schema", "kitbash.swarm")
        exec(compile(code, "sample", "exec"), world)
    return world


def test_the_quick_start_posts_its_first_finding(world: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    after = run(world, START, FIRST_FINDING)
    assert after["client"].get_findings_for_task(after["task"].id) == [after["finding"]]
    assert "with 92% confidence" in capsys.readouterr().out


def test_an_agent_claims_work(world: dict[str, Any]) -> None:
    run(world, START)
    posted = Task(description="Research revenue patterns", type="research")
    world["client"].post_task(posted)
    run(world, PATTERN_1)
    found = world["client"].get_task(posted.id)
    assert (found.assignee, found.status) == ("haiku-1", TaskStatus.IN_PROGRESS)
    run(world, PATTERN_1)
    assert world["task"] is None


def test_conflicts_are_detected_and_escalated(world: dict[str, Any]) -> None:
    run(world, START, FIRST_FINDING, PATTERN_2, PATTERN_3)
    assert world["conflicts"] == []
    world["client"].post_finding(Finding(claim="X is true", confidence=0.6, worker_id="b", task_id=world["task"].id))
    world["client"].post_finding(
        Finding(claim="X is not true", confidence=0.9, worker_id="c", task_id=world["task"].id)
    )
    run(world, PATTERN_3)
    reasons = sorted(it.claim for it in world["client"].get_inbox())
    assert reasons == [
        "Confidence conflict: 0.6 vs 0.9", "Confidence conflict: 0.95 vs 0.6", "Confidence conflict: 0.95 vs 0.9",
    ]  # fmt: skip


def test_context_is_shared(world: dict[str, Any]) -> None:
    run(world, START, FIRST_FINDING, PATTERN_4)
    shared = world["client"].get_context("task", world["task"].id)
    assert shared.topics == ("policy", "revenue", "temporal-correlation")


def test_an_agents_main_loop_works_through_the_queue(world: dict[str, Any]) -> None:
    run(world, AGENT_START)
    posted = [Task(description=f"number {n}") for n in range(3)]
    for each in posted:
        world["bus_client"].post_task(each)
    with pytest.raises(Enough):
        run(world, MAIN_LOOP)
    assert {world["bus_client"].get_task(each.id).assignee for each in posted} == {"haiku-1"}
    world |= {"task": posted[0], "my_findings": [("it rose", 0.9), ("it fell", 0.3)], "my_citations": ["a", "b"]}
    run(world, POST_AS_YOU_WORK, SESSION)
    assert len(world["bus_client"].get_findings_for_task(posted[0].id)) == 2
    assert world["bus_client"].get_packet(f"session:infrafabric:{world['session'].date}:my_swarm")


def test_it_is_configured_and_watched(world: dict[str, Any]) -> None:
    said: list[str] = []

    class Logger:
        error = info = warning = said.append

    run(world, START, FIRST_FINDING, CONFIGURATION)
    run(world | {"logger": Logger, "assignee": "haiku-1", "task_id": "t", "reason": "why"}, MONITORING)
    assert len(said) == 3


def test_a_confidence_beyond_one_is_a_value_error(world: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    run(world, START, BAD_CONFIDENCE)
    assert capsys.readouterr().out.startswith("Invalid: confidence must be a number from 0 to 1, not 1.5")
