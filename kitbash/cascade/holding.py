"""Holding a stage and a slot of its lane while a model thinks, for as long as the holder lives and the query is open.

Leases are short and renewed by a thread: when a worker dies, its stage and its slot are free again within seconds,
however long a model may take.
"""

import threading
import time
from types import TracebackType
from typing import Final, Self

from kitbash.blackboard.board import Blackboard, OpenQuery, SayCode
from kitbash.domain.ids import new_token
from kitbash.domain.layer import Stage
from kitbash.errors import StoreUnavailable
from kitbash.observe import logs

LEASE_MS: Final = 8000
RENEW_S: Final = 2.0
_FIRST_POLL_S: Final = 0.02
_LAST_POLL_S: Final = 0.25
_SLOWER: Final = 1.5

_log: Final = logs.logger(__name__)


class Holding:
    """One delivery's hold on a stage, and on a slot once it is taken. Leaving gives the slot back."""

    def __init__(self, board: Blackboard, query: OpenQuery, stage: Stage, *, slots: int, lease_ms: int) -> None:
        """Prepare; nothing is renewed yet."""
        self._board = board
        self._query = query
        self._stage = stage
        self._slots = slots
        self._lease_ms = min(lease_ms, LEASE_MS)
        self._token = new_token()
        self._has_slot = False
        self._left = threading.Event()
        self._is_over = False
        self._renewing = threading.Thread(target=self._renew, name="holding", daemon=True)

    def __enter__(self) -> Self:
        """Begin to renew."""
        self._renewing.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop renewing, then give the slot back."""
        self._left.set()
        self._renewing.join()
        if self._has_slot:
            self._board.release_slot(self._stage.queue, token=self._token)

    @property
    def is_over(self) -> bool:
        """Return whether the query has ended, or another delivery has its stage, as far as is known here."""
        return self._is_over

    def take_slot(self, until_s: float) -> bool:
        """Return whether a slot was got before a time of the monotonic clock; not when the query ends before."""
        pause_s = _FIRST_POLL_S
        while not self._acquire():
            if self._is_over or time.monotonic() + pause_s >= until_s:
                return False
            time.sleep(pause_s)
            pause_s = min(pause_s * _SLOWER, _LAST_POLL_S)
        self._has_slot = True
        return True

    def say(self, text: str) -> bool:
        """Tell a piece of a reply; return whether more is wanted."""
        code = self._board.say(
            self._query.query_id,
            self._stage.value,
            token=self._query.token,
            text=text,
            lease_ms=self._lease_ms,
        )
        self._is_over = self._is_over or code is not SayCode.SAID
        return not self._is_over

    def _acquire(self) -> bool:
        return self._board.acquire_slot(
            self._stage.queue, token=self._token, lease_ms=self._lease_ms, slots=self._slots
        )

    def _renew(self) -> None:
        while not self._left.wait(RENEW_S):
            try:
                if not self.say(""):
                    return
                if self._has_slot:
                    self._acquire()
            except StoreUnavailable as error:
                # The lease outlives a few of these; whoever waits for the model sees the rest.
                _log.warning("stage.not_held", query_id=self._query.query_id, reason=str(error))
