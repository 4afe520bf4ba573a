"""Encoders for tests: one with vectors written by hand, and tiny real ones, in safetensors and in ONNX, on disk."""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kitbash.domain.encoder import Encoder

Floats = NDArray[np.float32]
WORDS: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "comet", "star", "moon", "glows", "orbits", "tail", "a", "the")
SIZE: Final = 16
CONFIG: Final[Mapping[str, object]] = {
    "model_type": "bert",
    "hidden_size": SIZE,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "vocab_size": len(WORDS),
    "max_position_embeddings": 12,
    "layer_norm_eps": 1e-12,
    "hidden_act": "gelu",
}


@dataclass
class Synonyms:
    """An encoder for which words of one group mean the same, and all others something of their own."""

    groups: Sequence[Sequence[str]] = ()
    dimension: int = 64
    name: str = "synonyms"
    asked: list[str] = field(default_factory=list[str])

    @property
    def digest(self) -> str:
        return sha256(repr((self.groups, self.dimension)).encode()).hexdigest()

    def encode(self, texts: Sequence[str]) -> Floats:
        self.asked += texts
        words = (text.lower().split() or [""] for text in texts)
        found = np.stack([np.sum([self._word(it) for it in them], axis=0) for them in words])
        return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)

    def _word(self, word: str) -> NDArray[np.float64]:
        bare = word.strip(".,:?")
        meant = next((group[0] for group in self.groups if bare in group), bare)
        seed = int.from_bytes(sha256(meant.encode()).digest()[:4])
        return np.random.default_rng(seed).normal(size=self.dimension)


@dataclass(frozen=True, slots=True)
class Given:
    """A source that gives an encoder, or none."""

    encoder: Encoder | None

    def open(self) -> Encoder | None:
        return self.encoder


def weights(seed: int = 1) -> dict[str, Floats]:
    """Return the tensors of a tiny BERT."""
    chance = np.random.default_rng(seed)
    found: dict[str, Floats] = {}

    def put(name: str, *shape: int) -> None:
        found[name] = chance.normal(scale=0.3, size=shape).astype(np.float32)

    wide = 24
    put("embeddings.word_embeddings.weight", len(WORDS), SIZE)
    put("embeddings.position_embeddings.weight", 12, SIZE)
    put("embeddings.token_type_embeddings.weight", 2, SIZE)
    norms = ["embeddings.LayerNorm"]
    for layer in range(2):
        at = f"encoder.layer.{layer}"
        for name, out, into in (
            ("attention.self.query", SIZE, SIZE),
            ("attention.self.key", SIZE, SIZE),
            ("attention.self.value", SIZE, SIZE),
            ("attention.output.dense", SIZE, SIZE),
            ("intermediate.dense", wide, SIZE),
            ("output.dense", SIZE, wide),
        ):
            put(f"{at}.{name}.weight", out, into)
            put(f"{at}.{name}.bias", out)
        norms += [f"{at}.attention.output.LayerNorm", f"{at}.output.LayerNorm"]
    for name in norms:
        put(f"{name}.weight", SIZE)
        found[f"{name}.weight"] += 1
        put(f"{name}.bias", SIZE)
    return found


def safetensors_folder(path: Path, tensors: Mapping[str, NDArray[Any]] | None = None, **config: object) -> Path:
    """Return a folder with a tiny encoder; `config` overrides what its config.json says."""
    small_files(path, **config)
    (path / "model.safetensors").write_bytes(safetensors(weights() if tensors is None else tensors))
    return path


def onnx_folder(path: Path, table: Floats) -> Path:
    """Return a folder with an encoder whose token vectors are the rows of a table."""
    small_files(path, hidden_size=table.shape[1])
    (path / "onnx").mkdir()
    (path / "onnx" / "model.onnx").write_bytes(gather(table))
    return path


def small_files(path: Path, **config: object) -> None:
    """Write the files of an encoder but for its model."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "config.json").write_text(json.dumps({**CONFIG, **config}))
    special = [{"id": at, "content": word, "special": True} for at, word in enumerate(WORDS[:4])]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{**it, **flags} for it in special],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {word: at for at, word in enumerate(WORDS)}, "unk_token": "[UNK]"},
    }
    (path / "tokenizer.json").write_text(json.dumps(tokenizer))


def safetensors(tensors: Mapping[str, NDArray[Any]]) -> bytes:
    """Return tensors as the bytes of a safetensors file, written by its specification."""
    kinds = {"float32": "F32", "float16": "F16", "float64": "F64"}
    header: dict[str, object] = {}
    body = b""
    for name, tensor in tensors.items():
        data = tensor.tobytes()
        header[name] = {
            "dtype": kinds[tensor.dtype.name],
            "shape": list(tensor.shape),
            "data_offsets": [len(body), len(body) + len(data)],
        }
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


def gather(table: Floats) -> bytes:
    """Return an ONNX model of one node, which looks input_ids up in a table, written by the format's protobuf."""
    node = _text(1, "table") + _text(1, "input_ids") + _text(2, "vectors") + _text(4, "Gather")
    dims = b"".join(_number(1, it) for it in table.shape)
    initializer = dims + _number(2, 1) + _text(8, "table") + _field(9, table.tobytes())
    graph = _field(1, node) + _text(2, "graph") + _field(5, initializer)
    graph += _field(11, _value("input_ids", 7, ("texts", "tokens")))
    graph += _field(11, _value("attention_mask", 7, ("texts", "tokens")))
    graph += _field(12, _value("vectors", 1, ("texts", "tokens", "size")))
    return _number(1, 8) + _field(7, graph) + _field(8, _text(1, "") + _number(2, 13))


def _value(name: str, kind: int, dims: Sequence[str]) -> bytes:
    shape = b"".join(_field(1, _text(2, dim)) for dim in dims)
    return _text(1, name) + _field(2, _field(1, _number(1, kind) + _field(2, shape)))


def _text(number: int, text: str) -> bytes:
    return _field(number, text.encode())


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    found = b""
    while value > 127:
        found += bytes([value & 127 | 128])
        value >>= 7
    return found + bytes([value])
