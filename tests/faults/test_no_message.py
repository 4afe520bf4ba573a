"""What lies in a queue and is no message does not keep a worker from the questions behind it."""

import base64
import json
import pickle
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from kitbash.broker import REFUSED
from tests import servers
from tests.e2e.processes import Env, ask_all, environment, worker
from tests.servers import Server
from tests.waiting import until

QUEUE: Final = "kb:reflex"
MEMBER: Final = "How fast is light in vacuum?"


def message(body: bytes = b"[[], {}, {}]", properties: dict[str, Any] | None = None, **headers: Any) -> dict[str, Any]:
    """Return what Celery would put into the queue, but for what a test makes of it."""
    return {
        "body": base64.b64encode(body).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"task": "kitbash.reflex.answer", "id": "one", **headers},
        "properties": {
            "delivery_tag": "tag",
            "delivery_info": {"exchange": "reflex", "routing_key": "reflex"},
            "body_encoding": "base64",
            **(properties or {}),
        },
    }


NO_MESSAGES: Final = {
    "text": b"this is no JSON",
    "nothing": b"",
    "bytes": b"\xff\xfe\x00",
    "list": b"[]",
    "number": b"42",
    "null": b"null",
    "object": b"{}",
    "odd properties": b'{"properties": 5}',
    "no address": b'{"properties": {"delivery_tag": "tag", "delivery_info": {}}}',
}

PICKLE: Final = json.dumps(
    message(pickle.dumps(([], {}, {})))
    | {"content-type": "application/x-python-serialize", "content-encoding": "binary"}
).encode()

ALMOST: Final = {
    "depth": b"[" * 100_000,
    "odd headers": json.dumps(message() | {"headers": 5}).encode(),
    "an odd encoding": json.dumps(message(properties={"body_encoding": "x"})).encode(),
    "no tag": json.dumps(message(properties={"delivery_tag": None})).encode(),
    "an odd body": json.dumps(message(b"{}")).encode(),
    "odd arguments": json.dumps(message(b"5")).encode(),
    "an odd task": json.dumps(message(task=[])).encode(),
    "an odd limit": json.dumps(message(timelimit=5)).encode(),
}


@pytest.fixture(scope="module")
def broken(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Env, Server]]:
    """Return a client's environment and the server of a worker that all tests but the last one share."""
    with servers.plain() as own:
        env = environment(data, own.url)
        with worker(env, own, tmp_path_factory.mktemp("garbage") / "worker.log"):
            yield env, own


def push(server: Server, *elements: bytes) -> None:
    """Put elements into the queue and wait until the worker has taken them."""
    with closing(server.node()) as node:
        node.lpush(QUEUE, *elements)
        until(lambda: node.llen(QUEUE) == 0)


def refused(server: Server) -> list[str]:
    with closing(server.node()) as node:
        return node.lrange(f"kb:{REFUSED}", 0, -1)


def answers(env: Env, count: int = 1) -> bool:
    return all(it["layer"] == 2 for it in ask_all(env, "celery", [MEMBER] * count))


def test_what_is_no_message_is_kept_aside_and_the_worker_goes_on(broken: tuple[Env, Server]) -> None:
    env, server = broken
    push(server, *NO_MESSAGES.values())
    assert answers(env)
    assert len(refused(server)) == len(NO_MESSAGES)
    with closing(server.node()) as node:
        assert node.hlen("kb:unacked") == 0


def test_a_pickle_is_refused_unopened(broken: tuple[Env, Server]) -> None:
    env, server = broken
    push(server, PICKLE)
    assert answers(env, 3)
    with closing(server.node()) as node:
        assert node.hlen("kb:unacked") == 0


def test_a_worker_survives_what_only_looks_like_a_message(env: Env, server: Server, tmp_path: Path) -> None:
    """Three of each: one that is never let go of takes a place of those that a worker may hold."""
    with worker(env, server, tmp_path / "worker.log") as process, closing(server.node()) as node:

        def is_stuck_or_free() -> bool:
            return process.poll() is not None or (node.llen(QUEUE) == 0 and node.hlen("kb:unacked") == 0)

        for name, element in ALMOST.items():
            node.lpush(QUEUE, *[element.replace(b'"tag"', f'"tag{at}"'.encode()) for at in range(3)])
            until(is_stuck_or_free)
            assert process.poll() is None, f"ended by an element with {name}"
        assert answers(env)
