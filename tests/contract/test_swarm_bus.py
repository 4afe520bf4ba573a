"""What both clients of the findings bus promise, on a plain server and on a cluster."""

import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import Any

import pytest

from kitbash.swarm import Context, Finding, RedisBusClient, RemediationScan, SessionSummary, SwarmRegistry, TaskStatus
from kitbash.swarm import finding as findings
from kitbash.swarm import task as tasks
from kitbash.swarm.conflict import Grade, Kind, Resolution
from kitbash.swarm.errors import Invalid, Occupied
from kitbash.swarm.proposal import Decision, Proposal
from kitbash.swarm.speech import SpeechAct
from tests.servers import Server
from tests.swarms import bus_client, finding, fresh_prefix, keys_of, raw, snapshot, task
from tests.waiting import until


@dataclass(frozen=True, slots=True)
class Stand:
    """Two agents' clients of one bus, and the server itself."""

    ann: RedisBusClient
    bob: RedisBusClient
    node: Any


@pytest.fixture(params=["blocking-plain", "blocking-cluster", "awaiting-plain", "awaiting-cluster"])
def stand(request: pytest.FixtureRequest) -> Generator[Stand]:
    kind, _, where = request.param.partition("-")
    server: Server = request.getfixturevalue(f"{where}_server")
    prefix, is_async = fresh_prefix(), kind == "awaiting"
    with ExitStack() as stack:
        ann = stack.enter_context(bus_client(server, is_async=is_async, prefix=prefix))
        bob = stack.enter_context(bus_client(server, is_async=is_async, prefix=prefix, agent_id="bob"))
        yield Stand(ann, bob, stack.enter_context(closing(raw(server))))


# Tasks


def test_a_posted_task_comes_back_as_it_was(stand: Stand) -> None:
    posted = task(data={"where": ["pond", 3]}, priority=7)
    assert stand.ann.post_task(posted)
    assert stand.bob.get_task(posted.id) == posted
    assert stand.bob.get_unassigned_task() == posted


def test_a_task_is_posted_once(stand: Stand) -> None:
    posted = task()
    assert stand.ann.post_task(posted)
    assert not stand.ann.post_task(posted)
    assert len(stand.ann.get_packets(f"task:{posted.id}")) == 1


def test_only_one_of_two_agents_has_a_task(stand: Stand) -> None:
    posted = task()
    stand.ann.post_task(posted)
    assert stand.ann.claim_task(posted, assignee="ann")
    assert not stand.bob.claim_task(posted, assignee="bob")
    found = stand.bob.get_task(posted.id)
    assert found is not None
    assert (found.assignee, found.status, found.attempts) == ("ann", TaskStatus.IN_PROGRESS, 1)


def test_a_task_that_was_never_posted_can_be_claimed(stand: Stand) -> None:
    fresh = task()
    assert stand.ann.claim_task(fresh, assignee="ann", agent_id="ann")
    assert stand.bob.get_unassigned_task() is None
    assert stand.ann.complete_task(fresh, {"swans": 3})
    done = stand.bob.get_task(fresh.id)
    assert done is not None
    assert (done.status, done.result) == (TaskStatus.COMPLETED, '{"swans":3}')


def test_the_most_urgent_task_is_next_and_of_equals_the_oldest(stand: Stand) -> None:
    low, first, second, high = task(priority=-1), task(), task(), task(priority=5)
    for each in (low, second, high, first):
        stand.ann.post_task(each)
    assert stand.ann.get_unassigned_task() == high
    order = [taken.id for _ in range(4) if (taken := stand.ann.next_task())]
    assert order[0] == high.id
    assert order[3] == low.id
    assert set(order[1:3]) == {first.id, second.id}
    assert stand.ann.next_task() is None


def test_a_released_task_is_anybodys_again(stand: Stand) -> None:
    posted = task()
    stand.ann.claim_task(posted)
    assert stand.ann.release_task(posted.id, needs_assist=True)
    found = stand.bob.get_unassigned_task()
    assert found is not None
    assert (found.status, found.assignee) == (TaskStatus.NEEDS_ASSIST, "")
    assert stand.bob.claim_task(found)
    assert not stand.ann.release_task(posted.id)


def test_releasing_what_is_not_there_is_false_and_writes_nothing(stand: Stand) -> None:
    assert not stand.ann.release_task("nothing")
    assert snapshot(stand.node, keys_of(stand.ann).prefix) == {}


def test_a_lease_that_ends_returns_the_task_and_fences_its_late_holder(stand: Stand) -> None:
    posted = task()
    stand.ann.post_task(posted)
    assert stand.ann.claim_task(posted, lease_s=0.001)
    token = stand.ann.leases[posted.id].token
    taken = until(stand.bob.next_task)
    assert taken is not None
    assert taken.id == posted.id
    assert stand.bob.leases[posted.id].token > token
    assert not stand.ann.renew_task(posted, token=token)
    assert not stand.ann.complete_task(posted, "late", token=token)
    assert stand.bob.complete_task(posted, "in time")


