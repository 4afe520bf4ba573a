"""The network that ships, opened when the first question is read: numpy is imported then and not before."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kitbash import assets
from kitbash.domain.impression import Impression
from kitbash.errors import KitbashError, NetworkError
from kitbash.observe import logs

if TYPE_CHECKING:
    from kitbash.models.ternary.network import Network

NAME: Final = "config/triage.bin"
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
        self._network: Network | None = None
        self._is_tried = False
        self._lock = threading.Lock()

    def read(self, question: str) -> Impression | None:
        """Return what the network makes of a question, or None without one; safe in threads."""
        if not self._is_tried:
            with self._lock:
                if not self._is_tried:
                    self._open()
        return None if self._network is None else self._network.read(question)

    def _open(self) -> None:
        try:
            self._network = load(self._path)
        except NetworkError as error:
            _LOG.warning("triage.network_unusable", error=str(error), instead="rules")
        self._is_tried = True
