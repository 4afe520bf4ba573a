"""The registry of model servers, on a plain server and on a cluster, and the command that shows it."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from kitbash.blackboard import keys
from kitbash.blackboard.redis_servers import RedisServers
from kitbash.domain.model_server import ServerState, ServerStatus
from tests.e2e.processes import environment, kitbash
from tests.servers import Server

STATE = ServerState("small", ServerStatus.HEALTHY, "http://127.0.0.1:8080", 42, 0.5, 1, "as it should be")


@pytest.fixture(params=["plain", "cluster"])
def server(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue(f"fresh_{request.param}")


@pytest.fixture
def registry(server: Server) -> Generator[RedisServers]:
    with closing(server.connect()) as client:
        yield RedisServers(client, server.url)


@pytest.fixture
def node(server: Server) -> Generator[Any]:
    with closing(server.node()) as client:
        yield client


def test_what_was_reported_is_known_with_the_time_of_the_server(registry: RedisServers) -> None:
    assert registry.states() == {}
    before_ms = registry.now_ms()
    registry.report(replace(STATE, status=ServerStatus.STARTING))
    registry.report(STATE)
    registry.report(replace(STATE, name="big"))
    states = registry.states()
    assert list(states) == ["big", "small"]
    assert before_ms <= states["small"].seen_ms <= registry.now_ms()
    assert replace(states["small"], seen_ms=0) == STATE


def test_what_cannot_be_read_is_left_out_and_said(registry: RedisServers, node: Any) -> None:
    registry.report(STATE)
    node.hset(keys.SERVERS, "odd", '{"name": 1}')
    with capture_logs() as logged:
        assert list(registry.states()) == ["small"]
    assert [it["event"] for it in logged] == ["servers.unreadable"]


def test_it_is_forgotten_after_a_day(registry: RedisServers, node: Any) -> None:
    registry.report(STATE)
    assert 86_000_000 < node.pttl(keys.SERVERS) <= 86_400_000
    old = registry.states()["small"]
    text = node.hget(keys.SERVERS, "small").replace(f'"seen_ms":{old.seen_ms}', f'"seen_ms":{old.seen_ms - 86_400_001}')
    node.hset(keys.SERVERS, "small", text)
    assert registry.states() == {}


def test_the_command_shows_what_is_set_and_looks_where_nobody_watches(fresh_plain: Server, tmp_path: Path) -> None:
    config = tmp_path / "kitbash.yaml"
    config.write_text("servers:\n  small: {port: 8080}\n  gone: {port: 1, host: 127.0.0.1, auto_spawn: false}\n")
    with closing(fresh_plain.connect()) as client:
        RedisServers(client, fresh_plain.url).report(STATE)
    env = environment(tmp_path / "data", fresh_plain.url, KITBASH_CONFIG=str(config))
    small, gone = kitbash(env, "servers", "--json").json
    assert (small["status"], small["pid"], small["load"], small["restarts"]) == ("healthy", 42, 0.5, 1)
    assert (gone["status"], gone["is_local"]) == ("unhealthy", False)
    assert "cannot be reached" in gone["detail"]
    table = kitbash(env, "servers").out
    assert "small\thealthy\thttp://127.0.0.1:8080\t" in table


def test_without_servers_the_command_says_how_to_name_one(fresh_plain: Server, tmp_path: Path) -> None:
    assert "servers:" in kitbash(environment(tmp_path / "data", fresh_plain.url), "servers").out


@pytest.mark.parametrize(
    "text",
    [
        "servers:\n  Small: {port: 8080}\n",
        "servers:\n  '../small': {port: 8080}\n",
        "servers:\n  small: {}\n",
        "servers:\n  small: {port: 8080, host: 'a b'}\n",
        "servers:\n  small: {port: 8080, health: 'http://elsewhere/'}\n",
        "servers:\n  small: {port: 8080, command: 'run me'}\n",
    ],
)
def test_a_server_that_is_set_wrongly_is_refused_by_name(tmp_path: Path, text: str) -> None:
    config = tmp_path / "kitbash.yaml"
    config.write_text(text)
    done = kitbash(environment(tmp_path / "data", KITBASH_CONFIG=str(config)), "servers")
    assert done.code == 2
    assert "servers" in done.err
