"""A BERT-family encoder from `model.safetensors`, run by numpy."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kitbash.errors import EncoderError
from kitbash.models.encoder.bert import Bert
from kitbash.models.encoder.folder import Folder
from kitbash.models.encoder.pooling import pooled
from kitbash.models.encoder.tokens import EXTRA, Tokens

_KINDS: Final = ("F32", "F16")
Floats = NDArray[np.float32]


class SafetensorsEncoder:
    """Encodes texts with weights in safetensors. Safe to share between threads; not across a fork."""

    def __init__(self, folder: Folder) -> None:
        """Read all weights. Raises EncoderError naming the file, and the tensor that is not what it should be."""
        config = folder.config
        fit = (config.model_type, config.hidden_act, config.position_embedding_type) == ("bert", "gelu", "absolute")
        if not fit or config.hidden_size % config.num_attention_heads:
            message = (
                f"{folder.path} is a {config.model_type!r} model ({config.hidden_act}, "
                f"{config.position_embedding_type} positions), and safetensors are read for the BERT family with gelu "
                f"and absolute positions only; put the encoder's model.onnx there instead"
            )
            raise EncoderError(message)
        self.name = folder.name
        self.dimension = config.hidden_size
        self._pooling = folder.pooling
        self._tokens = Tokens(folder.tokenizer, folder.max_tokens)
        if self._tokens.size() > config.vocab_size:
            message = f"{folder.tokenizer} has {self._tokens.size()} tokens, the model {config.vocab_size}: not a pair"
            raise EncoderError(message)
        self._bert = _weights(folder)
        self.digest = folder.digest()

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return one unit vector a text."""
        found = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for batch in self._tokens.batches(texts):
            found[list(batch.places)] = pooled(self._bert.tokens(batch.ids, batch.mask), batch.mask, self._pooling)
        return found


def _weights(folder: Folder) -> Bert:
    try:
        import safetensors  # noqa: PLC0415 - an extra
    except ImportError as error:
        message = f"the package safetensors is missing, without which {folder.model} cannot be read: {EXTRA}"
        raise EncoderError(message) from error
    library: Any = safetensors
    try:
        with library.safe_open(str(folder.model), framework="numpy") as file:
            held = frozenset(map(str, file.keys()))

            def tensor(name: str, shape: tuple[int, ...]) -> Floats:
                stored = name if name in held else f"bert.{name}"
                if stored not in held:
                    message = f"{folder.model} has no tensor {name}; it is not the model that config.json describes"
                    raise EncoderError(message)
                about: Any = file.get_slice(stored)
                is_shape = [int(it) for it in about.get_shape()]
                if len(is_shape) != len(shape) or any(w not in {-1, n} for w, n in zip(shape, is_shape, strict=True)):
                    message = f"{folder.model}: {name} is {is_shape}, and config.json says {list(shape)}"
                    raise EncoderError(message)
                if about.get_dtype() not in _KINDS:
                    message = f"{folder.model}: {name} is {about.get_dtype()}; convert the weights to F32 or F16"
                    raise EncoderError(message)
                read: Any = file.get_tensor(stored)
                return np.asarray(read, dtype=np.float32)

            return Bert(folder.config, tensor)
    except (OSError, ValueError, library.SafetensorError) as error:
        message = f"{folder.model} cannot be read: {error}; fetch the encoder again: kitbash models pull"
        raise EncoderError(message) from error
