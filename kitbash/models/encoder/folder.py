"""An encoder's folder, as the Hugging Face hub lays it out: which files it has, checked before any is read.

Needed are `config.json`, `tokenizer.json` and a model: `model.onnx`, `onnx/model.onnx` or `model.safetensors`,
the first there is. `1_Pooling/config.json` says how token vectors become one; without it they are averaged.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kitbash.errors import EncoderError
from kitbash.models.encoder.pooling import Pooling

CONFIG: Final = "config.json"
TOKENIZER: Final = "tokenizer.json"
POOLING: Final = "1_Pooling/config.json"
ONNX: Final = ("model.onnx", "onnx/model.onnx")
SAFETENSORS: Final = "model.safetensors"
MAX_CONFIG_BYTES: Final = 1_000_000
MAX_TOKENIZER_BYTES: Final = 64_000_000
MAX_MODEL_BYTES: Final = 2_000_000_000
MAX_TOKENS: Final = 256
"""Texts are cut there: sentences are shorter, and the cost grows with the square."""
_FORMAT: Final = "1"
"""Raised when the same files would give other vectors."""


Read = TypeVar("Read", bound=BaseModel)


class Config(BaseModel):
    """What is read of `config.json`; the bounds keep a wrong file from taking all memory."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    model_type: str = Field(max_length=64)
    hidden_size: int = Field(ge=1, le=4096)
    num_hidden_layers: int = Field(default=1, ge=1, le=64)
    num_attention_heads: int = Field(default=1, ge=1, le=128)
    intermediate_size: int = Field(default=1, ge=1, le=32_768)
    vocab_size: int = Field(default=1, ge=1, le=1_000_000)
    max_position_embeddings: int = Field(default=512, ge=1, le=65_536)
    layer_norm_eps: float = Field(default=1e-12, gt=0, lt=1)
    hidden_act: str = Field(default="gelu", max_length=64)
    position_embedding_type: str = Field(default="absolute", max_length=64)


class _Pooling(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    pooling_mode_cls_token: bool = False
    pooling_mode_mean_tokens: bool = True


@dataclass(frozen=True, slots=True)
class Folder:
    """An encoder's folder whose small files were read and found fit."""

    path: Path
    config: Config
    tokenizer: Path
    model: Path
    pooling: Pooling

    @property
    def name(self) -> str:
        """Return what the folder is called."""
        return self.path.absolute().name

    @property
    def max_tokens(self) -> int:
        """Return how many tokens of a text are read."""
        return min(MAX_TOKENS, self.config.max_position_embeddings)

    def digest(self) -> str:
        """Return SHA-256 of all that a vector depends on; reads the whole model. Raises EncoderError."""
        found = sha256(f"{_FORMAT}:{self.pooling}:{self.max_tokens}".encode())
        for path in (self.path / CONFIG, self.tokenizer, self.model):
            try:
                with path.open("rb") as file:
                    while block := file.read(1 << 20):
                        found.update(block)
            except OSError as error:
                message = f"{path} cannot be read: {error}"
                raise EncoderError(message) from error
        return found.hexdigest()


def look(path: Path) -> Folder:
    """Return an encoder's folder, checked but for the model itself. Raises EncoderError saying what to do."""
    path = path.expanduser()
    if not path.is_dir():
        message = f"{path} is no folder; name an encoder's in KITBASH_ENCODER__PATH, or fetch one: kitbash models pull"
        raise EncoderError(message)
    config = _parsed(Config, _sized(path / CONFIG, MAX_CONFIG_BYTES))
    tokenizer = _sized(path / TOKENIZER, MAX_TOKENIZER_BYTES)
    model = next((path / name for name in (*ONNX, SAFETENSORS) if (path / name).is_file()), None)
    if model is None:
        message = f"{path} holds no model: none of {', '.join((*ONNX, SAFETENSORS))} is there; fetch the encoder again"
        raise EncoderError(message)
    _sized(model, MAX_MODEL_BYTES)
    return Folder(path, config, tokenizer, model, _pooling(path / POOLING))


def _pooling(path: Path) -> Pooling:
    if not path.is_file():
        return Pooling.MEAN
    found = _parsed(_Pooling, _sized(path, MAX_CONFIG_BYTES))
    if found.pooling_mode_mean_tokens == found.pooling_mode_cls_token:
        message = f"{path} asks for a pooling that Kitbash does not do; use an encoder with mean or CLS pooling"
        raise EncoderError(message)
    return Pooling.MEAN if found.pooling_mode_mean_tokens else Pooling.FIRST


def _sized(path: Path, most_bytes: int) -> Path:
    if not path.is_file():
        message = f"{path} is missing; fetch the encoder again: kitbash models pull"
        raise EncoderError(message)
    size_bytes = path.stat().st_size
    if not 0 < size_bytes <= most_bytes:
        message = f"{path} has {size_bytes:,} bytes; an encoder's has 1 to {most_bytes:,}"
        raise EncoderError(message)
    return path


def _parsed(kind: type[Read], path: Path) -> Read:
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        what = error.errors(include_url=False, include_input=False)[0] if isinstance(error, ValidationError) else None
        says = f"{'.'.join(map(str, what['loc'])) or 'the whole'}: {what['msg']}" if what else str(error)
        message = f"{path} cannot be used: {says}"
        raise EncoderError(message) from error
