"""What an agent does with a key of its own: it signs for one thing and puts that where another was to be done."""

from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

from kitbash.swarm import Context, Finding, RedisBusClient, SwarmRegistry, Task
from kitbash.swarm import conflict as conflicts
from kitbash.swarm import finding as findings
from kitbash.swarm.accepting import accept
from kitbash.swarm.conflict import Resolution
from kitbash.swarm.errors import Invalid, Refused
from kitbash.swarm.packet import Packet, envelope_to, packet_to
from kitbash.swarm.proposal import Proposal, confirmed
from kitbash.swarm.stored import dumps
from kitbash.swarm.trust.key_files import KeyPair
from kitbash.swarm.trust.roles import Role
from kitbash.swarm.trust.sealer import signed
from tests.trusted import Swarm, swarm_on

SURE: Final = 0.9


@pytest.fixture
def swarm(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Swarm]:
    """Return a swarm."""
    with swarm_on(request.getfixturevalue("plain_server"), tmp_path / "keys") as swarm:
        yield swarm


def bus_of(swarm: Swarm, pair: KeyPair) -> RedisBusClient:
    """Return the client of an agent that signs, checks and asks for leave."""
    return RedisBusClient(
        client=swarm.client, prefix=swarm.prefix, agent_id=pair.agent, sealer=swarm.sealer(pair), guard=swarm.guard()
    )


def put(swarm: Swarm, finding: Finding, pair: KeyPair, action: str) -> None:
    """Write a finding past the client, signed to do something."""
    sealed = signed(Packet(pair.agent, findings.contents_of(finding), finding.speech_act), action, pair)
    fields = {**findings.fields_of(finding), "packet": dumps(envelope_to(sealed))}
    swarm.node.hset(f"{swarm.prefix}finding:{finding.id}", mapping=fields)
    swarm.node.rpush(f"{swarm.prefix}findings:of:{finding.task_id}", finding.id)


@pytest.mark.parametrize("action", ["whatever", "post_task", "get_finding"])
def test_a_finding_that_was_signed_to_do_something_else_is_refused(swarm: Swarm, action: str) -> None:
    ann = swarm.enrol("ann")
    bus, finding = bus_of(swarm, ann), Finding(claim="it is so", worker_id="ann", task_id="t1")
    put(swarm, finding, ann, action)
    with pytest.raises(Refused, match="signed to"):
        bus.get_finding(finding.id)
    put(swarm, finding, ann, "post_finding")
    assert bus.get_finding(finding.id) == finding


def test_an_agent_cannot_resolve_a_conflict_by_signing_a_finding(swarm: Swarm) -> None:
    ann = swarm.enrol("ann")
    bus = bus_of(swarm, ann)
    for claim in ("the sea is calm", "the sea is not calm"):
        bus.post_finding(Finding(claim=claim, confidence=0.9, citations=["a", "b"], worker_id="ann", task_id="t1"))
    bus.detect_finding_conflicts("t1")
    (conflict,) = bus.get_conflicts()
    contents = {"id": conflict.id, "resolution": "first", "decision": "so", "decided_by": "chief"}
    key = f"{swarm.prefix}conflict:{conflict.id}"
    swarm.node.hset(key, mapping={name: it for name, it in contents.items() if name != "id"})
    swarm.node.rpush(
        f"{swarm.prefix}packet:conflict:{conflict.id}",
        dumps(packet_to(signed(Packet("ann", contents), "post_finding", ann))),
    )
    assert conflicts.of_fields(swarm.node.hgetall(key)).resolution is Resolution.FIRST
    with pytest.raises(Refused, match="signed to"):
        bus.get_conflict(conflict.id)


def test_nobody_posts_or_hands_in_the_work_of_another(swarm: Swarm) -> None:
    ann = swarm.enrol("ann")
    bus = bus_of(swarm, ann)
    with pytest.raises(Refused, match="work of 'bob'"):
        bus.post_finding(Finding(claim="it is so", worker_id="bob", task_id="t1"))
    for worker in ("x", "y"):
        put(
            swarm, Finding(claim="the sea is calm", confidence=0.9, worker_id=worker, task_id="t1"), ann, "post_finding"
        )
    assert bus.get_findings_for_task("t1") == []
    assert bus.get_agreements("t1") == []


