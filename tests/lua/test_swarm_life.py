"""The life of tasks against a plain model, with two clients at once and leases that end."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitbash.swarm import RedisBusClient, TaskStatus
from tests.servers import Server
from tests.swarms import fresh_prefix, raw, task
from tests.waiting import until

AGENTS: Final = ("ann", "bob")
TASKS: Final = 3
VERBS: Final = (
    "post", "claim", "claim_briefly", "next", "renew", "release", "complete", "fail", "escalate", "answer",
    "unassigned",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """An agent does something with one of a few tasks."""

    verb: str
    agent: str
    which: int


CALLS: Final = st.lists(
    st.builds(Call, st.sampled_from(VERBS), st.sampled_from(AGENTS), st.integers(0, TASKS - 1)), max_size=40
)


@dataclass(slots=True)
class Held:
    """What is so of one task. `is_brief` is a lease that has ended, though nobody has looked since."""

    status: TaskStatus | None = None
    holder: str = ""
    is_brief: bool = False
    attempts: int = 0
    expiries: int = 0
    fences: list[str] = field(default_factory=list[str])


class Model:
    """What the bus promises of a few tasks: one holder at a time, and only the last of them leaves its mark."""

    def __init__(self, most_attempts: int) -> None:
        """Begin with no tasks."""
        self.most_attempts = most_attempts
        self.tasks = [Held() for _ in range(TASKS)]

    def look(self) -> None:
        """Return expired work to the queue, as whoever asks for work does."""
        for held in self.tasks:
            if held.status is TaskStatus.IN_PROGRESS and held.is_brief:
                held.expiries += 1
                given_up = held.expiries >= self.most_attempts
                held.status = TaskStatus.FAILED if given_up else TaskStatus.PENDING
                held.holder = held.holder if given_up else ""
                held.fences.append("nobody")

    def post(self, which: int) -> bool:
        held = self.tasks[which]
        if held.status is not None:
            return False
        held.status = TaskStatus.PENDING
        return True

    def claim(self, which: int, agent: str, *, briefly: bool = False) -> bool:
        held = self.tasks[which]
        free = held.status in {None, TaskStatus.PENDING} or (held.status is TaskStatus.IN_PROGRESS and held.is_brief)
        if not free:
            return False
        held.expiries += held.status is TaskStatus.IN_PROGRESS
        held.status, held.holder, held.is_brief = TaskStatus.IN_PROGRESS, agent, briefly
        held.attempts += 1
        held.fences.append(agent)
        return True

    def waiting(self) -> int | None:
        self.look()
        return next((n for n, held in enumerate(self.tasks) if held.status is TaskStatus.PENDING), None)

    def has(self, which: int, agent: str) -> bool:
        held = self.tasks[which]
        return held.status in {TaskStatus.IN_PROGRESS, TaskStatus.BLOCKED} and held.fences[-1:] == [agent]

    def leave(self, which: int, agent: str, status: TaskStatus) -> bool:
        if not self.has(which, agent):
            return False
        held = self.tasks[which]
        held.status = status
        return True

    def renew(self, which: int, agent: str) -> bool:
        held = self.tasks[which]
        if held.status is not TaskStatus.IN_PROGRESS or not self.has(which, agent):
            return False
        held.is_brief = False
        return True

    def escalate(self, which: int) -> None:
        held = self.tasks[which]
        if held.status in {TaskStatus.PENDING, TaskStatus.IN_PROGRESS}:
            held.status = TaskStatus.BLOCKED

    def answer(self, which: int, *, is_last: bool) -> None:
        held = self.tasks[which]
        if held.status is TaskStatus.BLOCKED and is_last:
            held.status = TaskStatus.PENDING


class World:
    """Two clients of one bus beside the model, on keys of their own."""

    def __init__(self, clients: dict[str, RedisBusClient], node: Any) -> None:
        """Begin with fresh tasks, of which the first is the most urgent."""
        self.clients = clients
        self.node = node
        self.model = Model(clients["ann"].bus.most_attempts)
        self.tasks = [task(priority=-n) for n in range(TASKS)]
        self.tokens: dict[tuple[str, int], int] = {}
        self.questions: list[list[str]] = [[] for _ in range(TASKS)]

    def run(self, call: Call) -> None:
        """Do it on both, and compare what comes of it."""
        client, which, task_ = self.clients[call.agent], call.which, self.tasks[call.which]
        match call.verb:
            case "post":
                assert client.post_task(task_) == self.model.post(which)
            case "claim" | "claim_briefly":
                briefly = call.verb == "claim_briefly"
                claimed = client.claim_task(task_, lease_s=0.001 if briefly else None)
                assert claimed == self.model.claim(which, call.agent, briefly=briefly)
                if claimed:
                    self._note(call.agent, which, briefly=briefly)
            case "next":
                self._next(client, call.agent)
            case "unassigned":
                found, expected = client.get_unassigned_task(), self.model.waiting()
                assert found == (None if expected is None else client.get_task(self.tasks[expected]))
                assert (found and found.id) == (None if expected is None else self.tasks[expected].id)
            case "renew":
                token = self.tokens.get((call.agent, which), 0)
                assert client.renew_task(task_, token=token) == self.model.renew(which, call.agent)
            case "release" | "complete" | "fail":
                self._leave(client, call)
            case "escalate":
                self.questions[which].append(client.ask_human("Why?", task_id=task_).id)
                self.model.escalate(which)
            case _:
                if self.questions[which]:
                    assert client.answer_inbox(self.questions[which].pop(), "So.", person="carol")
                    self.model.answer(which, is_last=not self.questions[which])

    def _note(self, agent: str, which: int, *, briefly: bool) -> None:
        lease = self.clients[agent].leases[self.tasks[which].id]
        self.tokens[agent, which] = lease.token
        if briefly:
            until(lambda: self._now_ms() > lease.until_ms)

    def _next(self, client: RedisBusClient, agent: str) -> None:
        expected, taken = self.model.waiting(), client.next_task()
        assert (taken and taken.id) == (None if expected is None else self.tasks[expected].id)
        if expected is not None:
            self.model.claim(expected, agent)
            self._note(agent, expected, briefly=False)

    def _leave(self, client: RedisBusClient, call: Call) -> None:
        which, token = call.which, self.tokens.get((call.agent, call.which), 0)
        status = {"release": TaskStatus.PENDING, "complete": TaskStatus.COMPLETED, "fail": TaskStatus.FAILED}[call.verb]
        held = self.model.tasks[which]
        # Ending it again, by who ended it, is no error and changes nothing.
        again = status is held.status and status is not TaskStatus.PENDING and held.fences[-1:] == [call.agent]
        expected = self.model.leave(which, call.agent, status) or again
        leave: Any = getattr(client, f"{call.verb}_task")
        assert leave(self.tasks[which], token=token) == expected

    def agrees(self) -> None:
        """Check that what stands on the bus is what the model says, in hashes and in queues."""
        keys = self.clients["ann"].bus.keys
        for task_, held in zip(self.tasks, self.model.tasks, strict=True):
            found = self.clients["bob"].get_task(task_)
            assert (found and found.status) == held.status
            assert (found.attempts if found else 0) == held.attempts
        by_status = {it.id: held.status for it, held in zip(self.tasks, self.model.tasks, strict=True)}
        waiting, leased = self.node.zrange(keys.unassigned, 0, -1), self.node.zrange(keys.leased, 0, -1)
        assert set(waiting) == {name for name, it in by_status.items() if it is TaskStatus.PENDING}
        assert set(leased) == {name for name, it in by_status.items() if it is TaskStatus.IN_PROGRESS}

    def _now_ms(self) -> int:
        seconds, microseconds = self.node.time()
        return seconds * 1000 + microseconds // 1000


@pytest.fixture(scope="module", params=["plain", "cluster"])
def server(request: pytest.FixtureRequest) -> Server:
    server: Server = request.getfixturevalue(f"{request.param}_server")
    return server


@pytest.fixture(scope="module")
def node(server: Server) -> Generator[Any]:
    with closing(raw(server)) as node:
        yield node


@pytest.fixture(scope="module")
def connected(server: Server) -> Generator[Any]:
    """Return a connection that the clients of all examples share."""
    with closing(server.connect()) as connected:
        yield connected


@settings(max_examples=60, deadline=None)
@given(CALLS)
def test_tasks_live_as_the_model_says(connected: Any, node: Any, calls: list[Call]) -> None:
    prefix = fresh_prefix()
    world = World({it: RedisBusClient(client=connected, prefix=prefix, agent_id=it) for it in AGENTS}, node)
    for call in calls:
        world.run(call)
    world.agrees()
