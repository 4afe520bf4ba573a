"""Cycles that meet, die or find nothing: one refuses, the next completes, and grains are whole at every moment."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from kitbash.blackboard import keys
from kitbash.domain.layer import Queue
from tests.e2e.processes import Env, environment, kitbash, worker
from tests.servers import Server
from tests.unit.cascade_kit import POND, library_in
from tests.waiting import until

SLEEPER: Final = Path(__file__).with_name("sleeping.py")
AT: Final = keys.METABOLISM


@pytest.fixture
def pond(server: Server, tmp_path: Path) -> Env:
    """Return the environment of a Kitbash that knows the pond."""
    library_in(tmp_path, POND).close()
    (tmp_path / "data").mkdir()
    more = {"KITBASH_CARTRIDGES_DIR": str(tmp_path / "cartridges"), "KITBASH_CARTRIDGE__STARTER": "false"}
    return environment(tmp_path / "data", server.url, PYTHONPATH=str(Path(__file__).parents[2]), **more)


@pytest.fixture
def asleep(pond: Env) -> Generator["subprocess.Popen[bytes]"]:
    """Return a process in the middle of a sleep cycle: one of two grains is made."""
    command = [sys.executable, str(SLEEPER)]
    with subprocess.Popen(command, env=pond, cwd=pond["KITBASH_DATA_DIR"], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"made one\n"
            yield process
        finally:
            process.kill()


def status(env: Env) -> dict[str, Any]:
    return kitbash(env, "metabolism", "status", "--json").json


def states(server: Server) -> list[str]:
    with closing(server.node()) as node:
        return sorted(str(text).partition('"state":"')[2].partition('"')[0] for text in node.hvals(keys.GRAINS.records))


def expire_lease(server: Server) -> None:
    """Let the time pass that a dead cycle keeps others away."""
    with closing(server.node()) as node:
        node.hset(AT.lease, "until_ms", 1)


def test_of_two_sleep_cycles_at_once_one_refuses_and_says_which_runs(
    pond: Env, server: Server, asleep: "subprocess.Popen[bytes]"
) -> None:
    for kind in ("sleep", "background", "idle"):
        refused = kitbash(pond, "metabolism", "run", kind)
        assert refused.code == 1
        assert "a sleep cycle (number 1) runs" in refused.err
        assert refused.is_clean
    assert states(server) == ["crystallised", "locked"]
    assert status(pond)["running"] == {"cycle": 1, "kind": "sleep"}


def test_what_a_killed_sleep_left_is_completed_and_reviewed_by_the_next(
    pond: Env, server: Server, asleep: "subprocess.Popen[bytes]"
) -> None:
    asleep.kill()
    asleep.wait(10)
    held = kitbash(pond, "metabolism", "run", "sleep")
    assert held.code == 1
    assert states(server) == ["crystallised", "locked"]
    assert len(status(pond)["state"]["pending"]["grains"]) == 2
    expire_lease(server)
    done = kitbash(pond, "metabolism", "run", "sleep", "--json")
    assert (done.code, done.json["cycle"], done.json["success"]) == (0, 2, True)
    assert states(server) == ["crystallised", "crystallised"]
    state = status(pond)["state"]
    assert (state["pending"], len(state["review"]["grains"])) == (None, 2)
    files = [path.name for path in Path(pond["KITBASH_DATA_DIR"]).parent.rglob("sg_*.json")]
    assert len(set(files)) == 2


def test_a_server_that_lost_everything_begins_anew_and_gets_the_grains_back(
    pond: Env, server: Server, asleep: "subprocess.Popen[bytes]"
) -> None:
    asleep.kill()
    asleep.wait(10)
    expire_lease(server)
    assert kitbash(pond, "metabolism", "run", "sleep").code == 0
    server.flush()
    assert status(pond)["state"]["turn"] == 0
    back = kitbash(pond, "metabolism", "run", "sleep", "--json")
    assert "2 grains are back" in back.json["changed"][0]
    assert states(server) == ["crystallised", "crystallised"]


def test_a_worker_with_beat_runs_the_cycle_that_is_due_by_itself(pond: Env, server: Server, tmp_path: Path) -> None:
    with closing(server.node()) as node:
        node.set(AT.settled, 100)
        with worker(pond, server, tmp_path / "upkeep.log", "-B", queues=(Queue.UPKEEP,), name="upkeep@test"):
            until(lambda: node.llen(AT.cycles), 40)
    found = status(pond)
    assert (found["cycles"][-1]["kind"], found["state"]["turn"], found["cycles"][-1]["analysed"]) == (
        "background",
        1,
        0,
    )
