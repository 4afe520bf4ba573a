"""A reply in the making: what of it may be shown already, and the whole at its end."""

import time
from typing import Final

from kitbash.errors import EngineBadReply
from kitbash.models.generator import Finish, Generated, Prompt, Timings, Usage, estimate_tokens

_MS: Final = 1000.0


class Draft:
    """Collects a model's text and lets out what is certain.

    White space around the reply is never let out, nor is a stop sequence, nor what may become one with what follows.
    """

    def __init__(self, prompt: Prompt, model: str) -> None:
        """Begin now; `model` is what the reply says it comes from."""
        self._prompt = prompt
        self._model = model
        self._began_s = time.monotonic()
        self._first_ms = 0.0
        self._shown: list[str] = []
        self._held = ""
        self._pieces = 0
        self.is_stopped = False
        """whether a stop sequence has come: nothing more is wanted of the model"""

    def add(self, text: str) -> str:
        """Return what may be shown now that the model has said more; often nothing."""
        if not text or self.is_stopped:
            return ""
        self._pieces += 1
        # JSON may carry half a character, which no UTF-8 can.
        self._held += text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        found = [at for at in (self._held.find(mark) for mark in self._prompt.stop if mark) if at >= 0]
        if found:
            self.is_stopped = True
            self._held = self._held[: min(found)]
        return self._let_out(len(self._held) - self._open_end())

    def rest(self) -> str:
        """Return what may be shown now that the model has ended."""
        return self._let_out(len(self._held))

    def finished(self, finish: Finish, usage: Usage | None = None) -> Generated:
        """Return the whole reply; `rest` has been called. Without usage it is estimated.

        Raises EngineBadReply if there is no text.
        """
        text = "".join(self._shown)
        if not text:
            message = f"{self._model} returned no text"
            raise EngineBadReply(message)
        if usage is None:
            usage = Usage(estimate_tokens(self._prompt.text), self._pieces)
        timings = Timings(round(self._first_ms, 3), round((time.monotonic() - self._began_s) * _MS, 3))
        return Generated(text, self._model, Finish.STOP if self.is_stopped else finish, usage, timings)

    def _open_end(self) -> int:
        """Return the length of the longest end of what is held that a stop sequence begins with."""
        if self.is_stopped:
            return 0
        longest = 0
        for mark in self._prompt.stop:
            for length in range(min(len(mark) - 1, len(self._held)), longest, -1):
                if self._held.endswith(mark[:length]):
                    longest = length
                    break
        return longest

    def _let_out(self, length: int) -> str:
        out = self._held[:length].rstrip()
        self._held = self._held[len(out) :]
        if not self._shown:
            out = out.lstrip()
            if out:
                self._first_ms = (time.monotonic() - self._began_s) * _MS
        if out:
            self._shown.append(out)
        return out
