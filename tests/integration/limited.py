"""A KoboldCpp server that takes so many calls at once and lets so many wait, as the original does; others are busy."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.integration.kobold_server import BUSY, STREAM_HEAD, Call, answer, event

_BUSY: Final = answer("503 Service Unavailable", BUSY)


@dataclass
class Limited:
    """The behaviour; `served` and `refused` count calls, `most` is how many were served at the same time."""

    tokens: Sequence[str]
    waiting: int = 6
    every_s: float = 0.0
    served: int = 0
    refused: int = 0
    most: int = 0
    _inside: int = 0
    _running: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, call: Call) -> None:
        with self._lock:
            is_full = self._inside > self.waiting
            self.refused += is_full
            self._inside += not is_full
        if is_full:
            _BUSY(call)
            return
        try:
            with self._turn:
                self._reply(call)
        finally:
            with self._lock:
                self._inside -= 1

    def _reply(self, call: Call) -> None:
        self._running += 1
        self.most = max(self.most, self._running)
        try:
            call.send(STREAM_HEAD)
            for token in self.tokens:
                if self.every_s:
                    time.sleep(self.every_s)
                call.send(event(token))
            call.send(event("", "stop"))
            self.served += 1
        finally:
            self._running -= 1