def test_a_late_holder_cannot_end_what_waits_for_a_person_since(stand: Stand) -> None:
    posted = task()
    stand.ann.claim_task(posted, lease_s=0.001)
    token = stand.ann.leases[posted.id].token
    until(stand.bob.get_unassigned_task)
    stand.bob.escalate_to_human(posted, "Who has this?")
    assert not stand.ann.complete_task(posted, "late", token=token)
    assert _status(stand, posted.id) is TaskStatus.BLOCKED


def test_a_renewed_lease_lasts_longer(stand: Stand) -> None:
    posted = task()
    stand.ann.claim_task(posted, lease_s=5)
    before = stand.ann.leases[posted.id]
    assert stand.ann.renew_task(posted, lease_s=50)
    after = stand.ann.leases[posted.id]
    assert (after.token, after.until_ms > before.until_ms) == (before.token, True)


def test_completing_again_with_the_same_token_changes_nothing(stand: Stand) -> None:
    posted = task()
    stand.ann.claim_task(posted)
    token = stand.ann.leases[posted.id].token
    assert stand.ann.complete_task(posted, "one", token=token)
    assert stand.ann.complete_task(posted, "two", token=token)
    found = stand.ann.get_task(posted)
    assert found is not None
    assert found.result == "one"


def test_a_failed_task_ends_and_cannot_be_claimed(stand: Stand) -> None:
    posted = task()
    stand.ann.claim_task(posted)
    assert stand.ann.fail_task(posted, "the lake is frozen")
    assert not stand.bob.claim_task(posted)
    assert stand.bob.get_unassigned_task() is None


def test_a_task_whose_agents_all_die_is_given_up(stand: Stand) -> None:
    posted = task()
    stand.ann.post_task(posted)
    for _ in range(stand.ann.bus.most_attempts):
        assert until(lambda: stand.ann.next_task(lease_s=0.001))
    until(lambda: stand.ann.get_unassigned_task() is None and _status(stand, posted.id) is TaskStatus.FAILED)
    assert stand.bob.next_task() is None


def _status(stand: Stand, task_id: str) -> TaskStatus | None:
    found = stand.bob.get_task(task_id)
    return found and found.status


def test_every_step_of_a_task_left_its_packet(stand: Stand) -> None:
    posted = task()
    stand.ann.post_task(posted)
    stand.ann.claim_task(posted)
    stand.ann.release_task(posted)
    stand.bob.next_task()
    stand.bob.complete_task(posted, "done")
    packets = stand.ann.get_packets(f"task:{posted.id}")
    assert [it.chain_of_custody[-1].action for it in packets] == [
        "post_task", "claim_task", "release_task", "claim_task", "complete_task",
    ]  # fmt: skip
    assert [it.origin for it in packets] == ["ann", "ann", "ann", "bob", "bob"]
    assert packets[0].contents["description"] == posted.description


def test_a_queue_full_of_expired_tasks_is_seen_through(stand: Stand) -> None:
    for _ in range(40):
        gone = task()
        stand.ann.post_task(gone)
        stand.node.delete(keys_of(stand.ann).task(gone.id))
    posted = task(priority=-1)
    stand.ann.post_task(posted)
    assert stand.ann.get_unassigned_task() == posted
    taken = stand.bob.next_task()
    assert taken is not None
    assert taken.id == posted.id


# Findings


def test_a_finding_comes_back_as_it_was(stand: Stand) -> None:
    posted = finding("it's «deep»\n— 40 m", topic="the lake", task_id="t1", is_critical=True)
    assert stand.ann.post_finding(posted)
    assert stand.bob.get_finding(posted.id) == posted
    assert stand.bob.get_findings_for_task("t1") == [posted]
    assert stand.bob.get_findings_on_topic("The Lake?") == [posted]
    packet = stand.bob.get_packet(f"finding:{posted.id}")
    assert packet is not None
    assert (packet.origin, packet.contents["claim"]) == ("ann", posted.claim)


def test_what_is_posted_stands_in_its_hash_field_by_field(stand: Stand) -> None:
    # The scripts name the fields themselves; here they are held against what is read.
    posted, found = task(data={"where": ["pond"]}, priority=7), finding(topic="Ponds", is_critical=True)
    stand.ann.post_task(posted)
    stand.ann.post_finding(found)
    for key, fields in (
        (stand.ann.bus.keys.task(posted.id), tasks.fields_of(posted)),
        (stand.ann.bus.keys.finding(found.id), findings.fields_of(found)),
    ):
        held = stand.node.hgetall(key)
        assert held.pop("packet")
        assert held == fields


def test_posting_twice_keeps_one(stand: Stand) -> None:
    posted = finding(task_id="t1")
    assert stand.ann.post_finding(posted)
    assert stand.ann.post_finding(posted)
    assert stand.ann.get_findings_for_task("t1") == [posted]


