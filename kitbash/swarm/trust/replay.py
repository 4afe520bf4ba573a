"""Admission: a packet passes once, and only near the time at which it was dispatched, by the server's clock."""

import hashlib
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, Final

from redis.exceptions import NoScriptError

from kitbash.blackboard.connection import translated
from kitbash.blackboard.scripts import AnyRedis
from kitbash.swarm import scripts
from kitbash.swarm.errors import Occupied
from kitbash.swarm.packet import Packet
from kitbash.swarm.scripts import Verb
from kitbash.swarm.sealing import Standing
from kitbash.swarm.trust.judge import milliseconds
from kitbash.swarm.trust.keys import TrustKeys

WINDOW_MS: Final = 300_000
MOST_NONCES: Final = 200_000
"""About 20 MB in Redis. More at once close the time before them: nothing old passes, rather than anything twice."""


class AdmitCode(IntEnum):
    """What came of asking for admission; mirrors `lua/swarm/admit.lua`."""

    ADMITTED = 1
    REPLAYED = 0
    TOO_OLD = -1
    AHEAD = -2
    WRONG_TYPE = -3


class Admission:
    """The nonces that passed, kept in Redis for as long as their packets could pass. Safe to share between threads."""

    def __init__(
        self,
        client: AnyRedis,
        url: str,
        keys: TrustKeys,
        *,
        window_ms: int = WINDOW_MS,
        most: int = MOST_NONCES,
    ) -> None:
        """Use a client, which stays its owner's to close; `url` is for messages. Nothing is sent yet."""
        self.window_ms = window_ms
        self._url = url
        self._keys = keys
        self._most = most
        # The stubs of redis-py know replies only by half.
        self._client: Any = client

    def admit(self, packet: Packet) -> tuple[Standing, str]:
        """Return VALID if the packet passes, which it then never does again; else why it does not. One step.

        Raises StoreUnavailable without the server, Occupied if a key there is of another type.
        """
        dispatched_ms = milliseconds(packet.dispatched_at)
        with translated(self._url):
            reply = self._asked(nonce(packet), dispatched_ms)
        code, server_ms = AdmitCode(int(reply[0])), int(reply[1])
        if code is AdmitCode.WRONG_TYPE:
            message = f"{self._keys.seen} or {self._keys.floor} is not of its type; delete it, then send again"
            raise Occupied(message)
        if code is AdmitCode.REPLAYED:
            return Standing.REPLAYED, "a packet of this tracking id passed before; send a new packet"
        if code is AdmitCode.ADMITTED:
            return Standing.VALID, ""
        return Standing.OUTSIDE_WINDOW, self._why(packet, dispatched_ms, server_ms)

    def _asked(self, its_nonce: str, dispatched_ms: int) -> Any:
        sent = (2, self._keys.seen, self._keys.floor, its_nonce, dispatched_ms, self.window_ms, self._most)
        try:
            return self._client.evalsha(scripts.digest(Verb.ADMIT), *sent)
        except NoScriptError:
            return self._client.eval(scripts.source(Verb.ADMIT), *sent)

    def _why(self, packet: Packet, dispatched_ms: int, server_ms: int) -> str:
        off_s = (dispatched_ms - server_ms) / 1000
        server = datetime.fromtimestamp(server_ms / 1000, UTC).isoformat(timespec="seconds")
        way = "after" if off_s > 0 else "before"
        return (
            f"it is dispatched {abs(off_s):.0f} s {way} the server's time, {server}, and {self.window_ms / 1000:g} s "
            f"are allowed: the clock of {packet.origin!r} is wrong, or an old packet was sent again"
        )


def nonce(packet: Packet) -> str:
    """Return what is remembered of a packet that passed: a digest of its origin and tracking id, 32 hex digits."""
    return hashlib.sha256(f"{packet.tracking_id}\0{packet.origin}".encode()).hexdigest()[:32]
