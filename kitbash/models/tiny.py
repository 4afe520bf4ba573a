"""A tiny llama model, made here: no weights to download for a demo, a benchmark or a test.

`recite` writes a model that says one text whatever it is asked; `scatter` one with random weights. Both are real GGUF
files for every runtime that knows the architecture, and the same call makes the same bytes.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kitbash.errors import UsageError
from kitbash.models.gguf_header import ValueType
from kitbash.models.gguf_walk import ALIGNMENT, MAGIC
from kitbash.models.tensor_type import TensorType

CONTEXT_TOKENS: Final = 2048
_SPECIAL: Final = (b"<unk>", b"<s>", b"</s>")
_EOS: Final = 2
_BYTES: Final = tuple(f"<0x{number:02X}>".encode() for number in range(256))
_TYPES: Final = (2, 3, 3) + (6,) * 256
_NORMAL: Final = 1
_SPACE: Final = "\u2581"
_FIRST: Final = len(_SPECIAL) + len(_BYTES) + 1
_MULTIPLE: Final = 32
_SURE: Final = 8.0
Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of a tiny model; the embedding is a multiple of 32, the heads divide it."""

    embedding: int = 64
    layers: int = 1
    feed_forward: int = 64
    heads: int = 2
    context_tokens: int = CONTEXT_TOKENS


def recite(path: Path, text: str, *, sizes: Sizes = Sizes()) -> Path:
    """Write a model that says a text and ends, however it is sampled; return its path.

    Each token's embedding is a direction of its own, which is all that its successor looks at; attention and feed
    forward are zero. Raises UsageError for a text of no words, or of more than the embedding has room for.
    """
    pieces = _distinct(text.split())
    if not 1 <= len(pieces) < sizes.embedding:
        message = f"a text to recite has 1 to {sizes.embedding - 1} words, not {len(pieces)}"
        raise UsageError(message)
    tokens = _vocabulary(pieces)
    embedding = np.zeros((len(tokens), sizes.embedding), dtype=np.float32)
    # Direction 0 is of every token outside the text: what they are followed by is its beginning.
    embedding[:, 0] = 1.0
    output = np.zeros_like(embedding)
    for place in range(len(pieces)):
        embedding[_FIRST + place] = 0.0
        embedding[_FIRST + place, place + 1] = 1.0
        output[_FIRST + place, place] = _SURE
    output[_EOS, len(pieces)] = _SURE
    zeros = {name: np.zeros(shape, dtype=np.float32) for name, shape in _matrices(sizes).items()}
    _write(path, tokens, sizes, {**zeros, "token_embd.weight": embedding, "output.weight": output})
    return path


def scatter(path: Path, *, seed: int = 0, sizes: Sizes = Sizes(), words: Sequence[str] = ()) -> Path:
    """Write a model of random weights that says anything; return its path."""
    dice = np.random.default_rng(seed)
    tokens = _vocabulary([_SPACE + word for word in words])
    shapes = {name: (len(tokens), sizes.embedding) for name in ("token_embd.weight", "output.weight")}
    weights = {
        name: dice.standard_normal(shape, dtype=np.float32) / np.float32(np.sqrt(shape[-1]))
        for name, shape in {**shapes, **_matrices(sizes)}.items()
    }
    _write(path, tokens, sizes, weights)
    return path


def _distinct(words: Sequence[str]) -> list[str]:
    """Return pieces that make the words again, no two alike: a word that was there takes the next ones to it."""
    pieces: list[str] = []
    open_piece = ""
    for word in words:
        open_piece += _SPACE + word
        if open_piece not in pieces:
            pieces.append(open_piece)
            open_piece = ""
    if open_piece:
        # What is left over was all there before: the last piece takes it.
        last = pieces.pop() + open_piece
        return _distinct_last(pieces, last)
    return pieces


def _distinct_last(pieces: list[str], last: str) -> list[str]:
    while last in pieces:
        last = pieces.pop() + last
    return [*pieces, last]


