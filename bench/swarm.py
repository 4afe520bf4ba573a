"""What the findings bus costs, on a server of its own: run by `make bench-swarm`, one JSON object a line.

Single operations are timed in turn with a bare HSET of the same record. Trust is off, but for what says it is signed.
"""

import json
import multiprocessing
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from bench import figures, surroundings
from bench.swarm_signed import signed
from kitbash.swarm import Finding, RedisBusClient, Task
from kitbash.swarm import finding as findings

ROUNDS: Final = 3000
FINDINGS: Final = 10_000
AGENTS: Final = 10
TASKS: Final = 10_000
LEASE_S: Final = 2.0
KILL_EVERY_S: Final = 1.0
FEW, MANY = 100, 100_000
_spawn: Final = multiprocessing.get_context("spawn")


def finding(n: int, task_id: str = "") -> Finding:
    """Return one as agents post it: a sentence and two citations."""
    return Finding(
        claim=f"Found significant correlation number {n} between the third quarter's policy and revenue",
        confidence=0.92,
        citations=["if://citation/uuid-policy-revenue", "file:///data.json:42"],
        worker_id="haiku-1",
        task_id=task_id,
    )


def single_operations(client: RedisBusClient, redis: Any) -> None:
    """Print the median of each operation, and of its ratios to the bare HSET of a finding's fields just before it.

    Ratios are taken pair by pair, so that what else the machine does meanwhile weighs on both.
    """
    made = [Task(description="Research revenue patterns", type="research") for _ in range(ROUNDS)]
    posted = [finding(n, made[n // 10].id) for n in range(ROUNDS)]
    for each in made[:50]:
        client.post_task(each)

    def claim(n: int) -> None:
        client.claim_task(held[n], assignee="haiku-1")

    calls: dict[str, Callable[[int], object]] = {
        "post_task": lambda n: client.post_task(made[n]),
        "post_finding": lambda n: client.post_finding(posted[n]),
        "get_finding": lambda n: client.get_finding(posted[n].id),
        "claim_task": claim,
        "renew_task": lambda n: client.renew_task(made[n]),
        "complete_task": lambda n: client.complete_task(made[n], "done"),
    }
    held: list[Task] = []
    for name, call in calls.items():
        if name == "claim_task":
            held = [task for each in made if (task := client.get_task(each.id))]
        bare: list[float] = []
        ours: list[float] = []
        for n in range(ROUNDS):
            record = findings.fields_of(posted[n])
            bare.append(figures.timed_ms(lambda at=f"bare:{name}:{n}", it=record: redis.hset(at, mapping=it)))
            ours.append(figures.timed_ms(lambda n=n, call=call: call(n)))
        figures.print_median(
            f"swarm_{name}", ours, bare_hset_ms=round(statistics.median(bare), 4), ratio=figures.paired(ours, bare)
        )


def against_a_file(client: RedisBusClient) -> None:
    """Print how much faster a finding is posted than appended to a JSONL file with fsync, in turn."""
    ours: list[float] = []
    file: list[float] = []
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder, (Path(folder) / "findings.jsonl").open("a") as out:
        for n in range(300):
            each = finding(n)

            def append(each: Finding = each) -> None:
                out.write(json.dumps(findings.contents_of(each)) + "\n")
                out.flush()
                os.fsync(out.fileno())

            file.append(figures.timed_ms(append))
            ours.append(figures.timed_ms(lambda each=each: client.post_finding(each)))
    figures.print_median("swarm_jsonl_fsync", file, times_faster=figures.ratio(file, ours))


def memory(client: RedisBusClient, redis: Any) -> None:
    """Print what a finding takes on the server with its packet and its place in its task's index."""
    before = int(redis.info("memory")["used_memory"])
    task = Task()
    for n in range(FINDINGS):
        client.post_finding(finding(n, task.id))
    used = int(redis.info("memory")["used_memory"]) - before
    figures.print_value("swarm_memory_per_finding", value=round(used / FINDINGS), unit="bytes", n=FINDINGS)


def unassigned(url: str, redis: Any) -> None:
    """Print how long asking for unassigned work takes with few and with many tasks in the queue, in turn."""
    clients: dict[int, RedisBusClient] = {}
    for count in (FEW, MANY):
        clients[count] = RedisBusClient(url=url, prefix=f"bench{{{count}}}:", agent_id="haiku-1")
        for _ in range(count):
            clients[count].post_task(Task(description="Research", priority=random.randint(-5, 5)))
    samples: dict[int, list[float]] = {count: [] for count in clients}
    for _ in range(1000):
        for count, client in clients.items():
            samples[count].append(figures.timed_ms(client.get_unassigned_task))
    for count, taken in samples.items():
        figures.print_median(f"swarm_unassigned_of_{count}", taken, ratio=figures.ratio(taken, samples[FEW]))
    for client in clients.values():
        client.close()
    redis.flushall()


def work(url: str, name: str) -> None:
    """Complete what is next until the queue and all leases are gone; what it did it notes in a list of its own."""
    with RedisBusClient(url=url, agent_id=name, lease_s=LEASE_S) as client:
        redis: Any = client.connection
        while redis.zcard(client.bus.keys.unassigned) + redis.zcard(client.bus.keys.leased):
            task = client.next_task()
            if task is None:
                time.sleep(0.01)
            elif client.complete_task(task, name):
                redis.rpush("bench:done", task.id)


def exactly_once(client: RedisBusClient, redis: Any, url: str) -> None:
    """Print how ten agents do ten thousand tasks while one of them is killed at random every second.

    A task counts as done when the bus took its completion; that every one was, and once, is read from the bus's own
    events and hashes, since an agent may be killed before it can note anything.
    """
    redis.flushall()
    made = [Task(description=f"Research number {n}") for n in range(TASKS)]
    for task in made:
        client.post_task(task)
    redis.xtrim(client.bus.keys.events, maxlen=0)
    seen: Counter[str] = Counter()
    started_s = time.monotonic()
    agents = [_start(url, n) for n in range(AGENTS)]
    killed, after, next_kill_s = 0, "0", time.monotonic() + KILL_EVERY_S
    while any(agent.is_alive() for agent in agents):
        for event in client.events(after, most=2000, block_ms=20):
            after = event.entry_id
            seen[event.id] += event.kind == "task_completed"
        if time.monotonic() > next_kill_s and redis.zcard(client.bus.keys.unassigned):
            victim = random.randrange(AGENTS)
            if agents[victim].is_alive():
                os.kill(agents[victim].pid or 0, signal.SIGKILL)
                agents[victim].join()
                killed += 1
                agents[victim] = _start(url, AGENTS + killed)
            next_kill_s = time.monotonic() + KILL_EVERY_S
    for event in client.events(after, most=TASKS, block_ms=20):
        seen[event.id] += event.kind == "task_completed"
    took_s = time.monotonic() - started_s
    completed = sum(it is not None and it.status == "completed" for it in map(client.get_task, made))
    figures.print_value(
        "swarm_exactly_once",
        tasks=TASKS,
        completed=completed,
        completed_once=sum(seen[task.id] == 1 for task in made),
        completed_more_than_once=sum(seen[task.id] > 1 for task in made),
        agents=AGENTS,
        killed=killed,
        tasks_per_s=round(TASKS / took_s),
    )


def _start(url: str, number: int) -> Any:
    process = _spawn.Process(target=work, args=(url, f"agent-{number}"))
    process.start()
    return process


def main(names: Sequence[str]) -> None:
    """Run all measurements, or the named ones."""
    with surroundings.client() as made:
        url = made.runtime.at.blackboard
        with RedisBusClient(url=url, agent_id="haiku-1") as client:
            redis = client.connection
            measures: dict[str, Callable[[], None]] = {
                "single": lambda: single_operations(client, redis),
                "file": lambda: against_a_file(client),
                "memory": lambda: memory(client, redis),
                "unassigned": lambda: unassigned(url, redis),
                "once": lambda: exactly_once(client, redis, url),
                "signed": lambda: signed(made),
            }
            for name, measure in measures.items():
                if not names or name in names:
                    measure()


if __name__ == "__main__":
    main(sys.argv[1:])
