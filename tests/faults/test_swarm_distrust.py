"""What somebody does who can write to Redis but has no key: nothing of it is handed out where trust is enforced."""

import asyncio
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
from redis.client import Redis

from kitbash.blackboard.connection import client_url
from kitbash.errors import KitbashError
from kitbash.swarm import AsyncRedisBusClient, Context, Finding, RedisBusClient, Task
from kitbash.swarm.errors import Refused
from kitbash.swarm.proposal import Proposal
from kitbash.swarm.trust.roles import Role
from tests.servers import Server
from tests.trusted import Swarm, swarm_on


@pytest.fixture(params=["plain", "cluster"])
def swarm(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Swarm]:
    """Return a swarm on each kind of server."""
    with swarm_on(request.getfixturevalue(f"{request.param}_server"), tmp_path / "keys") as swarm:
        yield swarm


def bus_of(swarm: Swarm, agent: str) -> RedisBusClient:
    """Return the client of a new agent that signs, checks and asks for leave."""
    pair = swarm.enrol(agent)
    return RedisBusClient(
        client=swarm.client, prefix=swarm.prefix, agent_id=agent, sealer=swarm.sealer(pair), guard=swarm.guard()
    )


def a_finding(claim: str = "it's «near» — so it is") -> Finding:
    return Finding(claim=claim, confidence=0.9, citations=["a", "b"], worker_id="ann", task_id="t1", topic="it")


def is_refused(bus: RedisBusClient, finding: Finding) -> bool:
    """Return whether a finding is not handed out: refused, or not there."""
    try:
        return bus.get_finding(finding.id) is None
    except KitbashError:
        return True


def test_what_one_agent_signed_another_reads(swarm: Swarm) -> None:
    ann, bob = bus_of(swarm, "ann"), bus_of(swarm, "bob")
    finding, task = a_finding(), Task(description="look", data={"n": [1, 2.5, None]})
    ann.post_finding(finding)
    ann.post_task(task)
    ann.share_context(Context("task", "one", notes="so"))
    assert bob.get_finding(finding.id) == finding
    assert bob.get_findings_for_task("t1") == [finding]
    context = bob.get_context("task", "one")
    assert context is not None
    assert context.notes == "so"
    assert bob.claim_task(task)
    assert bob.complete_task(task, "done")
    ended = ann.get_task(task)
    assert ended is not None
    assert ended.result == "done"


def test_every_byte_of_a_stored_finding_that_is_flipped_is_noticed(swarm: Swarm) -> None:
    ann, finding = bus_of(swarm, "ann"), a_finding()
    ann.post_finding(finding)
    key = f"{swarm.prefix}finding:{finding.id}"
    with closing(_bytes_of(swarm.server)) as raw:
        stored: dict[bytes, bytes] = raw.hgetall(key)
        unnoticed: list[tuple[bytes, int]] = []
        for field, value in stored.items():
            for at in range(len(value)):
                flipped = value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
                raw.hset(key, field, flipped)
                if not is_refused(ann, finding):
                    unnoticed.append((field, at))
            raw.hset(key, field, value)
    assert unnoticed == []
    assert ann.get_finding(finding.id) == finding


def test_a_finding_that_is_stored_under_another_name_is_refused(swarm: Swarm) -> None:
    ann, finding = bus_of(swarm, "ann"), a_finding()
    ann.post_finding(finding)
    other = a_finding("something else")
    ann.post_finding(other)
    stored = swarm.node.hgetall(f"{swarm.prefix}finding:{finding.id}")
    swarm.node.hset(f"{swarm.prefix}finding:{other.id}", mapping=stored)
    assert is_refused(ann, other)


def test_a_task_and_a_context_that_are_stored_under_another_name_are_refused(swarm: Swarm) -> None:
    ann, task, other = bus_of(swarm, "ann"), Task(description="water the flowers"), Task(description="rest")
    ann.post_task(task)
    ann.post_task(other)
    swarm.node.hset(f"{swarm.prefix}task:{other.id}", mapping=swarm.node.hgetall(f"{swarm.prefix}task:{task.id}"))
    with pytest.raises(Refused, match="copied"):
        ann.get_task(other)
    ann.share_context(Context("task", "one", notes="water the flowers"))
    for kind in ("context:task:", "packet:context:task:"):
        swarm.node.copy(f"{swarm.prefix}{kind}one", f"{swarm.prefix}{kind}two")
    with pytest.raises(Refused, match="copied"):
        ann.get_context("task", "two")


def test_warning_hands_out_what_enforcing_refuses_and_notes_it(swarm: Swarm) -> None:
    finding, pair = a_finding(), swarm.enrol("ann")
    RedisBusClient(client=swarm.client, prefix=swarm.prefix, agent_id="ann").post_finding(finding)
    warned = RedisBusClient(
        client=swarm.client, prefix=swarm.prefix, agent_id="ann", sealer=swarm.sealer(pair, is_enforced=False)
    )
    assert warned.get_finding(finding.id) == finding
    assert swarm.audited() == ["unsigned"]


def test_what_is_posted_from_an_event_loop_is_signed(swarm: Swarm) -> None:
    finding, pair = a_finding(), swarm.enrol("ann")

    async def posted() -> bool:
        client = AsyncRedisBusClient(
            url=swarm.server.url,
            cluster=swarm.server.is_cluster,
            prefix=swarm.prefix,
            agent_id="ann",
            sealer=swarm.sealer(pair),
            guard=swarm.guard(),
        )
        async with client:
            return await client.post_finding(finding) and await client.get_finding(finding.id) == finding

    assert asyncio.run(posted())
    assert bus_of(swarm, "bob").get_finding(finding.id) == finding


