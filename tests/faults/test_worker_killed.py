"""A worker that is killed in the middle of a layer: its question is taken up again, or ends by its deadline."""

import os
import signal
import subprocess
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from kitbash.blackboard import keys
from kitbash.domain.ids import QueryId
from kitbash.domain.layer import Queue
from tests.e2e.processes import BIN, Env, kill, kitbash, worker
from tests.integration.kobold_server import Call, KoboldServer, reply, serving, silent
from tests.servers import Server
from tests.waiting import until

UNKNOWN: Final = "Who won the village chess cup in 1987?"
LAYERS: Final = (Queue.REFLEX, Queue.BITNET, Queue.CARTRIDGE, Queue.KOBOLD)
GENERATE: Final = "kitbash.kobold.generate"


@pytest.fixture
def model() -> Generator[KoboldServer]:
    """Return a model that never answers the first who asks it, and later ones at once."""
    prompt_reply = reply("Miss Marple won it.")

    def behave(call: Call) -> None:
        (silent if len(server.calls) == 1 else prompt_reply)(call)

    with serving(behave) as server:
        yield server


@pytest.fixture
def slow(env: Env, model: KoboldServer) -> Env:
    """Return the environment of workers and clients with that model."""
    more = {"KITBASH_KOBOLD__URL": model.url, "KITBASH_KOBOLD__CONTEXT_TOKENS": "2048", "LAYER4_TIMEOUT_MS": "1000"}
    return env | more


def asking(env: Env, timeout_s: float) -> "subprocess.Popen[bytes]":
    command = ["ask", "--mode", "celery", "--json", "--timeout", str(timeout_s), UNKNOWN]
    return subprocess.Popen(
        [BIN / "kitbash", *command], env=env, cwd=env["KITBASH_DATA_DIR"], stdout=subprocess.PIPE, stderr=-3
    )


def told(env: Env, query_id: str) -> list[dict[str, Any]]:
    """Return the events of a query."""
    return kitbash(env, "trace", "--json", query_id).json["events"]


def only_query(server: Server) -> QueryId:
    with closing(server.node()) as node:
        (query_id,) = node.zrange(keys.OPEN_QUERIES, 0, -1)
    return QueryId(query_id)


def test_another_worker_takes_up_what_a_killed_one_held(
    slow: Env, server: Server, model: KoboldServer, tmp_path: Path
) -> None:
    """After the lease of the killed one is over, and then once only."""
    with (
        worker(slow, server, tmp_path / "first.log", queues=LAYERS, name="first@test") as first,
        asking(slow, 60) as client,
    ):
        until(lambda: model.calls, 20)
        query_id = only_query(server)
        kill(first)
        with worker(slow, server, tmp_path / "second.log", "-B", name="second@test"):
            out, _ = client.communicate(timeout=40)
            assert client.returncode == 0, out
            events = told(slow, query_id)
    assert b"Miss Marple" in out
    assert len(model.calls) == 2
    kinds = [event["kind"] for event in events]
    assert kinds.count("finished") == 1
    assert [event["data"] for event in events if event["kind"] == "started"].count(GENERATE) == 2
    spoken = [event["data"]["layer"] for event in events if event["kind"] == "verdict"]
    assert sorted(spoken) == sorted(set(spoken))
    with closing(server.node()) as node:
        assert node.zcard(keys.OPEN_QUERIES) == 0


def test_without_another_worker_the_question_ends_by_its_deadline(
    slow: Env, server: Server, model: KoboldServer, tmp_path: Path
) -> None:
    with (
        worker(slow, server, tmp_path / "only.log", queues=LAYERS, name="only@test") as only,
        asking(slow, 5) as client,
    ):
        until(lambda: model.calls, 20)
        query_id = only_query(server)
        kill(only)
        out, _ = client.communicate(timeout=20)
    assert client.returncode == 4, out
    assert b'"status": "expired"' in out
    assert [event["kind"] for event in told(slow, query_id)].count("finished") == 1


def test_a_worker_that_slept_past_the_deadline_changes_nothing(
    env: Env, server: Server, model: KoboldServer, tmp_path: Path
) -> None:
    """It wakes up holding a stage of a question that has ended."""
    slow = env | {"KITBASH_KOBOLD__URL": model.url}
    with (
        worker(slow, server, tmp_path / "sleeper.log", queues=LAYERS, name="sleeper@test") as sleeper,
        asking(slow, 3) as client,
    ):
        until(lambda: model.calls, 20)
        query_id = only_query(server)
        os.kill(sleeper.pid, signal.SIGSTOP)
        try:
            client.communicate(timeout=20)
        finally:
            os.kill(sleeper.pid, signal.SIGCONT)
        assert client.returncode == 4
        before = told(slow, query_id)
        again = kitbash(slow, "ask", "--mode", "celery", "--json", "Who are you?")
        assert again.code == 0, again.err
        assert told(slow, query_id) == before
    assert [event["kind"] for event in before[-2:]] == ["finished", "lifecycle"]
