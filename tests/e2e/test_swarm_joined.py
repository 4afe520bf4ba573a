"""A question nobody could answer goes out to an agent and its answer comes back, through real workers and beat."""

import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

from kitbash.blackboard.board import Event, EventKind
from kitbash.client import Client
from kitbash.domain.answer import AskMode, Status
from kitbash.domain.ids import parse_query_id
from kitbash.domain.returned import Found
from kitbash.runtime import Runtime
from kitbash.settings import load
from tests import servers
from tests.e2e.processes import Env, environment, home, kill, program, running, worker
from tests.servers import Server
from tests.waiting import until

QUESTION: Final = "How deep is Lake Inari in Finland?"
CLAIM: Final = "Lake Inari is 92 m deep."
BACK_S: Final = 30.0
AGENT: Final = """
import sys, time
from kitbash.settings import load
from kitbash.runtime import Runtime
from kitbash.swarm import Finding

bus, ends_s = Runtime(load().settings).swarm, time.monotonic() + 30
while (task := bus.next_task("ann", lease_s=float(sys.argv[2]))) is None and time.monotonic() < ends_s:
    time.sleep(0.05)
if sys.argv[1] == "dies":
    time.sleep(60)
bus.post_finding(Finding(claim="Lake Inari is 92 m deep.", confidence=0.9, citations=["map", "book"],
                         worker_id="ann", task_id=task.id))
bus.complete_task(task, "92 m", "ann")
"""


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    with servers.plain() as own:
        yield own


@pytest.fixture(scope="module")
def joined(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Generator[Env]:
    """Return the environment of a client of a worker that opens tasks."""
    where = tmp_path_factory.mktemp("joined")
    env = environment(home(where), server.url, KITBASH_SWARM__OPEN_TASKS="true")
    with worker(env, server, where / "worker.log", "-B"):
        yield env


@pytest.fixture
def client(joined: Env, monkeypatch: pytest.MonkeyPatch) -> Generator[Client]:
    for name in ("KITBASH_DATA_DIR", "KITBASH_REDIS_URL", "KITBASH_SWARM__OPEN_TASKS"):
        monkeypatch.setenv(name, joined[name])
    monkeypatch.setattr("kitbash.runtime._CURRENT", {})
    monkeypatch.setattr("kitbash.runtime._BROKER", {})
    with Client(runtime=Runtime(load().settings)) as own:
        yield own


def found_in(events: list[Event]) -> list[Found]:
    return [Found.of_json(it.data) for it in events if it.kind is EventKind.FOUND]


def test_who_waits_on_the_stream_is_told_what_an_agent_found(joined: Env, client: Client) -> None:
    result = client.ask(QUESTION, mode=AskMode.CELERY)
    assert result.answer.status is Status.UNKNOWN
    query_id = parse_query_id(result.query_id)
    stream = client.stream(query_id, follow_s=BACK_S)
    events: list[Event] = []
    while not events or events[-1].kind is not EventKind.FINISHED:
        events.append(next(stream))
    ran = program(joined, sys.executable, "-c", AGENT, "works", "60")
    assert ran.code == 0, ran.err
    events += stream
    (found,) = found_in(events)
    assert (found.claim, found.confidence, found.worker_id) == (CLAIM, 0.9, "ann")
    assert found.citations == ("map", "book")
    assert client.wait(query_id).answer.status is Status.UNKNOWN
    assert found_in(list(client.stream(query_id))) == [found]


def test_the_agent_that_took_it_dies_and_the_next_one_answers(joined: Env, client: Client, tmp_path: Path) -> None:
    query_id = parse_query_id(client.ask(f"Truly: {QUESTION}", mode=AskMode.CELERY).query_id)
    bus = client.runtime.swarm
    log = tmp_path / "agent.log"
    with running(joined, log, sys.executable, "-c", AGENT, "dies", "0.5") as agent:
        held: Any = until(lambda: [it for it in bus.get_tasks() if it.assignee == "ann"], BACK_S)
        kill(agent)
    assert held[0].data["query_id"] == query_id
    ran = program(joined, sys.executable, "-c", AGENT, "works", "60")
    assert ran.code == 0, ran.err
    (found,) = found_in(list(client.stream(query_id, follow_s=BACK_S)))
    assert found.claim == CLAIM
