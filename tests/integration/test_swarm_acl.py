"""Each role against each operation on a server with the shipped rules: what the client permits passes, no more."""

from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any, Final
from uuid import uuid4

import pytest
import redis
from redis.exceptions import NoPermissionError

from kitbash.errors import StoreUnavailable
from kitbash.swarm import Context, Finding, RedisBusClient, RemediationScan, SessionSummary, SwarmRegistry, Task
from kitbash.swarm.conflict import Resolution
from kitbash.swarm.keys import DEFAULT_PREFIX
from kitbash.swarm.proposal import Proposal
from kitbash.swarm.sealing import Operation
from kitbash.swarm.trust import key_files
from kitbash.swarm.trust.keys import trust_keys
from kitbash.swarm.trust.pinned import Pinned
from kitbash.swarm.trust.registry import LIFETIME_MS, KeyEntry
from kitbash.swarm.trust.registry_store import RegistryStore
from kitbash.swarm.trust.replay import Admission
from kitbash.swarm.trust.roles import PERMITTED, Role
from tests.swarm_acl import GuardedServer, guarded
from tests.trusted import packet


@pytest.fixture(scope="module")
def server() -> Generator[GuardedServer]:
    """Return one server for all tests of this module."""
    with guarded() as server:
        yield server


@pytest.fixture
def admin(server: GuardedServer) -> Generator[RedisBusClient]:
    """Return an admin's client on an empty bus; only the server says what it may do."""
    with closing(server.client(Role.ADMIN)) as client:
        for key in client.scan_iter(f"{DEFAULT_PREFIX}*"):
            client.delete(key)
        yield RedisBusClient(client=client, agent_id="chief")


class Stage:
    """What there is on the bus for any operation to work on."""

    def __init__(self, admin: RedisBusClient) -> None:
        self.waiting = Task(description="waits")
        self.held = Task(description="is held")
        self.blocked = Task(description="waits for a person")
        admin.post_task(self.waiting)
        admin.claim_task(self.held, "worker")
        self.token = admin.leases[self.held.id].token
        self.finding = Finding(claim="the sea is calm", confidence=0.9, task_id=self.waiting.id, worker_id="one")
        self.other = Finding(claim="the sea is not calm", confidence=0.9, task_id=self.waiting.id, worker_id="two")
        admin.post_finding(self.finding)
        admin.post_finding(self.other)
        admin.post_task(self.blocked)
        self.question = admin.ask_human("what now", task_id=self.blocked)
        again = Finding(claim="the sky is blue", confidence=0.9, task_id=self.held.id, worker_id="one")
        contrary = Finding(claim="the sky is not blue", confidence=0.9, task_id=self.held.id, worker_id="two")
        admin.post_finding(again)
        admin.post_finding(contrary)
        admin.detect_finding_conflicts(self.held)
        (self.conflict,) = admin.get_conflicts()
        self.proposal = Proposal("proposed", "the sky is blue", 0.95)
        admin.propose(self.proposal)
        admin.share_context(Context("task", "one"))


