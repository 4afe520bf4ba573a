"""The ways to name a server, and what becomes of those that cannot be used."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from typing import Any, cast

import pytest
from redis.client import Redis

from kitbash.blackboard.connection import client_url
from kitbash.errors import ConfigError, StoreUnavailable
from kitbash.runtime import Addresses, Runtime
from kitbash.settings import load
from kitbash.swarm import AsyncRedisBusClient, RedisBusClient, Task
from kitbash.swarm.errors import Invalid
from kitbash.swarm.keys import DEFAULT_PREFIX
from tests.servers import Server
from tests.swarms import bus_client, finding, fresh_prefix, raw, task


def test_a_given_client_that_answers_in_bytes_will_do_and_is_left_open(plain_server: Server) -> None:
    made = cast("Any", Redis).from_url(client_url(plain_server.url))
    with closing(made):
        with RedisBusClient(client=made, prefix=fresh_prefix(), agent_id="ann") as client:
            posted, found = task(data={"a": 1}), finding("the lake — is deep", task_id="t1")
            client.post_task(posted)
            client.post_finding(found)
            assert client.next_task() == client.get_task(posted)
            assert client.get_findings_for_task("t1") == [found]
            assert [it.kind for it in client.events("0")] == ["task_posted", "finding_posted", "task_claimed"]
            assert client.scan().violations == ()
        assert made.ping()


@pytest.mark.parametrize("make", [RedisBusClient, AsyncRedisBusClient])
def test_what_cannot_be_used_is_refused_before_anything_is_sent(make: Callable[..., object]) -> None:
    with pytest.raises(ConfigError, match="is not a Redis URL"):
        make(url="http://localhost")
    with pytest.raises(ConfigError, match="needs a hash tag"):
        make(url="redis://localhost", cluster=True, prefix="bus:")
    with pytest.raises(Invalid, match="the prefix"):
        make(prefix="*")
    with pytest.raises(Invalid, match="a lease lasts from"):
        make(lease_s=0)


def test_a_server_that_is_not_there_is_unavailable_and_not_healthy() -> None:
    with RedisBusClient(host="127.0.0.1", port=1) as client:
        assert not client.health_check()
        with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1/0 does not answer"):
            client.post_task(Task())

    async def awaiting() -> None:
        async with AsyncRedisBusClient(host="127.0.0.1", port=1) as client:
            assert not await client.health_check()
            with pytest.raises(StoreUnavailable, match="does not answer"):
                await client.post_task(Task())

    asyncio.run(awaiting())


def test_no_password_stands_in_a_message() -> None:
    with (
        RedisBusClient(url="redis://ann:hush@127.0.0.1:1/0") as client,
        pytest.raises(StoreUnavailable) as caught,
    ):
        client.post_task(Task())
    assert "hush" not in str(caught.value)


def test_a_bus_without_a_prefix_leaves_the_keys_of_others_alone(fresh_plain: Server) -> None:
    with bus_client(fresh_plain, prefix="") as client, closing(raw(fresh_plain)) as node:
        node.hset("task:of-somebody", "a", "b")
        assert client.post_task(task(id="t1"))
        assert "no time to live task:of-somebody" in client.scan().violations
        assert node.ttl("task:of-somebody") == -1
        assert node.hget("task:t1", "status") == "pending"


def test_the_runtime_s_bus_is_where_the_settings_say(plain_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = fresh_prefix()
    monkeypatch.setenv("KITBASH_SWARM__PREFIX", prefix)
    monkeypatch.setenv("KITBASH_SWARM__LEASE_S", "7")
    runtime = Runtime(load().settings, Addresses(plain_server.url, plain_server.url, None))
    with closing(runtime):
        assert (runtime.swarm.bus.keys.prefix, runtime.swarm.bus.lease_ms) == (prefix, 7000)
        assert runtime.swarm.post_task(task())
        assert runtime.swarm.connection is runtime.redis
    monkeypatch.setenv("KITBASH_SWARM__URL", plain_server.url)
    own = Runtime(load().settings, Addresses("redis://127.0.0.1:1", "redis://127.0.0.1:1", None))
    with closing(own):
        assert len(own.swarm.get_tasks()) == 1


def test_the_settings_begin_every_key_as_the_bus_does() -> None:
    assert load().settings.swarm.prefix == DEFAULT_PREFIX


def test_upkeep_brings_back_what_was_found_only_where_it_looks_after_the_bus(
    fresh_plain: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = fresh_prefix()
    monkeypatch.setenv("KITBASH_REDIS_URL", fresh_plain.url)
    monkeypatch.setenv("KITBASH_SWARM__PREFIX", prefix)
    from tasks import upkeep

    run: Any = upkeep.relay
    with bus_client(fresh_plain, prefix=prefix) as client:
        client.claim_task(posted := task())
        client.complete_task(posted, "done")
        for is_enabled in ("false", "true"):
            monkeypatch.setenv("KITBASH_SWARM__ENABLED", is_enabled)
            runtime = Runtime(load().settings)
            monkeypatch.setattr(upkeep, "current", lambda it=runtime: it)
            with closing(runtime):
                run()
                assert (runtime.board.relayed() == client.newest_event()) is (is_enabled == "true")


def test_upkeep_looks_after_the_bus_only_where_it_is_told_to(
    plain_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = fresh_prefix()
    monkeypatch.setenv("KITBASH_REDIS_URL", plain_server.url)
    monkeypatch.setenv("KITBASH_SWARM__PREFIX", prefix)
    monkeypatch.setattr("kitbash.runtime._CURRENT", {})
    monkeypatch.setattr("kitbash.runtime._BROKER", {})
    from tasks import upkeep

    run: Any = upkeep.hygiene
    with bus_client(plain_server, prefix=prefix) as client:
        for is_enabled in ("false", "true"):
            monkeypatch.setenv("KITBASH_SWARM__ENABLED", is_enabled)
            runtime = Runtime(load().settings)
            monkeypatch.setattr(upkeep, "current", lambda it=runtime: it)
            with closing(runtime):
                run()
            assert [it.agent for it in client.events("0", block_ms=1)] == ["upkeep"] * (is_enabled == "true")
