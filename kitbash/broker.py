"""Celery's Redis transport, made to survive what is not a message.

Stock kombu lets one element that is not JSON end the worker process (reliability note, 3). Here such an element is
logged and kept beside the queue, and the worker goes on.
"""

import logging
from queue import Empty
from typing import Any, Final

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as stock

REFUSED: Final = "kitbash.refused"
"""The list, on the broker, that keeps the newest hundred elements that were no messages."""
_KEPT: Final = 100
_SHOWN_CHARS: Final = 2000

log = logging.getLogger(__name__)


_Stock: Final[Any] = stock


class Channel(_Stock.Channel):
    """A channel that refuses an element it cannot read instead of failing."""

    _kept: Any = None

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return _Stock.Channel._brpop_read(self, **options)
        except (ValueError, KeyError, TypeError) as error:
            # The element is gone from the queue, and its reply fully read: nothing is left half done.
            log.warning("broker.refused: an element of a queue is no message (%s: %s)", type(error).__name__, error)
            with self.conn_or_acquire() as client:
                client.lpush(REFUSED, f"{type(error).__name__}: {error}"[:_SHOWN_CHARS])
                client.ltrim(REFUSED, 0, _KEPT - 1)
            raise Empty from error

    def _create_client(self, asynchronous: bool = False) -> Any:  # noqa: FBT001, FBT002 - kombu's signature
        """Return the client of the channel's pool, made once: kombu makes one for every command."""
        if asynchronous:
            return _Stock.Channel._create_client(self, asynchronous=True)
        if self._kept is None or self._kept.connection_pool is not self.pool:
            self._kept = _Stock.Channel._create_client(self)
        return self._kept


class Transport(_Stock.Transport):
    """The Redis transport with that channel."""

    Channel = Channel


def install() -> None:
    """Have `redis://` and `redis+socket://` brokers use this transport in this process."""
    TRANSPORT_ALIASES["redis"] = f"{__name__}:Transport"
