"""Texts as token ids, in batches of like length so that little is padded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kitbash.errors import EncoderError

EXTRA: Final = "pip install 'kitbash[encoder]'"
_BATCH: Final = 16

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some texts: which of those given, their ids padded with 0, and 1 where a token is; both (texts, tokens)."""

    places: tuple[int, ...]
    ids: Ids
    mask: Ids


class Tokens:
    """A `tokenizer.json` that is open. Safe to share between threads."""

    def __init__(self, path: Path, max_tokens: int) -> None:
        """Open a tokenizer that cuts texts at `max_tokens`. Raises EncoderError if it cannot be used."""
        try:
            import tokenizers  # noqa: PLC0415 - an extra
        except ImportError as error:
            message = f"the package tokenizers is missing, without which {path} cannot be read: {EXTRA}"
            raise EncoderError(message) from error
        library: Any = tokenizers
        try:
            self._tokenizer: Any = library.Tokenizer.from_file(str(path))
            self._tokenizer.no_padding()
            self._tokenizer.enable_truncation(max_length=max_tokens)
        except BaseException as error:
            # The library panics, which is a BaseException of its own, or raises a bare Exception.
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            message = f"{path} is no tokenizer that can be read: {error}; fetch the encoder again: kitbash models pull"
            raise EncoderError(message) from error

    def size(self) -> int:
        """Return how many different ids there are."""
        return int(self._tokenizer.get_vocab_size())

    def batches(self, texts: Sequence[str]) -> Iterator[Batch]:
        """Yield the texts in batches, the shortest first; a text without a token gets id 0."""
        rows: list[list[int]] = [list(it.ids) or [0] for it in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
        for start in range(0, len(order), _BATCH):
            places = tuple(order[start : start + _BATCH])
            longest = len(rows[places[-1]])
            ids = np.zeros((len(places), longest), dtype=np.int64)
            mask = np.zeros((len(places), longest), dtype=np.int64)
            for row, place in enumerate(places):
                ids[row, : len(rows[place])] = rows[place]
                mask[row, : len(rows[place])] = 1
            yield Batch(places, ids, mask)
