"""What remembers a user's questions, on Redis: one script a visit, by the server's clock."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final

from kitbash.blackboard import keys
from kitbash.blackboard.connection import translated
from kitbash.blackboard.scripts import AnyRedis, Scripts
from kitbash.domain import context
from kitbash.domain.context import Saliences, Snapshot, Window, Windows
from kitbash.domain.level import Level
from kitbash.observe import logs

MOST_TYPES: Final = 32
"""How many query types are remembered for one user; a new one beyond them takes the place of the longest unvisited."""

_log: Final = logs.logger(__name__)


class VisitCode(IntEnum):
    """What came of a visit; mirrors `lua/visit.lua`."""

    REMEMBERED = 1
    NOTHING = 0
    DAMAGED = -1
    NO_HASH = -2


class RedisContext:
    """A `TemporalContext` on a Redis or Valkey server, or a cluster of them. Safe to share between threads.

    What cannot be read is no error but nothing remembered, with a warning in the log. Calls raise StoreUnavailable when
    the server does not answer.
    """

    def __init__(self, client: AnyRedis, url: str, ttl_s: int, *, most_types: int = MOST_TYPES) -> None:
        """Use a client, which stays its owner's to close; `url` is for messages. A user is kept `ttl_s` from a visit.

        Nothing is sent yet.
        """
        # The stubs of redis-py know replies only by half.
        self._client: Any = client
        self._url = url
        self._ttl_s = ttl_s
        self._most_types = most_types
        self._script = Scripts.on(client).visit

    def visit(self, user: str, query_type: str, shares: Saliences) -> Snapshot | None:
        """Return what was remembered before this visit, decayed to now, and have the visit added, in one step."""
        return self._call(user, query_type, shares, "visit")

    def look(self, user: str, query_type: str) -> Snapshot | None:
        """Return what is remembered, decayed to now; nothing is added and nothing lives longer for it."""
        return self._call(user, query_type, {}, "look")

    def forget(self, user: str) -> None:
        """Have everything of one user dropped."""
        with translated(self._url):
            self._client.delete(keys.context(user))

    def _call(self, user: str, query_type: str, shares: Saliences, mode: str) -> Snapshot | None:
        key, given = keys.context(user), context.checked(query_type, shares)
        with translated(self._url):
            reply: Any = self._script(
                keys=[key], args=[query_type, *given.values(), self._ttl_s, mode, self._most_types]
            )
        code = VisitCode(reply[0])
        if code is VisitCode.REMEMBERED:
            return snapshot(query_type, reply)
        if code is not VisitCode.NOTHING:
            _log.warning("context.unreadable", key=key, why=code.name.lower(), mode=mode)
        return None


def snapshot(query_type: str, reply: Sequence[str]) -> Snapshot:
    """Return the script's reply for a type that is remembered as a snapshot."""
    _, elapsed_ms, visits, *numbers = reply
    return context.snapshot(query_type, _windows(numbers), elapsed_s=float(elapsed_ms) / 1000, visits=int(visits))


def _windows(numbers: Sequence[str]) -> Windows:
    flat = iter(numbers)
    return {window: {level: float(next(flat)) for level in Level} for window in Window}