def test_another_finding_of_the_same_id_is_refused_and_changes_nothing(stand: Stand) -> None:
    posted = finding()
    stand.ann.post_finding(posted)
    before = snapshot(stand.node, keys_of(stand.ann).prefix)
    with pytest.raises(Invalid, match="another finding has the id"):
        stand.bob.post_finding(finding("the lake is shallow", id=posted.id))
    assert snapshot(stand.node, keys_of(stand.ann).prefix) == before


def test_what_does_not_say_whose_it_is_is_the_agents(stand: Stand) -> None:
    posted = finding(worker_id="")
    stand.bob.post_finding(posted)
    found = stand.ann.get_finding(posted.id)
    assert found is not None
    assert found.worker_id == "bob"


def test_what_is_not_there_is_none_or_empty(stand: Stand) -> None:
    assert stand.ann.get_finding("nothing") is None
    assert stand.ann.get_task("nothing") is None
    assert stand.ann.get_context("a", "b") is None
    assert stand.ann.get_findings_for_task("nothing") == []
    assert stand.ann.get_packets("task:nothing") == []
    assert stand.ann.get_registry("nothing") is None


def test_a_finding_that_cannot_be_read_does_not_hide_the_others(stand: Stand) -> None:
    broken, whole = finding(task_id="t1"), finding("another", task_id="t1")
    stand.ann.post_finding(broken)
    stand.ann.post_finding(whole)
    stand.node.hset(keys_of(stand.ann).finding(broken.id), "confidence", "very")
    assert stand.ann.get_findings_for_task("t1") == [whole]
    with pytest.raises(Invalid, match="does not hold what it should"):
        stand.ann.get_finding(broken.id)


# Conflicts and agreement


def opposed(stand: Stand) -> tuple[Finding, Finding]:
    one = finding("The lake is frozen", 0.9, task_id="t1")
    other = finding("The lake is not frozen", 0.95, task_id="t1", worker_id="bob")
    stand.ann.post_finding(one)
    stand.bob.post_finding(other)
    return one, other


@pytest.mark.parametrize("named", [{}, {"threshold": 0.2}, {"conflict_threshold": 0.2}])
def test_opposite_claims_of_equal_confidence_conflict(stand: Stand, named: dict[str, Any]) -> None:
    pair = opposed(stand)
    stand.ann.post_finding(finding("The lake is frozen", 0.85, task_id="t1", worker_id="eve"))
    assert stand.ann.detect_finding_conflicts("t1", **named)[0] in {pair, pair[::-1]}


def test_a_conflict_is_queued_once_and_resolved_once(stand: Stand) -> None:
    opposed(stand)
    (clash,) = stand.ann.detect_clashes("t1")
    assert (clash.kind, clash.grade) == (Kind.OPPOSITE, Grade.CRITICAL)
    stand.bob.detect_finding_conflicts("t1")
    (queued,) = stand.bob.get_conflicts()
    assert (queued.id, queued.grade, queued.task_id) == (clash.id, Grade.CRITICAL, "t1")
    assert stand.bob.resolve_conflict(queued.id, "second", "bob stood on it", person="carol")
    assert not stand.bob.resolve_conflict(queued.id, "first", "no", person="dan")
    assert stand.bob.get_conflicts() == []
    stand.ann.detect_finding_conflicts("t1")
    assert stand.bob.get_conflicts() == []
    settled = stand.ann.get_conflict(queued.id)
    assert settled is not None
    assert (settled.resolution, settled.decision, settled.decided_by) == (
        Resolution.SECOND, "bob stood on it", "carol",
    )  # fmt: skip
    assert len(stand.ann.get_packets(f"conflict:{queued.id}")) == 2


def test_conflicts_are_found_on_a_topic_over_tasks(stand: Stand) -> None:
    stand.ann.post_finding(finding("The lake is frozen", task_id="t1", topic="lake"))
    stand.ann.post_finding(finding("The lake is not frozen", task_id="t2", topic="lake"))
    assert stand.ann.detect_finding_conflicts("t1") == []
    (clash,) = stand.ann.detect_topic_conflicts("lake")
    assert clash.kind is Kind.OPPOSITE


def test_workers_that_agree_are_surer_together(stand: Stand) -> None:
    stand.ann.post_finding(finding("The lake is frozen", 0.7, task_id="t1"))
    stand.ann.post_finding(finding("The lake is frozen.", 0.7, task_id="t1"))
    assert stand.ann.get_agreements("t1") == []
    stand.bob.post_finding(finding("The lake is frozen", 0.8, task_id="t1", worker_id="bob"))
    agreed = stand.ann.get_agreements("t1")[0]
    assert agreed.confidence == pytest.approx(1 - 0.3 * 0.2)


# People


