"""What did not stand: a bounded stream in Redis, and a line in the log."""

from typing import Any, Final

from kitbash.blackboard.connection import translated
from kitbash.blackboard.scripts import AnyRedis
from kitbash.observe import logs
from kitbash.swarm.packet import Packet
from kitbash.swarm.sealing import Standing
from kitbash.swarm.trust.keys import TrustKeys

MOST_ENTRIES: Final = 1000

_log: Final = logs.logger(__name__)


class Audit:
    """Notes packets that did not stand. Safe to share between threads."""

    def __init__(self, client: AnyRedis, url: str, keys: TrustKeys, *, is_kept: bool = True) -> None:
        """Use a client, which stays its owner's to close. Not kept, it only goes to the log: readers may not write."""
        # The stubs of redis-py know replies only by half.
        self._client: Any = client
        self._url = url
        self._key = keys.audit
        self._is_kept = is_kept

    def note(self, packet: Packet, standing: Standing, reason: str, *, is_accepted: bool) -> None:
        """Have it be known; the stream keeps the newest 1,000. Raises StoreUnavailable."""
        told = {
            "tracking_id": packet.tracking_id,
            "origin": packet.origin,
            "standing": standing.value,
            "reason": reason,
            "accepted": str(int(is_accepted)),
        }
        _log.warning("swarm.distrusted", **told)
        if self._is_kept:
            with translated(self._url):
                self._client.xadd(self._key, told, maxlen=MOST_ENTRIES, approximate=False)
