"""A broker that restarts, and names of queues that do not exist."""

import sys
from contextlib import closing
from pathlib import Path

from tests import servers
from tests.e2e.processes import BIN, Env, ask_all, environment, kitbash, program, worker
from tests.servers import Server

SEND = "from kitbash.celery import app; app.send_task('kitbash.reflex.answer', args=['x'], queue='reflexx')"


def test_an_idle_worker_outlives_a_crash_of_its_server(data: Path, tmp_path: Path) -> None:
    """With every write on disk at once, the question that follows finds everything as it was."""
    place = tmp_path / "server"
    place.mkdir()
    with servers.plain(appendonly=True, folder=place) as before:
        env = environment(data, before.url)
        with closing(before.node()) as node:
            node.config_set("appendfsync", "always")
        with worker(env, before, tmp_path / "worker.log") as process:
            (first,) = ask_all(env, "celery", ["Who are you?"])
            before.kill()
            with servers.plain(appendonly=True, folder=place) as after:
                assert after.url == before.url
                (again,) = ask_all(env, "celery", ["How fast is light in vacuum?"])
                assert again["layer"] == 2, (tmp_path / "worker.log").read_text()[-3000:]
                assert kitbash(env, "trace", first["query_id"]).code == 0
                assert process.poll() is None


def test_what_is_sent_to_no_queue_fails_when_it_is_sent(env: Env, server: Server) -> None:
    ran = program(env, sys.executable, "-c", SEND)
    assert ran.code == 1
    assert "QueueNotFound" in ran.err
    with closing(server.node()) as node:
        assert not node.exists("kb:reflexx")


def test_a_worker_for_no_queue_does_not_start(env: Env) -> None:
    ran = program(env, BIN / "celery", "-A", "kitbash", "worker", "-Q", "reflexx", within_s=30)
    assert ran.code != 0
    assert "reflexx" in ran.out + ran.err
