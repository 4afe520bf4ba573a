"""An encoder of any family from `model.onnx`, run by onnxruntime on one thread."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kitbash.errors import EncoderError
from kitbash.models.encoder.folder import Folder
from kitbash.models.encoder.pooling import pooled, unit
from kitbash.models.encoder.tokens import EXTRA, Batch, Tokens

_IDS: Final = "input_ids"
_INPUTS: Final = frozenset({_IDS, "attention_mask", "token_type_ids"})
_OF_TOKENS: Final = 3
_OF_TEXTS: Final = 2
_QUIET: Final = 3
"""onnxruntime then logs errors alone, which it also raises."""

Floats = NDArray[np.float32]


class OnnxEncoder:
    """Encodes texts with a graph that gives token vectors, or text vectors, as its first output.

    Safe to share between threads; not across a fork.
    """

    def __init__(self, folder: Folder, *, threads: int = 1) -> None:
        """Open a graph. Raises EncoderError naming the file if it, or its library, cannot be used."""
        try:
            library: Any = import_module("onnxruntime")
        except ImportError as error:
            message = f"the package onnxruntime is missing, without which {folder.model} cannot be run: {EXTRA}"
            raise EncoderError(message) from error
        self.name = folder.name
        self.dimension = folder.config.hidden_size
        self._model = folder.model
        self._pooling = folder.pooling
        self._tokens = Tokens(folder.tokenizer, folder.max_tokens)
        options: Any = library.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _QUIET
        try:
            self._session: Any = library.InferenceSession(
                str(folder.model), sess_options=options, providers=["CPUExecutionProvider"]
            )
        # The runtime's errors have no common base but Exception.
        except Exception as error:
            message = f"{folder.model} cannot be run: {error}; fetch the encoder again: kitbash models pull"
            raise EncoderError(message) from error
        self._inputs = frozenset(str(it.name) for it in self._session.get_inputs())
        if _IDS not in self._inputs or not self._inputs <= _INPUTS:
            message = f"{folder.model} takes {', '.join(sorted(self._inputs))}; a sentence encoder takes {_IDS}, a mask"
            raise EncoderError(message)
        self.digest = folder.digest()

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return one unit vector a text. Raises EncoderError if the graph fails or gives something else."""
        found = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for batch in self._tokens.batches(texts):
            found[list(batch.places)] = self._vectors(batch)
        return found

    def _vectors(self, batch: Batch) -> Floats:
        given = {_IDS: batch.ids, "attention_mask": batch.mask, "token_type_ids": np.zeros_like(batch.ids)}
        try:
            results: Any = self._session.run(None, {name: given[name] for name in self._inputs})
        except Exception as error:
            message = f"{self._model} failed on {len(batch.ids)} texts: {error}"
            raise EncoderError(message) from error
        made = np.asarray(results[0], dtype=np.float32)
        if made.ndim == _OF_TOKENS and made.shape == (*batch.ids.shape, self.dimension):
            return pooled(made, batch.mask, self._pooling)
        if made.ndim == _OF_TEXTS and made.shape == (len(batch.ids), self.dimension):
            return unit(made)
        message = f"{self._model} gives {made.shape} for {batch.ids.shape} tokens; config.json says {self.dimension}"
        raise EncoderError(message)