def test_a_question_waits_for_a_person_and_comes_back_as_theirs(stand: Stand) -> None:
    posted, doubt = task(), finding()
    stand.ann.claim_task(posted)
    assert stand.ann.escalate_to_human(task_id=posted.id, reason="Which lake?", findings=[doubt])
    assert _status(stand, posted.id) is TaskStatus.BLOCKED
    assert stand.bob.get_unassigned_task() is None
    (question,) = stand.bob.get_inbox()
    assert (question.claim, question.speech_act, question.confidence) == ("Which lake?", SpeechAct.ESCALATE, 0.0)
    assert question.citations == (f"finding:{doubt.id}",)
    said = stand.bob.answer_inbox(question.id, "The small one.", person="carol", confidence=0.95)
    assert said is not None
    assert (said.worker_id, said.claim, said.citations) == (
        "person:carol", "The small one.", (f"finding:{question.id}",),
    )  # fmt: skip
    assert stand.bob.get_inbox() == []
    assert stand.bob.answer_inbox(question.id, "No, the big one.", person="dan") is None
    assert stand.ann.get_findings_for_task(posted.id) == [question, said]
    found = stand.bob.get_unassigned_task()
    assert found is not None
    assert found.id == posted.id


def test_escalating_an_unknown_task_makes_no_task(stand: Stand) -> None:
    assert stand.ann.escalate_to_human("nothing", "Who knows?")
    assert stand.ann.get_task("nothing") is None
    assert [it.claim for it in stand.ann.get_inbox()] == ["Who knows?"]


def test_an_answer_to_no_question_is_refused(stand: Stand) -> None:
    with pytest.raises(Invalid, match="no open question"):
        stand.ann.answer_inbox("nothing", "yes", person="carol")


# What is shared


def test_a_context_comes_back_as_it_was_and_replaces_the_last(stand: Stand) -> None:
    context = Context(scope="task", name="t1")
    context.notes = "first"
    assert stand.ann.share_context(context)
    context.topics = ["lake", "ice"]
    context.timeline = [("2026-01-01T00:00:00+00:00", "froze")]
    context.shared_data = {"depth_m": 40}
    assert stand.bob.share_context(context)
    assert stand.ann.get_context("task", "t1") == context


def test_summaries_rosters_and_scans_are_kept_with_their_packets(stand: Stand) -> None:
    summary = SessionSummary(date="2026-01-31", label="my_swarm", metrics={"tasks": 1})
    roster = SwarmRegistry(id="s1", agents=[{"id": "ann", "role": "diver"}], roles={"diver": 1}, artifacts=["map"])
    scan = RemediationScan(date="2026-01-31", scan_type="weekly", keys_scanned=3, violations=["x"])
    assert stand.ann.record_session_summary(summary)
    assert stand.ann.register_swarm(roster)
    assert stand.ann.record_remediation_scan(scan)
    assert stand.bob.get_registry("s1") == roster
    assert stand.bob.get_remediation_scan("2026-01-31", "weekly") == scan
    for name in ("session:infrafabric:2026-01-31:my_swarm", "swarm:registry:s1", "swarm:remediation:2026-01-31:weekly"):
        packet = stand.bob.get_packet(name)
        assert packet is not None
        assert packet.origin == "ann"
        assert stand.node.ttl(keys_of(stand.ann).prefix + name) > 6 * 86_400


def test_what_happens_can_be_watched(stand: Stand) -> None:
    posted = task()
    stand.ann.claim_task(posted)
    stand.ann.complete_task(posted)
    seen = stand.bob.events("0")
    assert [(it.kind, it.id, it.agent) for it in seen] == [
        ("task_claimed", posted.id, "ann"), ("task_completed", posted.id, "ann"),
    ]  # fmt: skip
    assert stand.bob.events(seen[-1].entry_id, block_ms=1) == []


# Time to live, hygiene, things in the way


def test_every_record_expires_some_day(stand: Stand) -> None:
    opposed(stand)
    stand.ann.detect_finding_conflicts("t1")
    posted = task()
    stand.ann.claim_task(posted)
    stand.ann.escalate_to_human(posted, "Why?")
    stand.ann.share_context(Context("a", "b"))
    lasting = {"events", "tasks:leased", "tasks:unassigned", "conflicts:open", "inbox:open"}
    prefix = keys_of(stand.ann).prefix
    there = {key.removeprefix(prefix): stand.node.ttl(key) for key in stand.node.scan_iter(f"{prefix}*")}
    assert {name for name, ttl_s in there.items() if ttl_s == -1} <= lasting
    assert there["finding:" + stand.ann.get_findings_for_task("t1")[0].id] > 86_000


