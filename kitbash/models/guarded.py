"""A generator behind a breaker: a model that keeps failing is left alone for a while, then tried with one call."""

from typing import Final

from kitbash.errors import EngineBusy, EngineError, EngineRejected, EngineTimeout, EngineUnavailable
from kitbash.models.breaker import Breaker
from kitbash.models.generator import Generated, Generator, Pieces, Prompt, Reply

FAILURES: Final = 4
COOLING_S: Final = 10.0
PATIENT_S: Final = 2.0
"""A model that had less time than this and did not begin to reply has not failed: it was not given the time.

Less than Layer 3 gives by default, so that one that stalls there is left alone too.
"""


def guarded(generator: Generator | None) -> "Guarded | None":
    """Return a generator behind a breaker of its own, or None for none."""
    return None if generator is None else Guarded(generator)


class Guarded:
    """The same generator, which raises EngineUnavailable at once while its breaker is open.

    Busy is no failure, and neither is a caller who leaves: both show that the model is there.
    """

    def __init__(self, inner: Generator, breaker: Breaker | None = None) -> None:
        """Let every call through at first."""
        self._inner = inner
        self._breaker = breaker or Breaker(failures=FAILURES, cooling_s=COOLING_S)

    def __str__(self) -> str:
        """Return what stands behind."""
        return str(self._inner)

    @property
    def slots(self) -> int:
        """Return how many calls it takes at once."""
        return self._inner.slots

    @property
    def context_tokens(self) -> int:
        """Return how many tokens a prompt and its reply may have together."""
        return self._inner.context_tokens

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text is to the model."""
        return self._inner.count_tokens(text)

    def generate(self, prompt: Prompt) -> Generated:
        """Return the model's reply within the deadline."""
        with self.stream(prompt) as reply:
            return reply.whole()

    def stream(self, prompt: Prompt) -> Reply:
        """Return the reply as it grows; whether the model may be asked is seen when it is first read."""
        return Reply(self._pieces(prompt))

    def close(self) -> None:
        """Close what stands behind."""
        self._inner.close()

    def _pieces(self, prompt: Prompt) -> Pieces:
        if not self._breaker.allows():
            message = f"{self._inner} kept failing and is left alone for up to {COOLING_S:.0f} s"
            raise EngineUnavailable(message)
        has_begun = False
        try:
            with self._inner.stream(prompt) as reply:
                for piece in reply:
                    has_begun = True
                    yield piece
                whole = reply.whole()
        except (EngineBusy, GeneratorExit):
            self._breaker.succeeded()
            raise
        except EngineTimeout:
            self._note(has_failed=not has_begun and prompt.deadline_s >= PATIENT_S)
            raise
        except EngineRejected:
            # A wrong key stays wrong: saying so each time costs little, and hides nothing.
            self._breaker.succeeded()
            raise
        except EngineError:
            self._breaker.failed()
            raise
        self._breaker.succeeded()
        return whole

    def _note(self, *, has_failed: bool) -> None:
        if has_failed:
            self._breaker.failed()
        else:
            self._breaker.succeeded()
