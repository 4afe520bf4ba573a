"""A reply told while it grows: the first piece at once, the others in batches, never more than anybody reads."""

import time
from collections.abc import Callable
from typing import Final

from kitbash.cascade.reply import MAX_CHARS, Growing

EVERY_S: Final = 0.05
BATCH_CHARS: Final = 200

Say = Callable[[str], bool]
"""Tells a piece of plain text; returns False when nobody wants to hear more, since the query is over."""


class Telling:
    """Batches the pieces of one reply. What a terminal might obey is taken out before anything is told."""

    def __init__(self, say: Say, clock: Callable[[], float] = time.monotonic) -> None:
        """Have told nothing; `clock` is in seconds and never goes back."""
        self._say = say
        self._clock = clock
        self._growing = Growing()
        self._waiting = ""
        self._told_chars = 0
        self._told_s = -EVERY_S

    def piece(self, text: str) -> bool:
        """Take a piece, and tell what has come if it is time; return whether more is wanted."""
        self._waiting += self._growing.grow(text)
        is_due = self._clock() - self._told_s >= EVERY_S or len(self._waiting) >= BATCH_CHARS
        return self._tell() if self._waiting and is_due else True

    def is_wanted(self) -> bool:
        """Return whether anybody still wants to hear; nothing is told."""
        return self._say("")

    def end(self) -> None:
        """Tell what is left."""
        self._waiting += self._growing.rest()
        if self._waiting:
            self._tell()

    def _tell(self) -> bool:
        text, self._waiting = self._waiting[: max(0, MAX_CHARS - self._told_chars)], ""
        self._told_s = self._clock()
        self._told_chars += len(text)
        # Beyond the bound nothing is told, and the reply still ends as it will.
        return self._say(text) if text else True
