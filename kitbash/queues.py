"""How full the queues are, as the broker says."""

from typing import Any

from kombu.exceptions import OperationalError

from kitbash.celery import app
from kitbash.domain.layer import Queue
from kitbash.errors import StoreUnavailable


def depths() -> dict[Queue, int]:
    """Return how many messages wait in each queue. Raises StoreUnavailable if the broker does not answer."""
    try:
        with app.connection_for_read() as broker:
            channel: Any = broker.default_channel
            with channel.conn_or_acquire() as client:
                # Kombu's client puts the broker's key prefix before the name.
                return {queue: int(client.llen(queue.value)) for queue in Queue}
    except OperationalError as error:
        message = f"the broker does not answer ({error}); start it, or unset KITBASH_BROKER_URL"
        raise StoreUnavailable(message) from error
