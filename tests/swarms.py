"""Clients of the findings bus for tests: both kinds behind one face, each test on keys of its own."""

import asyncio
import inspect
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

from kitbash.swarm import AsyncRedisBusClient, Finding, RedisBusClient, Task
from kitbash.swarm.keys import Keys
from tests.servers import Server

LONG_S: Final = 60.0
"""A lease that does not end during a test."""


def fresh_prefix() -> str:
    """Return a prefix that no other test has, with a hash tag."""
    return f"kb:{{t{secrets.token_hex(6)}}}:"


class Blocking:
    """An awaiting client with the face of the one that blocks: each call runs a loop until it is done."""

    def __init__(self, client: AsyncRedisBusClient, loop: asyncio.AbstractEventLoop) -> None:
        """Drive a client by a loop."""
        self._client = client
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        """Return what the client has, calls made blocking."""
        found = getattr(self._client, name)
        if not inspect.iscoroutinefunction(found):
            return found

        def call(*args: Any, **named: Any) -> Any:
            return self._loop.run_until_complete(found(*args, **named))

        return call


@contextmanager
def bus_client(server: Server, *, is_async: bool = False, **more: Any) -> Generator[RedisBusClient]:
    """Yield a client of a server; an awaiting one looks like one that blocks."""
    arguments: dict[str, Any] = {
        "url": server.url,
        "cluster": server.is_cluster,
        "agent_id": "ann",
        "lease_s": LONG_S,
        **more,
    }
    if not is_async:
        with RedisBusClient(**arguments) as client:
            yield client
        return
    loop = asyncio.new_event_loop()
    client: Any = Blocking(AsyncRedisBusClient(**arguments), loop)
    try:
        yield client
    finally:
        client.close()
        loop.close()


def raw(server: Server) -> Any:
    """Return a plain client of the one node of a server, to look at keys and to put things in the way."""
    return server.node()


def task(description: str = "count the swans", **more: Any) -> Task:
    """Return a task with an id of its own."""
    return Task(description=description, type="research", **more)


def finding(claim: str = "the lake is deep", confidence: float = 0.9, **more: Any) -> Finding:
    """Return a finding with an id of its own, with two citations."""
    given: dict[str, Any] = {"citations": ["book:1", "book:2"], "worker_id": "ann", **more}
    return Finding(claim=claim, confidence=confidence, **given)


def snapshot(node: Any, prefix: str) -> dict[str, Any]:
    """Return everything that stands below a prefix, but for what happened on the bus."""
    readers: dict[str, Callable[[str], Any]] = {
        "hash": node.hgetall,
        "string": node.get,
        "list": lambda key: node.lrange(key, 0, -1),
        "zset": lambda key: node.zrange(key, 0, -1, withscores=True),
        "set": node.smembers,
        "stream": node.xlen,
    }
    return {key: readers[node.type(key)](key) for key in sorted(node.scan_iter(f"{prefix}*"))}


def keys_of(client: RedisBusClient) -> Keys:
    """Return the keys of a client's bus."""
    return client.bus.keys