Call = Callable[[RedisBusClient, Stage], object]
CALLS: Final[dict[Operation, Call]] = {
    Operation.POST_TASK: lambda bus, _: bus.post_task(Task(description="new")),
    Operation.CLAIM_TASK: lambda bus, on: bus.claim_task(on.waiting, "worker"),
    Operation.RELEASE_TASK: lambda bus, on: bus.release_task(on.held, "worker", token=on.token),
    Operation.RENEW_TASK: lambda bus, on: bus.renew_task(on.held, "worker", token=on.token),
    Operation.COMPLETE_TASK: lambda bus, on: bus.complete_task(on.held, "done", "worker", token=on.token),
    Operation.FAIL_TASK: lambda bus, on: bus.fail_task(on.held, "no", "worker", token=on.token),
    Operation.NEXT_TASK: lambda bus, _: bus.next_task("worker"),
    Operation.GET_UNASSIGNED_TASK: lambda bus, _: bus.get_unassigned_task(),
    Operation.GET_TASK: lambda bus, on: bus.get_task(on.waiting),
    Operation.POST_FINDING: lambda bus, on: bus.post_finding(Finding(claim="new", task_id=on.waiting.id)),
    Operation.GET_FINDING: lambda bus, on: bus.get_finding(on.finding.id),
    Operation.GET_FINDINGS_FOR_TASK: lambda bus, on: bus.get_findings_for_task(on.waiting),
    Operation.DETECT_FINDING_CONFLICTS: lambda bus, on: bus.detect_finding_conflicts(on.waiting),
    Operation.GET_CONFLICTS: lambda bus, _: bus.get_conflicts(),
    Operation.RESOLVE_CONFLICT: lambda bus, on: bus.resolve_conflict(on.conflict.id, "first", "it is", person="ann"),
    Operation.PROPOSE: lambda bus, on: bus.propose(Proposal(on.finding.id, "the sea is calm", 0.95)),
    Operation.GET_PROPOSALS: lambda bus, _: bus.get_proposals(),
    Operation.DECIDE_PROPOSAL: lambda bus, on: bus.decide_proposal(on.proposal.id, "refused", person="ann"),
    Operation.SHARE_CONTEXT: lambda bus, _: bus.share_context(Context("task", "two")),
    Operation.GET_CONTEXT: lambda bus, _: bus.get_context("task", "one"),
    Operation.RECORD_SESSION_SUMMARY: lambda bus, _: bus.record_session_summary(SessionSummary()),
    Operation.REGISTER_SWARM: lambda bus, _: bus.register_swarm(SwarmRegistry()),
    Operation.RECORD_REMEDIATION_SCAN: lambda bus, _: bus.record_remediation_scan(RemediationScan()),
    Operation.ESCALATE_TO_HUMAN: lambda bus, on: bus.escalate_to_human(on.waiting, "who knows"),
    Operation.GET_INBOX: lambda bus, _: bus.get_inbox(),
    Operation.ANSWER_INBOX: lambda bus, on: bus.answer_inbox(on.question.id, "this", person="ann"),
    Operation.GET_PACKET: lambda bus, on: bus.get_packets(f"task:{on.waiting.id}"),
    Operation.SCAN: lambda bus, _: bus.scan(),
}
FORBIDDEN: Final = (
    ("KEYS", "*"),
    ("FLUSHALL",),
    ("FLUSHDB",),
    ("CONFIG", "GET", "*"),
    ("ACL", "LIST"),
    ("ACL", "SETUSER", "agent", "+@all"),
    ("SHUTDOWN",),
    ("MONITOR",),
    ("CLIENT", "KILL", "TYPE", "normal"),
    ("SCRIPT", "FLUSH"),
    ("FUNCTION", "FLUSH"),
    ("SET", "elsewhere", "1"),
    ("GET", "elsewhere"),
    ("HGETALL", "kb:{open}:ended"),
    ("PUBLISH", "news", "1"),
)


def test_every_operation_is_called_here() -> None:
    assert set(CALLS) == set(Operation)


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("role", Role)
def test_the_server_lets_through_what_the_client_permits(
    role: Role, operation: Operation, server: GuardedServer, admin: RedisBusClient
) -> None:
    stage = Stage(admin)
    with closing(server.client(role)) as client:
        bus = RedisBusClient(client=client, agent_id="worker")
        if operation in PERMITTED[role]:
            # What is true, something or a list was done; False or None would be a call that did nothing.
            came_of_it = CALLS[operation](bus, stage)
            assert came_of_it is not None
            assert came_of_it is not False
            return
        with pytest.raises(StoreUnavailable, match=r"(?i)permission"):
            CALLS[operation](bus, stage)


@pytest.mark.parametrize("role", [Role.READER, Role.AUDITOR, Role.AGENT])
def test_who_may_not_resolve_a_conflict_changes_nothing_of_it(
    role: Role, server: GuardedServer, admin: RedisBusClient
) -> None:
    stage = Stage(admin)
    with closing(server.client(role)) as client, pytest.raises(StoreUnavailable, match=r"(?i)permission"):
        RedisBusClient(client=client, agent_id="worker").resolve_conflict(
            stage.conflict.id, "first", "so", person="eve"
        )
    (conflict,) = admin.get_conflicts()
    assert (conflict.resolution, conflict.decision) == (Resolution.PENDING, "")
    assert len(admin.get_packets(f"conflict:{conflict.id}")) == 1


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("command", FORBIDDEN, ids=" ".join)
def test_nobody_may_do_what_the_bus_does_not_need(role: Role, command: tuple[str, ...], server: GuardedServer) -> None:
    with closing(server.client(role)) as client, pytest.raises(NoPermissionError):
        client.execute_command(*command)


