"""A server that the settings name: refused when it may lose queries, and reported when it does not answer."""

import socket
import subprocess
import threading
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests import servers
from tests.e2e.processes import BIN, Env, Ran, environment, home, kitbash
from tests.servers import Server
from tests.waiting import until

QUESTION = "What is the speed of light?"


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    """Return a server of this module's own, since its tests set it wrong."""
    with servers.plain() as own:
        yield own


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home(tmp_path_factory.mktemp("given"))


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start(env: Env, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [BIN / "kitbash", *arguments],
        env=env,
        cwd=env["KITBASH_DATA_DIR"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def wait(process: "subprocess.Popen[bytes]") -> Ran:
    try:
        out, err = process.communicate(timeout=40)
    finally:
        process.kill()
        process.wait()
    return Ran(process.returncode, out, err)


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_one_that_may_evict_is_refused_with_the_line_that_mends_it(server: Server, data: Path, policy: str) -> None:
    with closing(server.node()) as node:
        node.config_set("maxmemory-policy", policy)
        try:
            ran = kitbash(environment(data, server.url), "ask", QUESTION)
        finally:
            node.config_set("maxmemory-policy", "noeviction")
    assert ran.code == 2
    assert "redis-cli CONFIG SET maxmemory-policy noeviction" in ran.err
    assert policy in ran.err
    assert ran.is_clean


def test_one_that_is_absent_is_reported_at_once_and_without_its_password(data: Path) -> None:
    started_s = time.monotonic()
    ran = kitbash(environment(data, f"redis://:secret@127.0.0.1:{closed_port()}"), "ask", QUESTION)
    assert time.monotonic() - started_s < 6
    assert ran.code == 3
    assert "does not answer" in ran.err
    assert "unset KITBASH_REDIS_URL" in ran.err
    assert "secret" not in ran.out + ran.err
    assert ran.is_clean


def test_one_that_hangs_is_given_up_within_the_timeouts(server: Server, data: Path) -> None:
    """Each attempt may wait for a socket timeout; all of them together end well before a user would."""
    env = environment(data, server.url, KITBASH_REDIS__SOCKET_TIMEOUT_S="1")
    server.pause()
    try:
        started_s = time.monotonic()
        both = [start(env, "ask", "--mode", mode, "Is there anybody at home") for mode in ("direct", "celery")]
        ends = [wait(process) for process in both]
        took_s = time.monotonic() - started_s
    finally:
        server.resume()
    for ran in ends:
        assert ran.code == 3, ran.err
        assert "does not answer" in ran.err
        assert ran.is_clean
    assert took_s < 10


def test_one_that_hangs_in_the_middle_is_given_up_too(server: Server, data: Path) -> None:
    env = environment(data, server.url, KITBASH_REDIS__SOCKET_TIMEOUT_S="1")
    server.flush()
    process = start(env, "ask", "--mode", "celery", "--timeout", "60", "Is there anybody at home")
    try:
        with closing(server.node()) as node:
            until(lambda: node.llen("kb:reflex"), 20)
        server.pause()
        started_s = time.monotonic()
        ran = wait(process)
    finally:
        server.resume()
        server.flush()
    assert ran.code == 3, ran.err
    assert time.monotonic() - started_s < 10
    assert ran.is_clean


def test_a_broker_that_hangs_is_given_up_within_the_timeouts(server: Server, plain_server: Server, data: Path) -> None:
    env = environment(data, plain_server.url, KITBASH_BROKER_URL=server.url, KITBASH_REDIS__SOCKET_TIMEOUT_S="1")
    server.pause()
    try:
        started_s = time.monotonic()
        both = [start(env, *command) for command in (("ask", "--mode", "celery", "Who is there"), ("status",))]
        ends = [wait(process) for process in both]
    finally:
        server.resume()
    assert time.monotonic() - started_s < 10
    for ran in ends:
        assert ran.code == 3, ran.err
        assert "broker" in ran.err
        assert ran.is_clean


@pytest.mark.parametrize("url", ["http://127.0.0.1:6379", "nonsense", "redis://127.0.0.1:99999", "redis://[::1"])
def test_an_address_that_is_not_redis_is_an_error_of_settings(data: Path, url: str) -> None:
    ran = kitbash(environment(data, url), "ask", QUESTION)
    assert ran.code == 2, ran.err
    assert ran.is_clean


def test_a_brokers_address_that_is_not_redis_is_an_error_of_settings(plain_server: Server, data: Path) -> None:
    env = environment(data, plain_server.url, KITBASH_BROKER_URL="http://127.0.0.1:6379")
    ran = kitbash(env, "ask", "--mode", "celery", QUESTION)
    assert ran.code == 2, ran.err
    assert ran.is_clean


@contextmanager
def some_other_server() -> Generator[int]:
    """Run something that speaks HTTP, whatever it is told."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    there, _ = listening.accept()
                except OSError:
                    return
                with there:
                    there.recv(1000)
                    there.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_server_that_is_not_redis_is_reported(data: Path) -> None:
    with some_other_server() as port:
        ran = kitbash(environment(data, f"redis://127.0.0.1:{port}"), "ask", QUESTION)
    assert ran.code == 3, ran.err
    assert ran.is_clean
