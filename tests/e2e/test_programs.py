"""The other programs: a worker a queue, Flower, and the demonstration."""

import socket
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

from kitbash.blackboard import keys
from kitbash.domain.layer import Queue
from tests import servers
from tests.e2e.processes import BIN, Env, ask_all, environment, home, kitbash, mentioning, running, worker_a_queue
from tests.servers import Server
from tests.waiting import until


def test_a_worker_of_its_own_for_every_queue(tmp_path: Path) -> None:
    with servers.plain() as server:
        env = environment(home(tmp_path), server.url)
        with worker_a_queue(env, server, tmp_path):
            served = {it["queue"]: it["workers"] for it in kitbash(env, "status", "--json").json["queues"]}
            assert served == {queue: [f"{queue}@test"] for queue in served}
            asked = ["Who are you?", "How fast is light in vacuum?", "Who won the village chess cup in 1987?"]
            assert [it["layer"] for it in ask_all(env, "celery", asked)] == [0, 2, None]
        with closing(server.node()) as node:
            assert not any(node.zcard(keys.workers(queue)) for queue in Queue)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def fetched(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return reply.read().decode()
    except urllib.error.HTTPError as error:
        error.close()
        return ""
    except OSError:
        return ""


def test_flower_watches_the_workers(cascade: Env, cascade_server: Server, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "flower.log"
    address = f"http://127.0.0.1:{port}"
    with closing(cascade_server.node()) as node:
        before = set(node.smembers("kb:_kombu.binding.celeryev"))
        command = (BIN / "celery", "-A", "kitbash", "flower", "--address=127.0.0.1", f"--port={port}")
        with running(cascade, log, *command) as process:
            until(lambda: fetched(f"{address}/healthcheck") == "OK", 30)
            until(lambda: 'flower_worker_online{worker="all@test"} 1.0' in fetched(f"{address}/metrics"), 20)
            assert set(node.smembers("kb:_kombu.binding.celeryev")) - before
            assert process.poll() is None
    assert fetched(f"{address}/healthcheck") == ""


def test_the_demonstration_answers_and_leaves_nothing_running(tmp_path: Path) -> None:
    data = home(tmp_path)
    ran = kitbash(environment(data), "demo")
    assert ran.code == 0, ran.err
    for layer in ("0 reflex", "2 cartridge", "3 synthesis", "4 kobold"):
        assert f"\t{layer}\t" in ran.out
    assert "physics_general#" in ran.out
    assert "Everything is stopped again." in ran.err
    assert ran.is_clean
    until(lambda: not mentioning(data), 5)
