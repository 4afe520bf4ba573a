"""Celery's Redis transport, made to survive what is not a message.

Stock kombu lets one element that is not JSON end the worker process. Here such an element is refused, the reason is
logged and kept beside the queues, and the worker goes on.
"""

import logging
from queue import Empty
from typing import Any, Final, cast

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as stock

REFUSED: Final = "kitbash.refused"
"""The list, on the broker, of why the newest hundred elements were refused."""
_KEPT: Final = 100
_UNREADABLE: Final[tuple[type[Exception], ...]] = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    RecursionError,
    cast("Any", stock).redis.DataError,
)
_SHOWN_CHARS: Final = 2000

log = logging.getLogger(__name__)


_Stock: Final[Any] = stock


class Channel(_Stock.Channel):
    """A channel that refuses an element it cannot read instead of failing."""

    _kept: Any = None

    def _brpop_read(self, **options: Any) -> Any:
        held = set(self.qos._delivered)
        try:
            return _Stock.Channel._brpop_read(self, **options)
        except _UNREADABLE as error:
            # The element is gone from the queue and its reply fully read. What kombu took for a message before it
            # stumbled is given up too: it would count against the prefetch limit, and come back, for ever.
            for tag in set(self.qos._delivered) - held:
                if tag is None:
                    self.qos._delivered.pop(tag)
                else:
                    self.qos.reject(tag, requeue=False)
            reason = f"{type(error).__name__}: {error}"[:_SHOWN_CHARS]
            log.warning("broker.refused: an element of a queue is no message (%s)", reason)
            with self.conn_or_acquire() as client:
                client.lpush(REFUSED, reason)
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
    """Have Redis brokers use this transport in this process, over TCP, TLS or a Unix socket; Sentinel keeps its own."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"
