"""Asking a model within a deadline: waiting while it is busy, telling its reply as it grows, stopping it when nobody waits.

The stream is closed however this ends, which is what stops a model server.
"""

import time
from dataclasses import replace
from typing import Final

from kitbash.cascade.telling import Telling
from kitbash.errors import EngineBusy
from kitbash.models.generator import Generated, Generator, Prompt

_LEAST_PAUSE_S: Final = 0.02
_MOST_PAUSE_S: Final = 2.0


def ask(generator: Generator, prompt: Prompt, *, ends_s: float, telling: Telling) -> Generated | None:
    """Return the model's reply, or None if nobody wants it any more. `ends_s` is by the monotonic clock.

    A busy model is asked again when it said, or earlier where there is less time left, up to the end. Raises the
    EngineError family; EngineBusy only when it was busy to the end.
    """
    while True:
        try:
            return _streamed(generator, replace(prompt, deadline_s=ends_s - time.monotonic()), telling)
        except EngineBusy as busy:
            left_s = ends_s - time.monotonic()
            pause_s = max(_LEAST_PAUSE_S, min(busy.retry_after_s, left_s / 2, _MOST_PAUSE_S))
            if pause_s >= left_s:
                raise
            time.sleep(pause_s)
            if not telling.is_wanted():
                return None


def _streamed(generator: Generator, prompt: Prompt, telling: Telling) -> Generated | None:
    with generator.stream(prompt) as reply:
        for piece in reply:
            if not telling.piece(piece):
                return None
        telling.end()
        return reply.whole()
