"""What signing costs the findings bus: one operation with trust enforced, beside the same one with trust off."""

import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from time import time_ns
from typing import Any

from bench import figures
from kitbash.client import Client
from kitbash.swarm import Context, Finding, RedisBusClient, Task
from kitbash.swarm.trust import key_files
from kitbash.swarm.trust.audit import Audit
from kitbash.swarm.trust.keys import trust_keys
from kitbash.swarm.trust.pinned import Pinned
from kitbash.swarm.trust.registry import LIFETIME_MS, KeyEntry
from kitbash.swarm.trust.registry_store import RegistryStore
from kitbash.swarm.trust.replay import Admission
from kitbash.swarm.trust.roles import Role
from kitbash.swarm.trust.sealer import PacketSealer, RoleGuard

OPERATIONS = 2000
PREFIX = "kb:{bench-signed}:"
AGENT = "bench"


@contextmanager
def trusted(client: Client, folder: Path) -> Generator[RedisBusClient]:
    """Yield a bus that enforces trust, with a registered agent that signs."""
    redis, url, keys = client.runtime.redis, client.runtime.at.blackboard, trust_keys(PREFIX)
    admin, pair, pinned = key_files.generate("chief"), key_files.generate(AGENT), Pinned(folder / "keys")
    pinned.trust(admin.public)
    store = RegistryStore(redis, url, keys, pinned)
    since_ms = time_ns() // 1_000_000
    entry = KeyEntry(AGENT, Role.ADMIN, pair.public, since_ms, since_ms + LIFETIME_MS)
    store.change(admin, lambda registry: registry.with_key(entry))
    sealer = PacketSealer(store.cached, Admission(redis, url, keys), Audit(redis, url, keys), pair=pair)
    with RedisBusClient(
        client=redis, prefix=PREFIX, agent_id=AGENT, sealer=sealer, guard=RoleGuard(store.cached)
    ) as bus:
        yield bus
    _clear(client, PREFIX)


def signed(client: Client) -> None:
    """Measure posting, claiming, reading and sharing, each one operation, signed and checked, beside unsigned."""
    with tempfile.TemporaryDirectory() as folder, trusted(client, Path(folder)) as bus:
        _measure("signed", bus)
    plain = RedisBusClient(client=client.runtime.redis, prefix="kb:{bench-plain}:", agent_id=AGENT)
    _measure("plain", plain)
    _clear(client, "kb:{bench-plain}:")


def _measure(kind: str, bus: RedisBusClient) -> None:
    samples_ms: dict[str, list[float]] = {}

    def timed(what: str, call: Callable[[], object]) -> None:
        samples_ms.setdefault(what, []).append(figures.timed_ms(call))

    for number in range(OPERATIONS):
        task, finding = Task(description=f"task {number}"), _finding(number)
        context = Context("task", f"n{number % 10}")
        timed("post_finding", lambda finding=finding: bus.post_finding(finding))
        timed("get_finding", lambda finding=finding: bus.get_finding(finding.id))
        timed("post_task", lambda task=task: bus.post_task(task))
        timed("next_task", bus.next_task)
        timed("complete_task", lambda task=task: bus.complete_task(task))
        timed("share_context", lambda context=context: bus.share_context(context))
    for what, samples in samples_ms.items():
        figures.print_median(f"swarm_{what}_{kind}", samples)


def _clear(client: Client, prefix: str) -> None:
    # The stubs of redis-py know replies only by half.
    redis: Any = client.runtime.redis
    for key in redis.scan_iter(f"{prefix}*"):
        redis.delete(key)


def _finding(number: int) -> Finding:
    return Finding(
        claim=f"Number {number}: significant correlation between the third quarter's policy and revenue",
        confidence=0.92,
        citations=["if://citation/uuid-policy-revenue", "file:///data.json:42"],
        worker_id=AGENT,
    )


if __name__ == "__main__":
    with Client() as measured:
        signed(measured)
