"""One agent, a process of its own: `python -m examples.swarm.agent NAME PREFIX`. All else is in its settings."""

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager

from examples.swarm import research
from kitbash.runtime import Runtime
from kitbash.settings import load
from kitbash.swarm import Finding, RedisBusClient, Task
from kitbash.swarm.trust import assemble

REFEREE = "referee"
RESEARCHERS = ("ada", "ben")
PATIENCE_S = 30.0


@contextmanager
def on_the_bus(runtime: Runtime, name: str, prefix: str) -> Generator[RedisBusClient]:
    """Yield the bus, with all that is sent signed by this agent and all that is read checked."""
    redis, url = runtime.redis, runtime.at.blackboard
    trust = assemble.trust(runtime.settings, redis, url, prefix)
    with RedisBusClient(client=redis, prefix=prefix, agent_id=name, sealer=trust.sealer, guard=trust.guard) as bus:
        yield bus


def researches(bus: RedisBusClient, runtime: Runtime, name: str) -> None:
    """Take one task from the queue, post a finding for each fact, and finish the task."""
    task = bus.next_task()
    if task is None:
        return
    first, last = task.data["levels"]
    for fact in research.facts(runtime.library, task.description, range(first, last + 1)):
        finding = Finding(
            claim=research.claim(fact),
            confidence=fact.confidence,
            citations=research.citations(fact),
            worker_id=name,
            task_id=task.id,
            topic=research.TOPIC,
        )
        bus.post_finding(finding)
        print(f"{name}: {finding.claim} ({finding.confidence:.0%}, {finding.speech_act.value})", flush=True)
    bus.complete_task(task, "done")


def referees(bus: RedisBusClient) -> None:
    """Wait for both researchers, compare what they found, and put what they disagree on before a person."""
    task = Task(description=f"Do the findings on the {research.TOPIC} agree?", type="review")
    bus.claim_task(task)
    gives_up_s = time.monotonic() + PATIENCE_S
    while len({it.worker_id for it in bus.get_findings_on_topic(research.TOPIC)}) < len(RESEARCHERS):
        if time.monotonic() > gives_up_s:
            bus.fail_task(task, "the researchers found nothing to compare")
            return
        bus.events("$", block_ms=200)
    clashes = bus.detect_topic_conflicts(research.TOPIC)
    for clash in clashes:
        one, other = clash.first, clash.second
        print(
            f"{REFEREE}: {clash.grade.value}: {one.worker_id} and {other.worker_id} contradict each other", flush=True
        )
        reason = f"{one.worker_id} says: {one.claim} {other.worker_id} says: {other.claim} Which of them holds?"
        bus.escalate_to_human(task, reason, [one, other])
    if not clashes:
        bus.complete_task(task, "they agree")


def main() -> None:
    """Be the agent whose name is given, on the bus below the prefix."""
    name, prefix = sys.argv[1:3]
    runtime = Runtime(load().settings)
    try:
        with on_the_bus(runtime, name, prefix) as bus:
            if name == REFEREE:
                referees(bus)
            else:
                researches(bus, runtime, name)
    finally:
        runtime.close()


if __name__ == "__main__":
    main()
