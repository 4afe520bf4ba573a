"""The grains that may answer, in this process: a table by question form, loaded anew when the blackboard says so."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from kitbash.blackboard.grains import Grains
from kitbash.cascade.grains import served
from kitbash.domain.grain import Grain
from kitbash.errors import BusError
from kitbash.observe import logs

RECHECK_S: Final = 0.5
"""How often a process that answers looks whether what is served changed."""

_log: Final = logs.logger(__name__)


class ServedGrains:
    """What may answer at a target precision, at most half a second old. Safe to share between threads."""

    def __init__(
        self, grains: Grains, target_precision: float, *, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        """Hold where grains are kept; nothing is asked of it before the first question."""
        self._grains = grains
        self._target_precision = target_precision
        self._clock_s = clock_s
        self._looked_s = float("-inf")
        self._version: int = -1
        self._table: Mapping[str, tuple[Grain, ...]] = {}

    def of(self, form: str) -> tuple[Grain, ...]:
        """Return the grains of a question form that may answer it; a dictionary's time but for one look in 0.5 s.

        Raises StoreUnavailable when the blackboard does not answer such a look.
        """
        if self._clock_s() - self._looked_s >= RECHECK_S:
            self._look()
        return self._table.get(form, ())

    def _look(self) -> None:
        now_s = self._clock_s()
        try:
            # The version first: what changes after it is seen with the next look.
            version = self._grains.version()
            if version != self._version:
                self._table = served(self._grains.crystallised(), self._target_precision)
        except BusError as error:
            # Something else wrote to the keys: nothing has earned an answer, and the other layers still know.
            _log.warning("grains.unreadable", why=str(error))
            version, self._table = -1, {}
        self._version, self._looked_s = version, now_s
