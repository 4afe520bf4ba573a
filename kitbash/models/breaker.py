"""A circuit breaker: a server that keeps failing is left alone for a while, then tried with one call."""

import threading
import time
from collections.abc import Callable
from enum import Enum

from kitbash.errors import ConfigError


class State(Enum):
    """What a breaker lets through: everything, nothing, or one probe."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half open"


class Breaker:
    """Opens after so many failures in a row, and closes with a success. Safe to share between threads.

    Whoever calls asks `allows` first and tells afterwards what came of it, with `succeeded` or `failed`.
    """

    def __init__(self, failures: int, cooling_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Be closed; `clock` is in seconds and never goes back. Raises ConfigError if it could not open, or cool."""
        if failures < 1 or not 0 < cooling_s < float("inf"):
            message = f"a breaker needs 1 failure or more and a time to cool, not {failures} and {cooling_s} s"
            raise ConfigError(message)
        self._most = failures
        self._cooling_s = cooling_s
        self._clock = clock
        self._lock = threading.Lock()
        self._state = State.CLOSED
        self._failures = 0
        self._cools_until_s = 0.0

    @property
    def state(self) -> State:
        """Return the state; an open breaker that has cooled stays open until somebody asks for the probe."""
        with self._lock:
            return self._state

    def allows(self) -> bool:
        """Return whether the caller may make a call. Of many who ask a breaker that has cooled, one may: the probe.

        A probe nobody tells the end of, since its caller died, is given up after another time to cool.
        """
        with self._lock:
            if self._state is State.CLOSED:
                return True
            now_s = self._clock()
            if now_s < self._cools_until_s:
                return False
            self._state, self._cools_until_s = State.HALF_OPEN, now_s + self._cooling_s
            return True

    def succeeded(self) -> None:
        """Have the breaker closed and the failures forgotten; a late success of an earlier call counts as well."""
        with self._lock:
            self._state, self._failures = State.CLOSED, 0

    def failed(self) -> bool:
        """Count a failure; return whether it opened the breaker after it was closed, which is worth telling once.

        A failed probe opens it again for the whole time to cool. A late failure of a call that began before it opened
        does not keep it open longer.
        """
        with self._lock:
            if self._state is State.OPEN:
                return False
            was_closed, self._failures = self._state is State.CLOSED, self._failures + 1
            if self._failures < self._most:
                return False
            self._state, self._cools_until_s = State.OPEN, self._clock() + self._cooling_s
            return was_closed
