"""`kitbash up`: everything under one supervisor, which starts again what dies and leaves nothing behind."""

import json
import os
import re
import signal
import socket
import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.processes import BIN, Env, environment, gone, home, kitbash, mentioning, running
from tests.waiting import until

SERVICES: Final = ("reflex", "bitnet", "cartridge", "kobold", "upkeep", "beat", "flower")
READY_S: Final = 60.0
STOPPED_S: Final = 20.0
SMALL_SERVER: Final = Path(__file__).parents[1] / "integration" / "small_server.py"
MEMBER: Final = "How fast is light in vacuum?"


@pytest.fixture
def env(tmp_path: Path) -> Generator[Env]:
    """Return the environment of a private Kitbash; whatever a failed test leaves of it is ended."""
    env = environment(home(tmp_path))
    yield env
    for pid in mentioning(Path(env["KITBASH_DATA_DIR"])):
        os.kill(pid, signal.SIGKILL)


def started(log: Path, name: str) -> list[int]:
    """Return the processes that were started as a service, in order."""
    return [int(pid) for pid in re.findall(rf"^{name} +\| started, process (\d+)$", log.read_text(), re.MULTILINE)]


def wait_serving(log: Path) -> None:
    """Wait until every service was started and every worker has said that it is ready."""
    until(lambda: all(started(log, name) for name in SERVICES), READY_S)
    until(lambda: log.read_text().count("worker.ready") == 5, READY_S)


def with_model_server(env: Env, tmp_path: Path) -> None:
    """Have the settings name a server that is well; its command line mentions the data folder."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    command = [sys.executable, str(SMALL_SERVER), str(port), "well", f"{env['KITBASH_DATA_DIR']}/started"]
    config = tmp_path / "kitbash.yaml"
    config.write_text(json.dumps({"servers": {"small": {"command": command, "port": port}}}))
    env["KITBASH_CONFIG"] = str(config)


def test_it_serves_and_restarts_and_leaves_nothing(env: Env, tmp_path: Path) -> None:
    data, log = Path(env["KITBASH_DATA_DIR"]), tmp_path / "up.log"
    with_model_server(env, tmp_path)
    with running(env, log, BIN / "kitbash", "up") as up:
        wait_serving(log)
        answer = kitbash(env, "ask", "--mode", "celery", "--json", MEMBER)
        assert answer.code == 0, answer.err
        assert [step["layer"] for step in answer.json["path"]] == [0, 1, 2]

        (small,) = kitbash(env, "servers", "--json").json
        assert (small["status"], small["pid"]) == ("healthy", started(log, "small-server")[0])

        (first,) = started(log, "cartridge")
        os.kill(first, signal.SIGKILL)
        again = kitbash(env, "ask", "--mode", "celery", "--json", MEMBER)
        assert again.json["answer"] == answer.json["answer"], log.read_text()[-3000:]
        assert len(started(log, "cartridge")) > 1
        assert up.poll() is None

        os.kill(up.pid, signal.SIGINT)
        assert up.wait(STOPPED_S) == 0
        until(lambda: not mentioning(data), STOPPED_S)
    said = log.read_text()
    assert "\x1b" not in said
    assert "Traceback" not in said
    assert "killed" not in said


def test_nothing_outlives_a_supervisor_that_is_killed(env: Env, tmp_path: Path) -> None:
    data, log = Path(env["KITBASH_DATA_DIR"]), tmp_path / "up.log"
    with running(env, log, BIN / "kitbash", "up") as up:
        wait_serving(log)
        os.kill(up.pid, signal.SIGKILL)
        until(gone(up.pid))
        until(lambda: not mentioning(data), STOPPED_S)
