"""What a language model is to the cascade, whichever runtime stands behind it."""

import collections.abc
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from typing_extensions import override


@dataclass(frozen=True, slots=True)
class Prompt:
    """What to generate from, and within which bounds. `deadline_s` counts from the call.

    `temperature` 0 takes the likeliest token each time; the same seed gives the same reply as far as the runtime can.
    """

    text: str
    max_tokens: int
    temperature: float
    deadline_s: float
    stop: tuple[str, ...] = ()
    seed: int | None = None


class Finish(Enum):
    """Why a reply ended: the model or a stop sequence ended it, or the token budget cut it."""

    STOP = "stop"
    LENGTH = "length"


@dataclass(frozen=True, slots=True)
class Usage:
    """How many tokens a call took. `is_counted` is False where the runtime did not say and they are estimated.

    `cut_tokens` of the prompt were left out of its middle since the context has no room for them.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    is_counted: bool = False
    cut_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Timings:
    """How long a call took, in milliseconds: to the first text, and as a whole."""

    first_text_ms: float = 0.0
    total_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Generated:
    """A model's reply, without white space around it; never empty. `model` says who replied, without secrets."""

    text: str
    model: str
    finish: Finish = Finish.STOP
    usage: Usage = Usage()
    timings: Timings = Timings()

    @property
    def is_complete(self) -> bool:
        """Return whether the token budget left the reply whole."""
        return self.finish is Finish.STOP


Pieces: TypeAlias = collections.abc.Generator[str, None, Generated]
"""What an adapter writes as a function that yields: the pieces of a reply as they come, and at its end the whole."""


class Reply(collections.abc.Iterator[str]):
    """A reply as it grows: an iterator of its pieces, which joined are exactly `Generated.text`.

    Reading raises the EngineError family. Leaving the `with` block, or `close`, stops the model, also in the middle.
    For one thread; the deadline cuts a reader who waits.
    """

    def __init__(self, pieces: Pieces) -> None:
        """Read from a generator that yields the pieces and returns the whole."""
        self._pieces = pieces
        self._whole: Generated | None = None

    @override
    def __next__(self) -> str:
        try:
            return next(self._pieces)
        except StopIteration as end:
            # A generator that has ended returns None when asked once more.
            self._whole = self._whole or end.value
            raise StopIteration from None

    def __enter__(self) -> Self:
        """Return the reply; nothing may have been sent yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Have the model stopped."""
        self.close()

    def close(self) -> None:
        """Have the model stopped and its connection closed; a reply that has ended stays readable as `whole`."""
        self._pieces.close()

    def whole(self) -> Generated:
        """Read what is left and return the whole reply. Raises ValueError if it was closed before its end."""
        for _ in self:
            pass
        if self._whole is None:
            message = "the reply was closed before its end; there is no whole of it"
            raise ValueError(message)
        return self._whole


class Generator(Protocol):
    """A language model. Calls raise EngineError's family, and nothing else that is expected.

    `str()` of it says what it is and where, without secrets.
    """

    @property
    def slots(self) -> int:
        """Return how many calls it takes at once, over all workers."""
        ...

    @property
    def context_tokens(self) -> int:
        """Return how many tokens a prompt and its reply may have together.

        Never raises: a server is asked once, briefly; of one that does not say, what the settings assume is returned.
        """
        ...

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text is to the model; an estimate (`estimate_tokens`) where it cannot be counted.

        Never raises. A server may be asked: count a whole prompt, not every fact of it.
        """
        ...

    def generate(self, prompt: Prompt) -> Generated:
        """Return the model's reply within the deadline."""
        ...

    def stream(self, prompt: Prompt) -> Reply:
        """Return the reply as it grows; its deadline counts from now. Whoever reads it must close it."""
        ...

    def close(self) -> None:
        """Release connections or memory; the generator cannot be used afterwards."""
        ...


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text is to a model of today, rather more than fewer, without asking one.

    A token for four ASCII characters, and for every two bytes of UTF-8 of any other: 1.5 for a Chinese character, two
    for an emoji.
    """
    ascii_chars = sum(character.isascii() for character in text)
    other_bytes = len(text.encode("utf-8", "surrogatepass")) - ascii_chars
    return -(-ascii_chars // 4) + -(-other_bytes // 2)