def test_an_unsigned_finding_is_refused_and_does_not_hide_the_others(swarm: Swarm) -> None:
    ann, finding, forged = bus_of(swarm, "ann"), a_finding(), a_finding("forged")
    ann.post_finding(finding)
    RedisBusClient(client=swarm.client, prefix=swarm.prefix, agent_id="ann").post_finding(forged)
    with pytest.raises(Refused, match="unsigned"):
        ann.get_finding(forged.id)
    assert ann.get_findings_for_task("t1") == [finding]
    assert "unsigned" in swarm.audited()


def test_a_task_whose_words_were_changed_is_refused(swarm: Swarm) -> None:
    ann, task = bus_of(swarm, "ann"), Task(description="water the flowers")
    ann.post_task(task)
    swarm.node.hset(f"{swarm.prefix}task:{task.id}", "description", "open the door")
    with pytest.raises(Refused):
        ann.get_task(task)
    other = Task(description="rest")
    ann.post_task(other)
    assert [it.id for it in ann.get_tasks()] == [other.id]


def test_a_forged_task_does_not_hide_the_work_behind_it(swarm: Swarm) -> None:
    ann, forged, real = bus_of(swarm, "ann"), Task(description="open the door", priority=9), Task(description="rest")
    RedisBusClient(client=swarm.client, prefix=swarm.prefix, agent_id="ann").post_task(forged)
    ann.post_task(real)
    waiting = ann.get_unassigned_task()
    assert waiting is not None
    assert waiting.id == real.id
    taken = ann.next_task()
    assert taken is not None
    assert taken.id == real.id


def test_a_conflict_that_was_changed_or_decided_by_nobody_is_refused(swarm: Swarm) -> None:
    ann, finding, contrary = bus_of(swarm, "ann"), a_finding("the sea is calm"), a_finding("the sea is not calm")
    chief = RedisBusClient(
        client=swarm.client, prefix=swarm.prefix, agent_id="boss", sealer=swarm.sealer(swarm.enrol("boss", Role.ADMIN))
    )
    ann.post_finding(finding)
    ann.post_finding(contrary)
    ann.detect_finding_conflicts("t1")
    (conflict,) = ann.get_conflicts()
    key = f"{swarm.prefix}conflict:{conflict.id}"
    swarm.node.hset(key, "grade", "low")
    assert ann.get_conflicts() == []
    swarm.node.hset(key, mapping={"grade": conflict.grade.value, "resolution": "first", "decision": "so"})
    with pytest.raises(Refused):
        ann.get_conflict(conflict.id)
    swarm.node.hset(key, "resolution", "pending")
    swarm.node.hdel(key, "decision")
    assert ann.get_conflict(conflict.id) == conflict
    assert chief.resolve_conflict(conflict.id, "first", "so it is", person="boss")
    decided = ann.get_conflict(conflict.id)
    assert decided is not None
    assert decided.decision == "so it is"
    swarm.node.hset(key, "decision", "so it is not")
    with pytest.raises(Refused):
        ann.get_conflict(conflict.id)


def test_a_proposal_that_was_changed_or_decided_by_nobody_is_refused(swarm: Swarm) -> None:
    chief = RedisBusClient(
        client=swarm.client, prefix=swarm.prefix, agent_id="boss", sealer=swarm.sealer(swarm.enrol("boss", Role.ADMIN))
    )
    assert chief.propose(Proposal("p1", "the sea is calm", 0.9))
    key = f"{swarm.prefix}proposal:p1"
    swarm.node.hset(key, "claim", "the door is open")
    assert chief.get_proposals() == []
    swarm.node.hset(key, mapping={"claim": "the sea is calm", "resolution": "accepted", "decided_by": "eve"})
    with pytest.raises(Refused):
        chief.get_proposal("p1")
    swarm.node.hset(key, "resolution", "pending")
    assert [it.id for it in chief.get_proposals()] == ["p1"]
    assert chief.decide_proposal("p1", "refused", person="boss")
    swarm.node.hset(key, "resolution", "accepted")
    with pytest.raises(Refused):
        chief.get_proposal("p1")


def test_a_context_whose_words_were_changed_is_refused(swarm: Swarm) -> None:
    ann = bus_of(swarm, "ann")
    ann.share_context(Context("task", "one", notes="water the flowers"))
    swarm.node.hset(f"{swarm.prefix}context:task:one", "notes", "open the door")
    with pytest.raises(Refused):
        ann.get_context("task", "one")


def test_what_a_revoked_agent_posted_is_refused_from_then_on(swarm: Swarm) -> None:
    ann, bob, finding = bus_of(swarm, "ann"), bus_of(swarm, "bob"), a_finding()
    ann.post_finding(finding)
    swarm.store.change(swarm.admin, lambda it: it.revoking("ann", at_ms=swarm.now_ms(), reason="lost"))
    with pytest.raises(Refused, match="revoked: lost"):
        bob.get_finding(finding.id)
    with pytest.raises(Refused):
        ann.post_finding(a_finding("later"))


def _bytes_of(server: Server) -> Any:
    return cast("Any", Redis).from_url(client_url(server.url))