def test_hygiene_repairs_what_is_safe_and_tells_of_the_rest(stand: Stand) -> None:
    keys = keys_of(stand.ann)
    lasting, expired, orphan = finding(task_id="t1"), task(), task()
    stand.ann.post_finding(lasting)
    stand.node.persist(keys.finding(lasting.id))
    stand.node.rpush(keys.findings_of("t1"), "gone")
    stand.node.set(keys.task("odd"), "not a hash")
    stand.node.set(f"{keys.prefix}whatever", "1")
    stand.ann.post_task(orphan)
    stand.node.delete(keys.task(orphan.id))
    stand.ann.claim_task(expired, lease_s=0.001)
    leased = keys.leased
    until(lambda: stand.node.zcount(leased, "-inf", _now_ms(stand.node)))
    scan = stand.ann.scan()
    assert (scan.wrongtype_found, scan.expired_found) == (1, 1)
    told = " | ".join(scan.violations)
    assert all(it in told for it in ("wrong type", "unknown key", "no time to live", "orphans in", "expired leases"))
    assert stand.node.ttl(keys.finding(lasting.id)) > 0
    assert stand.node.lrange(keys.findings_of("t1"), 0, -1) == [lasting.id]
    assert stand.node.get(keys.task("odd")) == "not a hash"
    assert stand.node.zrange(keys.unassigned, 0, -1) == [expired.id]
    assert stand.bob.get_remediation_scan(scan.date) == scan
    again = stand.ann.scan()
    assert len(again.violations) == 2


def _now_ms(node: Any) -> int:
    seconds, microseconds = node.time()
    return seconds * 1000 + microseconds // 1000


def test_a_scan_that_repairs_nothing_changes_nothing_but_its_record(stand: Stand) -> None:
    keys = keys_of(stand.ann)
    stand.ann.post_finding(finding(task_id="t1"))
    stand.node.rpush(keys.findings_of("t1"), "gone")
    before = snapshot(stand.node, keys.findings_of("t1"))
    scan = stand.ann.scan(repair=False)
    assert (len(scan.violations), scan.actions_taken) == (1, ())
    assert snapshot(stand.node, keys.findings_of("t1")) == before


WRITES: dict[str, tuple[Callable[[RedisBusClient], object], tuple[str, ...]]] = {
    "post_task": (lambda it: it.post_task(task(id="t9")), ("task:t9", "tasks:unassigned", "events")),
    "claim_task": (
        lambda it: it.claim_task(task(id="t9")),
        ("task:t9", "tasks:unassigned", "tasks:leased", "events"),
    ),
    "post_finding": (
        lambda it: it.post_finding(finding(id="f9", task_id="t9", topic="")),
        ("finding:f9", "findings:of:t9", "events"),
    ),
    "share_context": (
        lambda it: it.share_context(Context("a", "b")),
        ("context:a:b", "packet:context:a:b", "events"),
    ),
    "escalate": (
        lambda it: it.escalate_to_human("t9", "Why?"),
        ("findings:of:t9", "inbox:open", "task:t9", "tasks:unassigned", "tasks:leased", "events"),
    ),
}


@pytest.mark.parametrize(("verb", "name"), [(verb, name) for verb, (_, names) in WRITES.items() for name in names])
def test_a_key_of_another_type_is_named_and_nothing_is_written(stand: Stand, verb: str, name: str) -> None:
    key = keys_of(stand.ann).prefix + name
    stand.node.sadd(key, "in the way")
    before = snapshot(stand.node, keys_of(stand.ann).prefix)
    with pytest.raises(Occupied, match=name):
        WRITES[verb][0](stand.ann)
    assert snapshot(stand.node, keys_of(stand.ann).prefix) == before


@pytest.mark.parametrize("name", ["tasks:unassigned", "tasks:leased", "events"])
def test_leaving_a_task_is_whole_or_not_at_all(stand: Stand, name: str) -> None:
    posted = task()
    stand.ann.claim_task(posted)
    key = keys_of(stand.ann).prefix + name
    stand.node.delete(key)
    stand.node.sadd(key, "in the way")
    before = snapshot(stand.node, keys_of(stand.ann).prefix)
    with pytest.raises(Occupied, match=name):
        stand.ann.release_task(posted)
    assert snapshot(stand.node, keys_of(stand.ann).prefix) == before


@pytest.mark.parametrize("name", ["inbox:open", "findings:of:{task}", "task:{task}", "tasks:unassigned", "events"])
def test_answering_is_whole_or_not_at_all(stand: Stand, name: str) -> None:
    posted = task()
    stand.ann.claim_task(posted)
    question = stand.ann.ask_human("Why?", task_id=posted)
    key = keys_of(stand.ann).prefix + name.format(task=posted.id)
    stand.node.delete(key)
    stand.node.sadd(key, "in the way")
    before = snapshot(stand.node, keys_of(stand.ann).prefix)
    with pytest.raises(Occupied, match=name.partition("{")[0]):
        stand.bob.answer_inbox(question.id, "So.", person="carol")
    assert snapshot(stand.node, keys_of(stand.ann).prefix) == before


