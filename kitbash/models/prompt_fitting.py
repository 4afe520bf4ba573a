"""A prompt measured in tokens and cut to a model's context.

A library that gets more than fits goes on without a word and makes garbage of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kitbash.models.generator import estimate_tokens

_MOST_BYTES_A_TOKEN: Final = 16
"""More text than this a token of the context is cut before it is measured: measuring takes time too."""
_HEAD: Final = 3
"""A third of what fits is kept of the beginning, which instructs; the rest of the end, which asks."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A prompt's tokens, room left for the reply, and how many tokens were left out, of long texts about."""

    tokens: list[int]
    max_tokens: int
    cut_tokens: int


def fit(text: str, tokenise: Callable[[bytes], list[int]], *, context_tokens: int, max_tokens: int) -> Fitted:
    """Return a prompt that fits into the context beside its reply, which may take half of it at most.

    What is left out comes from the middle. NUL, where native code ends a text, becomes a space.
    """
    reply_tokens = min(max_tokens, context_tokens // 2)
    room = context_tokens - reply_tokens
    data = text.replace("\0", " ").encode("utf-8", "replace")
    most_bytes = room * _MOST_BYTES_A_TOKEN
    cut_tokens = 0
    if len(data) > most_bytes:
        head = most_bytes // _HEAD
        left_out = data[head : len(data) - (most_bytes - head)]
        cut_tokens = estimate_tokens(left_out.decode("utf-8", "replace"))
        # Characters that were cut through are left out as a whole.
        data = _whole(data[:head]) + _whole(data[len(data) - (most_bytes - head) :])
    tokens = tokenise(data)
    if len(tokens) > room:
        head = room // _HEAD
        cut_tokens += len(tokens) - room
        tokens = tokens[:head] + tokens[len(tokens) - (room - head) :]
    return Fitted(tokens, reply_tokens, cut_tokens)


def _whole(data: bytes) -> bytes:
    return data.decode("utf-8", "ignore").encode()
