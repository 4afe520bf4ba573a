"""From arguments to a client of the server, and from its errors to Kitbash's."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio import RedisCluster as AsyncRedisCluster
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisClusterException

from kitbash.blackboard import connection
from kitbash.errors import ConfigError, KitbashError, StoreUnavailable
from kitbash.swarm.errors import Invalid, Occupied
from kitbash.swarm.keys import Keys

CONNECT_TIMEOUT_S: Final = 2.0
SOCKET_TIMEOUT_S: Final = 5.0


def options(host: str, port: int, db: int, password: str | None) -> dict[str, Any]:
    """Return what both kinds of client are made with; replies are text, and every wait has an end."""
    return {
        "host": host,
        "port": port,
        "db": db,
        "password": password,
        "decode_responses": True,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_timeout": SOCKET_TIMEOUT_S,
    }


def given_url(host: str, port: int, db: int) -> str:
    """Return the URL of a server given by its parts, without the password, for messages."""
    return f"redis://{host}:{port}/{db}"


def connect_awaiting(url: str, *, cluster: bool) -> Any:
    """Return a client for an event loop that gives up within its timeouts. Nothing is sent yet.

    Raises ConfigError for a URL that is not Redis'.
    """
    waits = {"socket_connect_timeout": CONNECT_TIMEOUT_S, "socket_timeout": SOCKET_TIMEOUT_S, "decode_responses": True}
    # The stubs of redis-py leave `from_url` half known.
    one, several = cast("tuple[Any, Any]", (AsyncRedis, AsyncRedisCluster))
    try:
        if cluster:
            return several.from_url(url, **waits)
        retry = AsyncRetry(ExponentialBackoff(cap=0.2, base=0.05), 1, supported_errors=(redis.ConnectionError,))
        return one.from_url(connection.client_url(url), **waits, retry=retry)
    except ValueError as error:
        message = f"{connection.masked(url)} is not a Redis URL; use redis://host:port/db"
        raise ConfigError(message) from error


def refuse_scattered(keys: Keys, *, cluster: bool) -> None:
    """Raise ConfigError for a cluster with a prefix that scatters the keys of one script."""
    if cluster and not keys.has_tag:
        message = f"on a cluster the prefix {keys.prefix!r} needs a hash tag, such as {Keys().prefix!r}"
        raise ConfigError(message)


def translated(error: Exception, url: str) -> KitbashError:
    """Return an error of redis-py as one of Kitbash's: the server does not answer, a key is occupied, it refused."""
    if isinstance(error, UnicodeDecodeError):
        message = f"the bus at {url} holds bytes that are no text ({error}); see what wrote them, then DEL the key"
        return Invalid(message)
    if isinstance(error, redis.ConnectionError | redis.TimeoutError | OSError):
        message = f"Redis at {url} does not answer ({_first_line(error)}); start it and call again"
        return StoreUnavailable(message)
    if "WRONGTYPE" in str(error):
        message = f"a key of the bus at {url} holds another type than the bus keeps; `kitbash swarm scan` names it"
        return Occupied(message)
    return StoreUnavailable(f"Redis at {url} refused: {_first_line(error)}")


ERRORS: Final = (redis.RedisError, RedisClusterException, OSError, UnicodeDecodeError)
"""What a call to the server may raise."""


def text_of(reply: Any, odd: str = "replace") -> Any:
    """Return a reply with every byte string as text, for clients that were made without `decode_responses`.

    `odd` is what becomes of bytes that are no text, as `bytes.decode` has it.
    """
    if isinstance(reply, bytes):
        return reply.decode("utf-8", odd)
    if isinstance(reply, Mapping):
        pairs = cast("Mapping[Any, Any]", reply)
        return {text_of(name, odd): text_of(value, odd) for name, value in pairs.items()}
    if isinstance(reply, list | tuple):
        return [text_of(it, odd) for it in cast("list[Any]", reply)]
    return reply


def named_of(reply: Any) -> Any:
    """Return a reply in bytes as text in which a byte that is no text is written as an escape, to name the key."""
    return text_of(reply, "backslashreplace")


def each_of(replies: Sequence[Any], url: str) -> list[Any]:
    """Return the replies to several commands, a key of another type as an Occupied in its place. Raises other errors.

    So one key does not hide what stands in the others.
    """
    found: list[Any] = []
    for reply in replies:
        error = translated(reply, url) if isinstance(reply, Exception) else None
        if error is not None and not isinstance(error, Occupied | Invalid):
            raise error from reply
        found.append(reply if error is None else error)
    return found


def page_of(reply: Any) -> tuple[int, Any]:
    """Return the cursor and the keys of a reply to SCAN from one node of a cluster, whose cursors are told by node."""
    cursors, keys = reply
    return next(iter(cast("Mapping[str, int]", cursors).values()), 0), keys


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:200]


def connect_blocking(url: str, *, cluster: bool) -> Any:
    """Return a client that blocks and gives up within its timeouts. Nothing is sent yet; raises ConfigError."""
    return connection.connect(
        url, connect_timeout_s=CONNECT_TIMEOUT_S, socket_timeout_s=SOCKET_TIMEOUT_S, cluster=cluster
    )


def fitting(parts: Mapping[str, Any], *, cluster: bool) -> dict[str, Any]:
    """Return the arguments that a kind of client takes: a cluster has no numbered databases."""
    return {name: it for name, it in parts.items() if not (cluster and name == "db")}


def decodes(client: Any) -> bool:
    """Return whether a client gives replies as text."""
    holder = getattr(client, "connection_pool", None)
    given: Mapping[str, Any] = getattr(holder, "connection_kwargs", None) or getattr(client, "connection_kwargs", {})
    found = given.get("decode_responses")
    if found is None and hasattr(client, "get_encoder"):
        found = client.get_encoder().decode_responses
    return bool(found)
