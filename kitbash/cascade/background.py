"""Archiving beside the asking: a thread that takes ended queries away when the caller pauses."""

import threading
import time
from collections.abc import Callable
from typing import Final

QUIET_S: Final = 0.3
"""How long nothing must be asked before a round begins, so that it takes no time from a caller who is busy."""
LONGEST_S: Final = 10.0
"""How long a caller who never pauses puts a round off."""
JOIN_S: Final = 5.0


class Background:
    """Runs rounds in a thread of its own, begun with the first nudge. Not to be carried across a fork."""

    def __init__(self, round_: Callable[[], object]) -> None:
        """Hold what a round does; it must raise nothing."""
        self._round = round_
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._nudged_s = 0.0
        self._thread: threading.Thread | None = None

    def nudge(self) -> None:
        """Have a round begin at the next pause, or after `LONGEST_S` seconds."""
        self._nudged_s = time.monotonic()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="kitbash-archive", daemon=True)
            self._thread.start()
        self._wanted.set()

    @property
    def was_nudged(self) -> bool:
        """Return whether there was anything to do since it was made."""
        return self._thread is not None

    def stop(self) -> None:
        """Have the thread ended, after the round it is at."""
        self._stopping.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join(JOIN_S)

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            begun_s = time.monotonic()
            while not self._stopping.is_set() and time.monotonic() < min(self._nudged_s + QUIET_S, begun_s + LONGEST_S):
                self._stopping.wait(QUIET_S)
            if self._stopping.is_set():
                return
            self._wanted.clear()
            self._round()