def _vocabulary(pieces: Sequence[str]) -> list[bytes]:
    """Return the tokens, filled up so that quantised blocks are whole."""
    tokens = [*_SPECIAL, *_BYTES, _SPACE.encode(), *(piece.encode() for piece in pieces)]
    return [*tokens, *(f"<fill{number}>".encode() for number in range(-len(tokens) % _MULTIPLE))]


def _matrices(sizes: Sizes) -> dict[str, tuple[int, int]]:
    """Return the matrices of the blocks, rows by columns; a row is what the file has first."""
    width, forward = sizes.embedding, sizes.feed_forward
    block = {
        "attn_q": (width, width),
        "attn_k": (width, width),
        "attn_v": (width, width),
        "attn_output": (width, width),
        "ffn_gate": (forward, width),
        "ffn_up": (forward, width),
        "ffn_down": (width, forward),
    }
    return {f"blk.{layer}.{name}.weight": size for layer in range(sizes.layers) for name, size in block.items()}


def _write(path: Path, tokens: Sequence[bytes], sizes: Sizes, weights: dict[str, Weights]) -> None:
    ones = np.ones(sizes.embedding, dtype=np.float32)
    norms = [f"blk.{layer}.{name}.weight" for layer in range(sizes.layers) for name in ("attn_norm", "ffn_norm")]
    tensors = {**weights, **dict.fromkeys([*norms, "output_norm.weight"], ones)}
    types = [*_TYPES, *(_NORMAL for _ in tokens[len(_TYPES) :])]
    keys = (
        _text("general.architecture", b"llama"),
        _text("general.name", b"a tiny model made by kitbash"),
        _number("general.alignment", ALIGNMENT),
        _number("llama.context_length", sizes.context_tokens),
        _number("llama.embedding_length", sizes.embedding),
        _number("llama.block_count", sizes.layers),
        _number("llama.feed_forward_length", sizes.feed_forward),
        _number("llama.attention.head_count", sizes.heads),
        _number("llama.attention.head_count_kv", sizes.heads),
        _number("llama.rope.dimension_count", sizes.embedding // sizes.heads),
        _key("llama.attention.layer_norm_rms_epsilon", ValueType.FLOAT32, struct.pack("<f", 1e-5)),
        _text("tokenizer.ggml.model", b"llama"),
        _array("tokenizer.ggml.tokens", ValueType.STRING, [_string(token) for token in tokens]),
        _array("tokenizer.ggml.scores", ValueType.FLOAT32, [struct.pack("<f", -n) for n in range(len(tokens))]),
        _array("tokenizer.ggml.token_type", ValueType.INT32, [struct.pack("<i", kind) for kind in types]),
        _number("tokenizer.ggml.bos_token_id", 1),
        _number("tokenizer.ggml.eos_token_id", _EOS),
        _number("tokenizer.ggml.unknown_token_id", 0),
    )
    infos, body = b"", b""
    for name, weight in tensors.items():
        body += bytes(-len(body) % ALIGNMENT)
        shape = weight.shape[::-1]
        infos += _string(name.encode()) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        infos += struct.pack("<IQ", TensorType.F32, len(body))
        body += weight.astype("<f4").tobytes()
    head = MAGIC + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join(keys) + infos
    path.write_bytes(head + bytes(-len(head) % ALIGNMENT) + body)


def _string(data: bytes) -> bytes:
    return struct.pack("<Q", len(data)) + data


def _key(name: str, kind: ValueType, packed: bytes) -> bytes:
    return _string(name.encode()) + struct.pack("<I", kind) + packed


def _text(name: str, data: bytes) -> bytes:
    return _key(name, ValueType.STRING, _string(data))


def _number(name: str, value: int) -> bytes:
    return _key(name, ValueType.UINT32, struct.pack("<I", value))


def _array(name: str, kind: ValueType, packed: Sequence[bytes]) -> bytes:
    return _key(name, ValueType.ARRAY, struct.pack("<IQ", kind, len(packed)) + b"".join(packed))