@pytest.mark.parametrize("name", ["conflict:{id}", "conflicts:open", "packet:conflict:{id}", "events"])
def test_resolving_is_whole_or_not_at_all(stand: Stand, name: str) -> None:
    opposed(stand)
    (clash,) = stand.ann.detect_clashes("t1")
    key = keys_of(stand.ann).prefix + name.format(id=clash.id)
    stand.node.delete(key)
    stand.node.sadd(key, "in the way")
    before = snapshot(stand.node, keys_of(stand.ann).prefix)
    with pytest.raises(Occupied, match=name.partition("{")[0]):
        stand.bob.resolve_conflict(clash.id, "first", "so", person="carol")
    assert snapshot(stand.node, keys_of(stand.ann).prefix) == before


def test_a_read_of_a_key_of_another_type_is_an_error_of_its_own(stand: Stand) -> None:
    stand.node.set(keys_of(stand.ann).finding("f1"), "in the way")
    with pytest.raises(Occupied, match="another type"):
        stand.ann.get_finding("f1")


# Proposals


def proposed(name: str = "p1") -> Proposal:
    return Proposal(name, "the lake is deep", 0.95, ["map", "finding:f1 by ann"], "t1", "is it deep?")


def test_a_proposal_comes_back_as_it_was_once_and_is_decided_once(stand: Stand) -> None:
    assert stand.ann.propose(proposed())
    assert not stand.bob.propose(proposed())
    (waiting,) = stand.bob.get_proposals()
    assert waiting == replace(proposed(), created_at=waiting.created_at)
    assert stand.bob.decide_proposal("p1", "accepted", person="carol")
    assert not stand.bob.decide_proposal("p1", "refused", person="dan")
    assert stand.ann.get_proposals() == []
    decided = stand.ann.get_proposal("p1")
    assert decided is not None
    assert (decided.decision, decided.decided_by) == (Decision.ACCEPTED, "carol")
    assert [it.kind for it in stand.ann.events("0")] == ["proposed", "proposal_accepted"]
    assert len(stand.ann.get_packets("proposal:p1")) == 2
    assert stand.ann.get_proposal("p2") is None
    scan = stand.ann.scan()
    assert (scan.violations, scan.wrongtype_found) == ((), 0)


def test_what_cannot_be_decided_is_said(stand: Stand) -> None:
    stand.ann.propose(proposed())
    for decision in ("pending", "burn"):
        with pytest.raises(Invalid):
            stand.ann.decide_proposal("p1", decision, person="carol")
    with pytest.raises(Invalid, match="no proposal"):
        stand.ann.decide_proposal("p2", "accepted", person="carol")
    assert [it.id for it in stand.ann.get_proposals()] == ["p1"]


