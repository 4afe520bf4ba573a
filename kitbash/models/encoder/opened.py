"""The encoder that is set, opened when it is first needed: numpy and the runtimes are imported then and not before."""

import os
import threading
from pathlib import Path
from typing import Final

from kitbash.domain.encoder import Encoder
from kitbash.errors import EncoderError
from kitbash.observe import logs

_LOG: Final = logs.logger(__name__)


def load(path: Path) -> Encoder:
    """Return the encoder in a folder; reads all of it. Raises EncoderError naming what is wrong and what to do."""
    # Imported here: what is never asked for by meaning waits for neither numpy nor a runtime.
    from kitbash.models.encoder import folder  # noqa: PLC0415

    found = folder.look(path)
    if found.model.name == folder.SAFETENSORS:
        from kitbash.models.encoder.safetensors_encoder import SafetensorsEncoder  # noqa: PLC0415

        return SafetensorsEncoder(found)
    from kitbash.models.encoder.onnx_encoder import OnnxEncoder  # noqa: PLC0415

    return OnnxEncoder(found)


class OpenedEncoder:
    """Opens the encoder in a folder once a process; where it cannot, says so once in the log and gives none."""

    def __init__(self, path: Path) -> None:
        """Hold where the encoder is; nothing is read yet."""
        self._path = path
        self._lock = threading.Lock()
        self._opened: Encoder | None = None
        self._tried_in = 0

    def open(self) -> Encoder | None:
        """Return the encoder, or None if it cannot be used; safe in threads, opened anew in a forked child."""
        pid = os.getpid()
        if self._tried_in != pid:
            with self._lock:
                if self._tried_in != pid:
                    self._open()
                    self._tried_in = pid
        return self._opened

    def _open(self) -> None:
        try:
            self._opened = load(self._path)
        except EncoderError as error:
            self._opened = None
            _LOG.warning("encoder.unusable", error=str(error), instead="words alone")
