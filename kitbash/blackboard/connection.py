"""Connections to the blackboard's server, with every wait bounded."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final, cast

import redis
from redis.backoff import ExponentialBackoff
from redis.client import Redis
from redis.cluster import RedisCluster
from redis.exceptions import RedisClusterException
from redis.retry import Retry

from kitbash.blackboard.scripts import AnyRedis
from kitbash.errors import BusError, ConfigError, StoreUnavailable

_BROKERS: Final = ("redis://", "rediss://", "redis+socket://", "sentinel://")
_EVICTING: Final = ("allkeys-", "volatile-")
_UNIX: Final = "redis+socket://"
_PARAMETER: Final = re.compile(r"([?&](?:password|username)=)[^&]*", re.IGNORECASE)


def connect(url: str, *, connect_timeout_s: float, socket_timeout_s: float, cluster: bool = False) -> AnyRedis:
    """Return a client that gives up within its timeouts, having retried once. Nothing is sent yet.

    Raises ConfigError for a URL that is not Redis'.
    """
    # A broken connection is made anew once; a server that is silent is not waited for twice.
    retry = Retry(ExponentialBackoff(cap=0.2, base=0.05), 1, supported_errors=(redis.ConnectionError,))
    # The stubs of redis-py leave `from_url` half known.
    one, several = cast("tuple[Any, Any]", (Redis, RedisCluster))
    try:
        if cluster:
            with translated(url):
                return several.from_url(
                    url,
                    decode_responses=True,
                    socket_connect_timeout=connect_timeout_s,
                    socket_timeout=socket_timeout_s,
                )
        return one.from_url(
            client_url(url),
            decode_responses=True,
            socket_connect_timeout=connect_timeout_s,
            socket_timeout=socket_timeout_s,
            retry=retry,
            health_check_interval=25,
        )
    except ValueError as error:
        message = f"{masked(url)} is not a Redis URL; use redis://host:port/db, with the password percent-encoded"
        raise ConfigError(message) from error


def client_url(url: str) -> str:
    """Return the URL as redis-py spells it: Celery says `redis+socket://` where it says `unix://`."""
    if not url.startswith(_UNIX):
        return url
    return "unix://" + url.removeprefix(_UNIX).replace("virtual_host=", "db=")


def masked(url: str) -> str:
    """Return a URL without the user and password before its host or among its parameters."""
    head, at, tail = url.rpartition("@")
    shown = f"{head.partition('://')[0]}://***@{tail}" if at and "://" in head else url
    return _PARAMETER.sub(r"\1***", shown)


def broker_url(url: str) -> str:
    """Return the URL as Celery spells it. Raises ConfigError if it is not one of a Redis broker."""
    if url.startswith("unix://"):
        return _UNIX + url.removeprefix("unix://").replace("db=", "virtual_host=")
    if not url.startswith(_BROKERS):
        message = f"{masked(url)} is not a broker Kitbash can use; use redis://, rediss://, sentinel:// or unix://"
        raise ConfigError(message)
    return url


@contextmanager
def translated(url: str) -> Generator[None]:
    """Turn redis-py's errors in a block into Kitbash's, naming the server and what to do.

    A key of a wrong type is BusError: it concerns one query, not the server.
    """
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError) as error:
        message = (
            f"Redis at {masked(url)} does not answer ({_first_line(error)}); start it, or unset KITBASH_REDIS_URL "
            "to let Kitbash start a private one"
        )
        raise StoreUnavailable(message) from error
    except (redis.RedisError, RedisClusterException) as error:
        if "WRONGTYPE" in str(error):
            message = f"a key of Kitbash at {masked(url)} is not of its type; something else wrote to it"
            raise BusError(message) from error
        message = f"Redis at {masked(url)} refused: {_first_line(error)}"
        raise StoreUnavailable(message) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:200]


def server_time_ms(client: Any) -> int:
    """Return the server's time; of a cluster, that of the node that answers."""
    reply: Any = client.time()
    seconds, microseconds = next(iter(cast("dict[str, Any]", reply).values())) if isinstance(reply, dict) else reply
    return int(seconds) * 1000 + int(microseconds) // 1000


def check(client: AnyRedis, url: str) -> str:
    """Return the server's name and version. Raises ConfigError if it is too old, or may evict what must not be lost."""
    with translated(url):
        # The stubs of redis-py leave the reply of INFO half known.
        asked: Any = client
        info: dict[str, Any] = asked.info("server")
        memory: dict[str, Any] = asked.info("memory")
    version = str(info.get("redis_version", "0"))
    if int(version.split(".", maxsplit=1)[0]) < 7:  # noqa: PLR2004 - the first version with `#!lua`
        message = f"Redis at {masked(url)} has version {version}; Kitbash needs 7 or later"
        raise ConfigError(message)
    policy = str(memory.get("maxmemory_policy", "noeviction"))
    if policy.startswith(_EVICTING):
        message = (
            f"Redis at {masked(url)} may evict keys (maxmemory-policy {policy}), which would lose queries; "
            "fix it with: redis-cli CONFIG SET maxmemory-policy noeviction"
        )
        raise ConfigError(message)
    name = str(info.get("server_name", "redis"))
    return f"{name} {info.get('valkey_version', version)}"
