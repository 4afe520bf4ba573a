"""The network that ships, opened when the first question is read.

A process reads its first questions without numpy, whose import would cost `kitbash ask` more than all the rest of
Layer 1; one that goes on reading, a worker, imports it then.
"""

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kitbash import assets
from kitbash.domain.impression import Impression
from kitbash.errors import KitbashError, NetworkError
from kitbash.models.triage_network import TriageNetwork
from kitbash.observe import logs

if TYPE_CHECKING:
    from kitbash.models.ternary.network import Network
    from kitbash.models.ternary.parts import Parts

NAME: Final = "config/triage.bin"
FIRST: Final = 8
"""How many questions a process reads before it imports numpy for them."""
_LOG: Final = logs.logger(__name__)


def load(path: Path | None = None) -> "Network":
    """Return the network in a file, the shipped one by default. Raises NetworkError saying what is wrong."""
    try:
        # Imported here: an answer at Layer 0 does not wait for numpy.
        from kitbash.models.ternary import file  # noqa: PLC0415

        return file.load(path or assets.path(NAME))
    except (ImportError, KitbashError) as error:
        raise NetworkError(str(error)) from error


class ShippedNetwork:
    """Reads questions with the network in a file, or says once in the log why it cannot, and then reads none."""

    def __init__(self, path: Path | None = None) -> None:
        """Hold where the network is; nothing is opened yet."""
        self._path = path
        self._parts: Parts | None = None
        self._network: TriageNetwork | None = None
        self._read = 0
        self._lock = threading.Lock()

    def read(self, question: str) -> Impression | None:
        """Return what the network makes of a question, or None without one; safe in threads."""
        if self._read <= FIRST:
            with self._lock:
                self._read += 1
                self._open()
        return None if self._network is None else self._network.read(question)

    def _open(self) -> None:
        try:
            if self._read == 1:
                self._open_plain()
            if self._parts is not None and (self._read > FIRST or "numpy" in sys.modules):
                from kitbash.models.ternary import file  # noqa: PLC0415 - see above

                self._network, self._parts = file.network_of(self._parts), None
        except (ImportError, KitbashError) as error:
            # Without numpy a network that is open goes on as it is, more slowly.
            instead = "rules" if self._network is None else "plain arithmetic"
            _LOG.warning("triage.network_unusable", error=str(error), instead=instead)

    def _open_plain(self) -> None:
        # Imported here: an answer at Layer 0 reads no file.
        from kitbash.models.ternary import parts, plain  # noqa: PLC0415

        self._parts = parts.load(self._path or assets.path(NAME))
        self._network = plain.PlainNetwork(self._parts)