def test_only_an_answer_of_the_inbox_is_a_persons(swarm: Swarm) -> None:
    ann = swarm.enrol("ann")
    bus = bus_of(swarm, ann)
    said = Finding(
        claim="the sea is calm", confidence=1.0, citations=["a", "b"], worker_id="person:chief", task_id="t1"
    )
    for action in ("post_finding", "answer_inbox"):
        put(swarm, said, ann, action)
        with pytest.raises(Refused):
            bus.get_finding(said.id)
        assert confirmed(bus.get_findings_for_task("t1"), SURE) == []
    with pytest.raises(Invalid, match="person"):
        bus.post_finding(said)
    unsealed = RedisBusClient(client=swarm.client, prefix=swarm.prefix, agent_id="ann")
    with pytest.raises(Invalid, match="person"):
        unsealed.post_finding(said)


def test_an_admins_answer_is_handed_out_as_the_persons(swarm: Swarm) -> None:
    bus, chief = bus_of(swarm, swarm.enrol("ann")), bus_of(swarm, swarm.enrol("boss", Role.ADMIN))
    task = Task(description="look")
    bus.post_task(task)
    question = bus.ask_human("who knows", task_id=task)
    answer = chief.answer_inbox(question.id, "the sea is calm", person="carol")
    assert answer is not None
    assert bus.get_findings_for_task(task) == [question, answer]


def test_an_answer_does_not_follow_a_question_that_was_changed(swarm: Swarm) -> None:
    bus, chief = bus_of(swarm, swarm.enrol("ann")), bus_of(swarm, swarm.enrol("boss", Role.ADMIN))
    question = bus.ask_human("who knows")
    swarm.node.hset(f"{swarm.prefix}finding:{question.id}", "task_id", "dangerous")
    with pytest.raises(Refused):
        chief.answer_inbox(question.id, "I do", person="carol")
    assert not swarm.node.exists(f"{swarm.prefix}findings:of:dangerous")


def test_who_may_not_accept_a_proposal_writes_nothing(swarm: Swarm, tmp_path: Path) -> None:
    chief, eve = bus_of(swarm, swarm.enrol("boss", Role.ADMIN)), bus_of(swarm, swarm.enrol("eve", Role.AUDITOR))
    chief.propose(Proposal("p1", "the sea is calm", 0.9))
    with pytest.raises(Refused, match="may not decide_proposal"):
        accept(eve, "p1", tmp_path / "cartridges", person="eve")
    assert not (tmp_path / "cartridges").exists()
    assert accept(chief, "p1", tmp_path / "cartridges", person="boss").added == 1


def test_a_roster_that_was_copied_is_refused(swarm: Swarm) -> None:
    chief = bus_of(swarm, swarm.enrol("boss", Role.ADMIN))
    chief.register_swarm(SwarmRegistry("one"))
    assert chief.get_registry("one") is not None
    for kind in ("swarm:registry:", "packet:swarm:registry:"):
        swarm.node.copy(f"{swarm.prefix}{kind}one", f"{swarm.prefix}{kind}two")
    with pytest.raises(Refused, match="copied"):
        chief.get_registry("two")


def test_a_context_that_was_signed_as_something_else_is_refused(swarm: Swarm) -> None:
    ann = swarm.enrol("ann")
    bus = bus_of(swarm, ann)
    bus.share_context(Context("task", "one", notes="so"))
    key = f"{swarm.prefix}packet:context:task:one"
    sealed = bus.get_packets("context:task:one")[0]
    forged = signed(Packet("ann", sealed.contents), "post_task", ann)
    swarm.node.set(key, dumps(packet_to(forged)))
    with pytest.raises(Refused, match="signed to"):
        bus.get_context("task", "one")
