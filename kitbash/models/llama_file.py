"""Whether ctransformers can load a GGUF file: everything its native code takes for granted, looked at before.

What it does not check itself ends the process: a vocabulary without all bytes, numbers of heads that do not divide, a
tensor of another shape or of a type it does not know.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from kitbash.models.gguf_header import Header, ValueType
from kitbash.models.tensor_type import TensorType

ARCHITECTURE: Final = "llama"
TOKENIZER: Final = "llama"
LOADABLE: Final = frozenset(
    {
        TensorType.F32,
        TensorType.F16,
        TensorType.Q4_0,
        TensorType.Q4_1,
        TensorType.Q5_0,
        TensorType.Q5_1,
        TensorType.Q8_0,
        TensorType.Q2_K,
        TensorType.Q3_K,
        TensorType.Q4_K,
        TensorType.Q5_K,
        TensorType.Q6_K,
    }
)
_MOST: Final = 2**20
_MOST_LAYERS: Final = 1000
_MOST_TOKENS: Final = 2**20
_TOKEN_TYPES: Final = range(1, 7)
_BYTE_TYPE: Final = 6
_NUMBERS: Final = ("context_length", "embedding_length", "block_count", "feed_forward_length", "attention.head_count")
_HEADS_KV: Final = "attention.head_count_kv"
_ROPE: Final = "rope.dimension_count"
_EPSILON: Final = "attention.layer_norm_rms_epsilon"
_SPECIAL: Final = ("bos", "eos", "unknown")
"""The special tokens that are ever used; converters write anything for the others."""
_BYTES: Final = tuple(f"<0x{number:02X}>".encode() for number in range(256))


@dataclass(frozen=True, slots=True)
class Shape:
    """A llama model's sizes."""

    context_tokens: int
    embedding: int
    layers: int
    feed_forward: int
    heads: int
    heads_kv: int
    vocabulary: int

    @property
    def embedding_kv(self) -> int:
        """Return the length of a key or a value of all heads."""
        return self.embedding // self.heads * self.heads_kv


class _Unfit(Exception):
    """Why a file cannot be loaded."""


def fault(header: Header) -> str | None:
    """Return why ctransformers cannot load a file safely, in words, or None if it can."""
    try:
        _check_tensors(header, _shape_of(header))
        _check_vocabulary(header)
    except _Unfit as error:
        return str(error)
    return None


def shape(header: Header) -> Shape | None:
    """Return a llama model's sizes, or None for another model, or for sizes that do not fit together."""
    try:
        return _shape_of(header)
    except _Unfit:
        return None


def _shape_of(header: Header) -> Shape:
    _want(
        header.architecture == ARCHITECTURE,
        f"its architecture is {header.architecture or 'not named'!r}; ctransformers loads 'llama'",
    )
    context, embedding, layers, feed_forward, heads = (_number(header, name) for name in _NUMBERS)
    heads_kv = _number(header, _HEADS_KV) if f"llama.{_HEADS_KV}" in header.entries else heads
    fits = layers <= _MOST_LAYERS and not (embedding % heads or heads % heads_kv or embedding // heads % 2)
    _want(fits, "its layers, heads and embedding do not fit together")
    if f"llama.{_ROPE}" in header.entries:
        _want(_number(header, _ROPE) == embedding // heads, f"llama.{_ROPE} is not the length of a head")
    epsilon = header.fraction(f"llama.{_EPSILON}")
    _want(epsilon is not None and 0 < epsilon < 1, f"llama.{_EPSILON} is missing or out of range")
    for name in ("llama.rope.freq_base", "llama.rope.scale_linear"):
        value = header.fraction(name) if name in header.entries else 1.0
        _want(value is not None and math.isfinite(value) and value > 0, f"{name} is out of range")
    tokens = header.array("tokenizer.ggml.tokens", ValueType.STRING)
    if not tokens or len(tokens) > _MOST_TOKENS:
        message = "it has no vocabulary, or a huge one"
        raise _Unfit(message)
    return Shape(context, embedding, layers, feed_forward, heads, heads_kv, len(tokens))


def _number(header: Header, name: str) -> int:
    value = header.number(f"llama.{name}")
    if value is None or not 1 <= value <= _MOST:
        message = f"llama.{name} is missing or out of range"
        raise _Unfit(message)
    return value


def _want(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - it is the condition
    if not holds:
        raise _Unfit(otherwise)


def _check_vocabulary(header: Header) -> None:
    name = header.text("tokenizer.ggml.model")
    _want(name == TOKENIZER, f"its tokenizer is {name!r}; ctransformers has 'llama' (SentencePiece) only")
    tokens = header.array("tokenizer.ggml.tokens", ValueType.STRING) or ()
    scores = header.array("tokenizer.ggml.scores", ValueType.FLOAT32) or ()
    kinds = header.array("tokenizer.ggml.token_type", ValueType.INT32) or ()
    _want(len(scores) == len(kinds) == len(tokens), "its tokens do not have a score and a type each")
    _want(all(map(math.isfinite, cast("Sequence[float]", scores))), "the score of a token is no number")
    _want(all(kind in _TOKEN_TYPES for kind in kinds), "a token has an unknown type")
    # Native code reads a token up to its first NUL.
    at = {cast("bytes", token).partition(b"\0")[0]: number for number, token in enumerate(tokens)}
    _want(len(at) == len(tokens) and b"" not in at, "a token is empty or there twice")
    every_byte = all(byte in at and kinds[at[byte]] == _BYTE_TYPE for byte in _BYTES)
    _want(every_byte, "its vocabulary lacks a token for each byte")
    for special in _SPECIAL:
        key = f"tokenizer.ggml.{special}_token_id"
        number = header.number(key) if key in header.entries else 0
        _want(number is not None and number < len(tokens), f"{key} is no token")


def _check_tensors(header: Header, sizes: Shape) -> None:
    wanted = _tensors(sizes)
    surplus = set(header.tensors) - set(wanted)
    _want(not surplus, f"it has a tensor ctransformers does not know: {min(surplus, default='')!r}")
    for name, size in wanted.items():
        tensor = header.tensors.get(name)
        if tensor is None:
            message = f"the tensor {name!r} is missing"
            raise _Unfit(message)
        _want(tensor.shape == size, f"the tensor {name!r} has the shape {tensor.shape}, not {size}")
        said = tensor.type.name if tensor.type is not None else tensor.type_number
        _want(tensor.type in LOADABLE, f"the tensor {name!r} is of type {said}, which ctransformers does not know")
        _want(len(size) > 1 or tensor.type is TensorType.F32, f"the tensor {name!r} is not of type F32")


def _tensors(sizes: Shape) -> Mapping[str, tuple[int, ...]]:
    """Return every tensor of a llama model with its shape, fastest dimension first."""
    embedding, forward = sizes.embedding, sizes.feed_forward
    block = {
        "attn_norm": (embedding,),
        "attn_q": (embedding, embedding),
        "attn_k": (embedding, sizes.embedding_kv),
        "attn_v": (embedding, sizes.embedding_kv),
        "attn_output": (embedding, embedding),
        "ffn_norm": (embedding,),
        "ffn_gate": (embedding, forward),
        "ffn_up": (embedding, forward),
        "ffn_down": (forward, embedding),
    }
    return {
        "token_embd.weight": (embedding, sizes.vocabulary),
        "output_norm.weight": (embedding,),
        "output.weight": (embedding, sizes.vocabulary),
        **{f"blk.{layer}.{name}.weight": size for layer in range(sizes.layers) for name, size in block.items()},
    }
