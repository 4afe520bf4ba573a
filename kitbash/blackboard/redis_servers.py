"""The registry of model servers on Redis: a hash with one JSON a server."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from kitbash.blackboard import keys
from kitbash.blackboard.connection import server_time_ms, translated
from kitbash.blackboard.scripts import AnyRedis
from kitbash.domain import codec
from kitbash.domain.model_server import ServerState
from kitbash.observe import logs

KEPT_MS: Final = 86_400_000
_STATE: Final = TypeAdapter(ServerState)
_log: Final = logs.logger(__name__)


class RedisServers:
    """What was last seen of each model server, told by whoever watches it. Safe to share between threads.

    Calls raise StoreUnavailable when the server does not answer.
    """

    def __init__(self, client: AnyRedis, url: str) -> None:
        """Use a client, which stays its owner's to close; `url` is for messages. Nothing is sent yet."""
        # The stubs of redis-py know replies only by half.
        self._client: Any = client
        self._url = url

    def report(self, state: ServerState) -> None:
        """Replace what is known of a server, and mark the time."""
        with translated(self._url):
            record = asdict(replace(state, seen_ms=self.now_ms()))
            pipe = self._client.pipeline(transaction=False)
            pipe.hset(keys.SERVERS, state.name, codec.dumps(record))
            pipe.pexpire(keys.SERVERS, KEPT_MS)
            pipe.execute()

    def states(self) -> Mapping[str, ServerState]:
        """Return what is known of every server that was reported in the last day; what cannot be read is left out."""
        with translated(self._url):
            found: Any = self._client.hgetall(keys.SERVERS)
            oldest_ms = self.now_ms() - KEPT_MS
        read = (_read(text) for text in found.values())
        return {it.name: it for it in sorted(filter(None, read), key=lambda it: it.name) if it.seen_ms > oldest_ms}

    def now_ms(self) -> int:
        """Return the server's time."""
        with translated(self._url):
            return server_time_ms(self._client)


def _read(text: Any) -> ServerState | None:
    try:
        return _STATE.validate_json(text)
    except ValidationError as error:
        _log.warning("servers.unreadable", error=str(error.errors(include_input=False, include_url=False)[0]["msg"]))
        return None
