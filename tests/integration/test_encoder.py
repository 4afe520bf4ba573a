"""Sentence encoders from a folder: the vectors they should give, and what is said of folders that cannot be used."""

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kitbash.domain.encoder import Encoder
from kitbash.errors import EncoderError
from kitbash.models.encoder import folder
from kitbash.models.encoder.opened import OpenedEncoder, load
from tests.encoders import SIZE, WORDS, Floats, onnx_folder, safetensors_folder, small_files, weights

TEXTS = ("a comet glows", "the moon orbits the star", "tail", "")


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Return a folder with a tiny encoder in safetensors."""
    return safetensors_folder(tmp_path / "tiny")


def one_by_one(text: str) -> Floats:
    """Return the vector of a text by BERT's definition, number by number, with the exact error function."""
    held = weights()
    ids = [2, *(WORDS.index(word) for word in text.split()), 3]

    def linear(name: str, x: Any) -> Any:
        return held[f"{name}.weight"].astype(float) @ x + held[f"{name}.bias"]

    def norm(name: str, x: Any) -> Any:
        return (x - x.mean()) / math.sqrt(x.var() + 1e-12) * held[f"{name}.weight"] + held[f"{name}.bias"]

    def gelu(x: Any) -> Any:
        return np.array([0.5 * it * (1 + math.erf(it / math.sqrt(2))) for it in x])

    words, positions, kinds = (held[f"embeddings.{it}_embeddings.weight"] for it in ("word", "position", "token_type"))
    xs = [norm("embeddings.LayerNorm", words[it].astype(float) + positions[at] + kinds[0]) for at, it in enumerate(ids)]
    for layer in range(2):
        at = f"encoder.layer.{layer}"
        query, key, value = ([linear(f"{at}.attention.self.{it}", x) for x in xs] for it in ("query", "key", "value"))
        heads = [slice(start, start + 4) for start in range(0, SIZE, 4)]
        ys: list[Any] = []
        for q, x in zip(query, xs, strict=True):
            mixed: list[Any] = []
            for head in heads:
                scores = np.exp([q[head] @ k[head] / 2 for k in key])
                mixed.append(sum(s * v[head] for s, v in zip(scores / scores.sum(), value, strict=True)))
            attended = linear(f"{at}.attention.output.dense", np.concatenate(mixed))
            y = norm(f"{at}.attention.output.LayerNorm", x + attended)
            wide = gelu(linear(f"{at}.intermediate.dense", y))
            ys.append(norm(f"{at}.output.LayerNorm", y + linear(f"{at}.output.dense", wide)))
        xs = ys
    mean = np.mean(xs, axis=0)
    return (mean / np.linalg.norm(mean)).astype(np.float32)


def test_the_numpy_pass_is_bert_as_it_is_defined(tiny: Path) -> None:
    found = load(tiny).encode(TEXTS[:3])
    assert found.dtype == np.float32
    for text, vector in zip(TEXTS[:3], found, strict=True):
        assert vector == pytest.approx(one_by_one(text), abs=2e-6)


def test_vectors_have_length_1_and_what_stands_beside_a_text_does_not_change_it(tiny: Path) -> None:
    encoder = load(tiny)
    together = encoder.encode(TEXTS)
    assert together.shape == (len(TEXTS), encoder.dimension)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1)
    for text, vector in zip(TEXTS, together, strict=True):
        assert encoder.encode([text])[0] == pytest.approx(vector, abs=1e-5)


def test_a_text_longer_than_the_model_reads_is_cut(tiny: Path) -> None:
    encoder = load(tiny)
    assert encoder.encode(["moon " * 500])[0] == pytest.approx(encoder.encode(["moon " * 10])[0], abs=1e-6)


def test_weights_of_half_precision_or_within_another_model_are_read_too(tmp_path: Path) -> None:
    half = {f"bert.{name}": it.astype(np.float16) for name, it in weights().items()}
    found = load(safetensors_folder(tmp_path / "half", half)).encode(TEXTS)
    assert found == pytest.approx(load(safetensors_folder(tmp_path / "whole")).encode(TEXTS), abs=0.01)


def test_the_first_token_stands_for_the_text_where_the_folder_says_so(tiny: Path) -> None:
    mean = load(tiny)
    (tiny / "1_Pooling").mkdir()
    said = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (tiny / "1_Pooling" / "config.json").write_text(json.dumps(said))
    first = load(tiny)
    assert first.digest != mean.digest
    assert not np.allclose(first.encode(TEXTS), mean.encode(TEXTS), atol=0.01)


def test_the_digest_is_of_all_that_a_vector_depends_on(tmp_path: Path) -> None:
    one = load(safetensors_folder(tmp_path / "one")).digest
    assert load(safetensors_folder(tmp_path / "two")).digest == one
    assert load(safetensors_folder(tmp_path / "three", weights(seed=2))).digest != one