def test_no_more_is_proposed_while_too_much_waits(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kitbash.swarm.proposal.MOST_OPEN", 2)
    assert [stand.ann.propose(proposed(it)) for it in ("p1", "p2", "p3")] == [True, True, False]
    stand.ann.decide_proposal("p1", "refused", person="carol")
    assert stand.ann.propose(proposed("p3"))


@pytest.mark.parametrize("name", ["proposals:open", "packet:proposal:p1", "events"])
def test_proposing_and_deciding_are_whole_or_not_at_all(stand: Stand, name: str) -> None:
    stand.ann.propose(proposed())
    key = keys_of(stand.ann).prefix + name
    stand.node.delete(key)
    stand.node.sadd(key, "in the way")
    before = snapshot(stand.node, keys_of(stand.ann).prefix)
    with pytest.raises(Occupied):
        stand.bob.decide_proposal("p1", "accepted", person="carol")
    if "packet" not in name:
        with pytest.raises(Occupied):
            stand.bob.propose(proposed("p2"))
    assert snapshot(stand.node, keys_of(stand.ann).prefix) == before


def test_tasks_are_listed_the_waiting_ones_first(stand: Stand) -> None:
    waiting, held = task(), task()
    stand.ann.claim_task(held)
    stand.ann.post_task(waiting)
    assert [it.id for it in stand.bob.get_tasks()] == [waiting.id, held.id]


def test_watching_from_now_on_misses_nothing_that_comes_later(stand: Stand) -> None:
    assert stand.bob.newest_event() == "0"
    stand.ann.post_task(task())
    after = stand.bob.newest_event()
    stand.ann.post_finding(finding(id="f1"))
    assert [it.id for it in stand.bob.events(after)] == ["f1"]


def test_who_does_not_want_to_wait_does_not(stand: Stand) -> None:
    began_s = time.monotonic()
    for _ in range(20):
        assert stand.bob.events("0", block_ms=0) == []
    # A read that blocks for the least time takes a tenth of a second.
    assert time.monotonic() - began_s < 1.5
    stand.ann.post_finding(finding(id="f1"))
    assert [it.id for it in stand.bob.events("0", block_ms=0)] == ["f1"]


def test_it_is_healthy(stand: Stand) -> None:
    assert stand.ann.health_check()


# Late holders, and work that bookkeeping must not lose


def test_a_thread_that_lost_its_task_does_not_end_it_for_the_one_that_has_it_now(stand: Stand) -> None:
    stand.ann.post_task(task())
    late = stand.ann.next_task(lease_s=0.001)
    now = until(stand.ann.next_task)
    assert late is not None
    assert now is not None
    assert late.id == now.id
    assert (late.token or 0) < (now.token or 0)
    assert not stand.ann.complete_task(late, "late")
    assert stand.ann.complete_task(now, "in time")


def test_who_was_fenced_stays_fenced(stand: Stand) -> None:
    posted = task()
    stand.ann.claim_task(posted, lease_s=0.001)
    token = stand.ann.leases[posted.id].token
    with_the_same_name = until(lambda: stand.bob.next_task("ann", "ann"))
    assert with_the_same_name is not None
    assert [stand.ann.renew_task(posted), stand.ann.renew_task(posted)] == [False, False]
    assert [stand.ann.complete_task(posted.id), stand.ann.complete_task(posted.id)] == [False, False]
    assert stand.ann.leases[posted.id].token == token
    assert stand.bob.complete_task(with_the_same_name)


def test_claiming_again_what_one_has_keeps_the_lease(stand: Stand) -> None:
    posted = task()
    stand.ann.claim_task(posted)
    assert not stand.ann.claim_task(posted)
    assert posted.id in stand.ann.leases


def test_a_task_outlives_its_lease(stand: Stand) -> None:
    posted = task(ttl_seconds=1)
    key = keys_of(stand.ann).task(posted.id)
    stand.ann.claim_task(posted, lease_s=50)
    assert stand.node.pttl(key) > 50_000
    stand.ann.renew_task(posted, lease_s=100)
    assert stand.node.pttl(key) > 100_000


def test_giving_a_task_back_does_not_count_against_it_and_giving_it_up_is_told(stand: Stand) -> None:
    posted = task()
    stand.ann.post_task(posted)
    for _ in range(stand.ann.bus.most_attempts):
        stand.ann.claim_task(posted)
        stand.ann.release_task(posted)
    for at in range(stand.ann.bus.most_attempts):
        assert _status(stand, posted.id) is TaskStatus.PENDING, at
        assert until(lambda: stand.ann.next_task(lease_s=0.001))
        until(lambda: stand.ann.get_unassigned_task() or _status(stand, posted.id) is TaskStatus.FAILED)
    told = [it.kind for it in stand.bob.events("0")]
    assert told.count("task_expired") == stand.ann.bus.most_attempts - 1
    assert told[-1] == "task_failed"


@pytest.mark.parametrize("status", [TaskStatus.COMPLETED, TaskStatus.IN_PROGRESS, TaskStatus.BLOCKED])
def test_what_is_posted_waits_whatever_it_says(stand: Stand, status: TaskStatus) -> None:
    posted = task(status=status)
    stand.ann.post_task(posted)
    found = stand.bob.get_unassigned_task()
    assert found == replace(posted, status=TaskStatus.PENDING)
    assert stand.bob.next_task()


def test_what_is_in_the_queue_and_does_not_wait_is_passed_over(stand: Stand) -> None:
    done, waits = task(priority=9), task()
    stand.ann.claim_task(done)
    stand.ann.complete_task(done)
    stand.node.zadd(keys_of(stand.ann).unassigned, {done.id: 0})
    stand.ann.post_task(waits)
    assert stand.bob.get_unassigned_task() == waits


def test_returning_work_is_whole_or_not_at_all(stand: Stand) -> None:
    posted = task()
    stand.ann.claim_task(posted, lease_s=0.001)
    stand.node.delete(keys_of(stand.ann).events)
    stand.node.sadd(keys_of(stand.ann).events, "in the way")
    before = snapshot(stand.node, keys_of(stand.ann).prefix)
    until(lambda: stand.node.zcount(keys_of(stand.ann).leased, "-inf", _now_ms(stand.node)))
    with pytest.raises(Occupied, match="events"):
        stand.ann.get_unassigned_task()
    assert snapshot(stand.node, keys_of(stand.ann).prefix) == before


# What is odd stops nobody


def _spoil_queue(stand: Stand) -> None:
    keys = keys_of(stand.ann)
    stand.node.zadd(keys.unassigned, {"a b": 0, b"\xff": 0, "x" * 65: 0, "bad": 1, "deep": 2, "raw": 3, "old": 4})
    stand.node.zadd(keys.leased, {"c d": 0})
    stand.node.set(keys.task("bad"), "not a hash")
    fields = tasks.fields_of(task())
    late = {"created_at": "0001-01-01T00:00:00+01:00"}
    for name, odd in {"deep": {"data": "[" * 200_000}, "raw": {"description": b"\xff"}, "old": late}.items():
        stand.node.hset(keys.task(name), mapping={**fields, "id": name, **odd})


def test_one_odd_task_does_not_hide_the_work_behind_it(stand: Stand) -> None:
    _spoil_queue(stand)
    posted = task(priority=-1)
    stand.ann.post_task(posted)
    assert stand.bob.get_unassigned_task() == posted
    assert posted in stand.bob.get_tasks()
    taken = stand.bob.next_task()
    assert taken is not None
    assert taken.id == posted.id


def test_many_forged_tasks_do_not_hide_the_work_behind_them(stand: Stand) -> None:
    for _ in range(40):
        forged = task(priority=9)
        stand.ann.post_task(forged)
        stand.node.hset(keys_of(stand.ann).task(forged.id), "id", "another")
    posted = task()
    stand.ann.post_task(posted)
    assert stand.bob.get_unassigned_task() == posted


def test_one_odd_finding_does_not_hide_the_others(stand: Stand) -> None:
    keys, kept = keys_of(stand.ann), finding(task_id="t1")
    stand.ann.post_finding(kept)
    stand.node.rpush(keys.findings_of("t1"), "a b", "string", "raw", "old")
    stand.node.set(keys.finding("string"), "not a hash")
    fields = findings.fields_of(finding(task_id="t1"))
    stand.node.hset(keys.finding("raw"), mapping={**fields, "id": "raw", "claim": b"\xff"})
    stand.node.hset(keys.finding("old"), mapping={**fields, "id": "old", "timestamp": "0001-01-01T00:00:00+01:00"})
    assert stand.bob.get_findings_for_task("t1") == [kept]
    with pytest.raises(Invalid):
        stand.bob.get_finding("raw")
    assert stand.bob.get_finding(kept.id) == kept


def test_hygiene_goes_through_what_is_odd(stand: Stand) -> None:
    keys, kept = keys_of(stand.ann), finding(task_id="t1")
    _spoil_queue(stand)
    stand.ann.post_finding(kept)
    stand.node.rpush(keys.findings_of("t1"), "a b")
    stand.node.zadd(keys.conflicts, {"a b": 0})
    stand.node.set(f"{keys.prefix}\x1b[31m", "1")
    stand.node.set(keys.prefix.encode() + b"task:\xff", "1")
    scan = stand.ann.scan()
    told = " | ".join(scan.violations)
    assert r"\x1b[31m" in told
    assert r"task:\xff" in told
    assert stand.node.lrange(keys.findings_of("t1"), 0, -1) == [kept.id]
    assert stand.node.exists(keys.conflicts) == 0
    assert stand.bob.get_conflicts() == []
    assert stand.bob.get_remediation_scan(scan.date) == scan


def test_hygiene_rebuilds_a_queue_that_was_lost(stand: Stand) -> None:
    keys = keys_of(stand.ann)
    waits, held, ended = task(), task(), task()
    stand.ann.post_task(waits)
    stand.ann.claim_task(held)
    stand.ann.claim_task(ended)
    stand.ann.complete_task(ended)
    before = [stand.node.zrange(it, 0, -1, withscores=True) for it in (keys.unassigned, keys.leased)]
    stand.node.delete(keys.unassigned, keys.leased)
    assert sum("in no queue" in it for it in stand.ann.scan(repair=False).violations) == 2
    assert stand.bob.next_task() is None
    assert sum("in no queue" in it for it in stand.ann.scan().violations) == 2
    assert [stand.node.zrange(it, 0, -1, withscores=True) for it in (keys.unassigned, keys.leased)] == before
    assert stand.ann.scan().violations == ()


# What is said twice, asked twice, or too much


@pytest.mark.parametrize(
    "other", [{"confidence": 0.1}, {"citations": ["c"]}, {"topic": "lakes"}, {"is_critical": True}, {"task_id": "t2"}]
)
def test_a_finding_that_says_anything_else_under_its_id_is_refused(stand: Stand, other: dict[str, Any]) -> None:
    first = finding(id="f1", task_id="t1")
    assert stand.ann.post_finding(first)
    assert stand.ann.post_finding(finding(id="f1", task_id="t1"))
    said: dict[str, Any] = {"id": "f1", "task_id": "t1", **other}
    with pytest.raises(Invalid, match="another finding has the id f1"):
        stand.ann.post_finding(finding(**said))
    assert stand.bob.get_finding("f1") == first


def test_a_task_waits_until_its_last_question_is_answered(stand: Stand) -> None:
    posted = task()
    stand.ann.claim_task(posted)
    first, second = (stand.ann.ask_human(why, task_id=posted) for why in ("Which lake?", "Which side?"))
    stand.bob.answer_inbox(first.id, "The big one.", person="carol")
    assert _status(stand, posted.id) is TaskStatus.BLOCKED
    stand.bob.answer_inbox(second.id, "The north.", person="carol")
    assert _status(stand, posted.id) is TaskStatus.PENDING


def test_no_more_conflicts_are_queued_while_too_many_wait(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kitbash.swarm.conflict.MOST_OPEN", 2)
    for claim in ("the lake is open", "the lake is not open"):
        for _ in range(2):
            stand.ann.post_finding(finding(claim, task_id="t1"))
    clashes = stand.ann.detect_clashes("t1")
    assert len(clashes) == 4
    assert {it.id for it in stand.bob.get_conflicts()} == {it.id for it in clashes[:2]}