@pytest.mark.parametrize("role", [Role.READER, Role.AUDITOR, Role.AGENT])
@pytest.mark.parametrize("command", ["HSET", "DEL", "EVAL"])
def test_only_an_admin_writes_the_key_registry(role: Role, command: str, server: GuardedServer) -> None:
    key = trust_keys(DEFAULT_PREFIX).registry
    sent: dict[str, tuple[Any, ...]] = {
        "HSET": ("HSET", key, "serial", "9"),
        "DEL": ("DEL", key),
        "EVAL": ("EVAL", "return redis.call('HSET', KEYS[1], 'serial', '9')", 1, key),
    }
    with closing(server.client(role)) as client, pytest.raises(NoPermissionError):
        client.execute_command(*sent[command])


def test_an_agent_can_leave_its_keys_by_no_script(server: GuardedServer) -> None:
    key = f"{DEFAULT_PREFIX}inbox:open"
    with closing(server.client(Role.AGENT)) as client:
        for script in (
            "return redis.call('ZREM', KEYS[1], 'x')",
            "return redis.call('DEL', KEYS[1])",
            "return redis.call('SET', 'elsewhere', '1')",
            "return redis.call('FLUSHALL')",
        ):
            with pytest.raises(redis.ResponseError, match=r"(?i)permission|can't run this command|not allowed"):
                client.eval(script, 1, key)


@pytest.mark.parametrize(
    "command",
    [("DEL", "audit"), ("SET", "audit", "1"), ("XADD", "registry", "*", "a", "1"), ("DEL", "seen"), ("DEL", "floor")],
    ids=" ".join,
)
def test_an_agent_adds_to_the_audit_and_deletes_nothing_of_trust(
    command: tuple[str, ...], server: GuardedServer
) -> None:
    name, key, *rest = command
    sent = (name, f"{DEFAULT_PREFIX}trust:{key}", *rest)
    with closing(server.client(Role.AGENT)) as client:
        assert client.xadd(f"{DEFAULT_PREFIX}trust:audit", {"standing": "invalid"}, maxlen=1000, approximate=False)
        with pytest.raises(NoPermissionError):
            client.execute_command(*sent)


@pytest.mark.parametrize("role", Role)
def test_every_role_sees_what_happened_last(role: Role, server: GuardedServer, admin: RedisBusClient) -> None:
    admin.post_task(Task(description="new"))
    with closing(server.client(role)) as client:
        assert RedisBusClient(client=client).newest_event() != "0"


def test_nobody_gets_in_without_a_user(server: GuardedServer) -> None:
    with closing(server.client(None)) as client, pytest.raises(redis.AuthenticationError):
        client.ping()


@pytest.mark.parametrize("role", Role)
def test_every_role_reads_the_key_registry_and_agents_are_admitted(
    role: Role, server: GuardedServer, tmp_path: Any
) -> None:
    keys, chief = trust_keys(DEFAULT_PREFIX), key_files.generate("chief")
    pinned = Pinned(tmp_path / "keys")
    pinned.trust(chief.public)
    with closing(server.client(Role.ADMIN)) as client:
        client.delete(keys.registry)
        entry = KeyEntry(f"a-{uuid4().hex}", Role.AGENT, key_files.generate("a").public, 0, LIFETIME_MS)
        RegistryStore(client, "the server", keys, pinned).change(chief, lambda it: it.with_key(entry))
    with closing(server.client(role)) as client:
        assert RegistryStore(client, "the server", keys, pinned).read().keys == (entry,)
        admission = Admission(client, "the server", keys)
        if role in {Role.AGENT, Role.ADMIN}:
            assert admission.admit(packet("a"))[0].value == "valid"
        else:
            with pytest.raises(StoreUnavailable):
                admission.admit(packet("a"))