@pytest.fixture
def graph(tmp_path: Path) -> tuple[Encoder, Floats]:
    """Return an encoder in ONNX, and the table its token vectors are from."""
    table = np.random.default_rng(3).normal(size=(len(WORDS), 8)).astype(np.float32)
    return load(onnx_folder(tmp_path / "graph", table)), table


def test_an_onnx_graph_is_run_and_its_tokens_averaged_without_the_padding(graph: tuple[Encoder, Floats]) -> None:
    encoder, table = graph
    found = encoder.encode(["moon", "a comet glows"])
    for vector, ids in zip(found, ([2, 6, 3], [2, 10, 4, 7, 3]), strict=True):
        mean = table[ids].mean(axis=0)
        assert vector == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    assert encoder.dimension == 8


def test_a_graph_of_another_size_than_the_folder_says_is_refused_when_it_runs(tmp_path: Path) -> None:
    made = onnx_folder(tmp_path / "graph", np.ones((len(WORDS), 8), dtype=np.float32))
    small_files(made, hidden_size=9)
    with pytest.raises(EncoderError, match=r"gives \(1, 3, 8\) .* config.json says 9"):
        load(made).encode(["moon"])


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("config.json", r"config\.json is missing; fetch the encoder again: kitbash models pull"),
        ("tokenizer.json", r"tokenizer\.json is missing; fetch the encoder again: kitbash models pull"),
        ("model.safetensors", r"no model: none of .*model\.safetensors is there; fetch the encoder again"),
    ],
)
def test_a_missing_file_is_named_with_what_to_do(tiny: Path, file: str, says: str) -> None:
    (tiny / file).unlink()
    with pytest.raises(EncoderError, match=says):
        load(tiny)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"model_type": "t5"}, "'t5' model"),
        ({"hidden_act": "relu"}, "relu"),
        ({"position_embedding_type": "relative_key"}, "relative_key positions"),
        ({"num_attention_heads": 3}, "BERT family"),
        ({"hidden_size": 100_000}, "hidden_size"),
        ({"num_hidden_layers": 3}, "no tensor encoder.layer.2"),
        ({"intermediate_size": 25}, r"\[24, 16\], and config.json says \[25, 16\]"),
        ({"vocab_size": 5}, "12 tokens, the model 5"),
    ],
)
def test_a_model_that_is_not_what_its_folder_says_is_refused(tmp_path: Path, config: dict[str, Any], says: str) -> None:
    with pytest.raises(EncoderError, match=says):
        load(safetensors_folder(tmp_path / "wrong", **config))


def test_weights_of_a_kind_that_is_not_read_are_refused(tmp_path: Path) -> None:
    double = {name: it.astype(np.float64) for name, it in weights().items()}
    with pytest.raises(EncoderError, match="F64; convert the weights"):
        load(safetensors_folder(tmp_path / "double", double))


def test_weights_that_give_no_direction_are_refused(tmp_path: Path) -> None:
    broken = {name: np.full_like(it, np.nan) for name, it in weights().items()}
    with pytest.raises(EncoderError, match="without direction"):
        load(safetensors_folder(tmp_path / "broken", broken)).encode(["moon"])


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("content", [b"", b"{", b"\x00" * 64, b"\xff" * 4096])
def test_a_damaged_file_is_named(tiny: Path, file: str, content: bytes) -> None:
    (tiny / file).write_bytes(content)
    with pytest.raises(EncoderError, match=file):
        load(tiny)


def test_a_damaged_graph_is_named(tmp_path: Path) -> None:
    made = onnx_folder(tmp_path / "graph", np.ones((len(WORDS), 8), dtype=np.float32))
    (made / "onnx" / "model.onnx").write_bytes(b"\x08\x08" * 40)
    with pytest.raises(EncoderError, match=r"model\.onnx cannot be run"):
        load(made)


def test_a_file_beyond_its_bound_is_refused_unread(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MAX_MODEL_BYTES", 100)
    with pytest.raises(EncoderError, match="an encoder's has 1 to 100"):
        load(tiny)


@pytest.mark.parametrize("missing", ["tokenizers", "safetensors"])
def test_without_the_extra_the_error_says_what_to_install(
    tiny: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(EncoderError, match=rf"{missing} is missing.*pip install 'kitbash\[encoder\]'"):
        load(tiny)


def test_without_onnxruntime_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = onnx_folder(tmp_path / "graph", np.ones((len(WORDS), 8), dtype=np.float32))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EncoderError, match=r"onnxruntime is missing.*pip install 'kitbash\[encoder\]'"):
        load(made)


def test_an_encoder_is_read_once_a_process_and_anew_after_a_fork(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = OpenedEncoder(tiny)
    first = source.open()
    assert first is not None
    assert source.open() is first
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert source.open() is not first


def test_one_that_cannot_be_used_is_none_and_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = OpenedEncoder(tmp_path / "nowhere")
    assert source.open() is None
    assert source.open() is None
    assert caplog.text.count("encoder.unusable") == 1
