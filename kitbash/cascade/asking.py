"""Asking a model within a deadline: waiting while it is busy, telling its reply as it grows.

The stream is closed however this ends, which is what stops a model server.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from kitbash.cascade.telling import Say, Telling
from kitbash.errors import EngineBusy, EngineError
from kitbash.models.generator import Generated, Generator, Prompt

OVER: Final = "the query ended while the model replied"
BUSY: Final = "the model was busy until the time ran out"
LATE: Final = "no time is left to ask the model"
_LEAST_PAUSE_S: Final = 0.02
_MOST_PAUSE_S: Final = 2.0


def reply_or_reason(
    generator: Generator, prompt: Prompt, *, take_slot: Callable[[], bool], say: Say
) -> Generated | str:
    """Return the model's reply, or why there is none.

    The prompt's deadline counts from now, the wait for a slot included. `take_slot` waits for the model to be free, and
    says if it is; `say` is told the reply while it grows, and says whether more is wanted.
    """
    if prompt.deadline_s <= 0:
        return LATE
    ends_s = time.monotonic() + prompt.deadline_s
    if not take_slot() or time.monotonic() >= ends_s:
        return BUSY
    try:
        return _asked(generator, prompt, ends_s, Telling(say)) or OVER
    except EngineBusy as error:
        return f"{BUSY}: {error}"
    except EngineError as error:
        return f"{type(error).__name__}: {error}"


def _asked(generator: Generator, prompt: Prompt, ends_s: float, telling: Telling) -> Generated | None:
    """Return the reply, or None if nobody wants it any more.

    A busy model is asked again when it said, or earlier where there is less time left. Raises EngineBusy only when it
    was busy to the end.
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
