"""What a GGUF header may hold, and what makes it unfit."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from kitbash.errors import ModelFileError
from kitbash.models import gguf, llama_file, tiny
from kitbash.models.file_report import report
from kitbash.models.gguf_header import ValueType
from kitbash.models.gguf_walk import MAGIC, MOST_NUMBERS
from kitbash.models.tensor_type import TensorType, layout

Change = Callable[[bytes], bytes]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tiny.recite(tmp_path / "tiny.gguf", "Ice floats.")


def swapped(old: bytes, new: bytes) -> Change:
    """Return a change of the first place where something stands, to as many other bytes."""
    assert len(old) == len(new)

    def change(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new, 1)

    return change


def cut(at: int) -> Change:
    """Return a change that leaves what comes before a place."""
    return lambda data: data[:at]


def number(name: str, value: int) -> Change:
    """Return a change of a key's number."""

    def change(data: bytes) -> bytes:
        at = data.index(name.encode() + struct.pack("<I", ValueType.UINT32)) + len(name) + 4
        return data[:at] + struct.pack("<I", value) + data[at + 4 :]

    return change


def test_a_header_is_read(file: Path) -> None:
    header = gguf.read(file)
    assert header.architecture == "llama"
    assert header.number("llama.embedding_length") == 64
    assert header.number("general.architecture") is None
    assert header.fraction("llama.attention.layer_norm_rms_epsilon") == pytest.approx(1e-5)
    assert header.text("general.name") == "a tiny model made by kitbash"
    assert header.array("tokenizer.ggml.token_type", ValueType.STRING) is None
    assert header.tensors["output_norm.weight"].type is TensorType.F32
    assert llama_file.fault(header) is None


def test_an_array_of_more_numbers_than_any_vocabulary_has_is_not_read(tmp_path: Path) -> None:
    key, count = b"general.padding", MOST_NUMBERS + 1
    head = MAGIC + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", len(key)) + key
    kinds = struct.pack("<IIQ", ValueType.ARRAY, ValueType.UINT8, count)
    path = tmp_path / "wide.gguf"
    path.write_bytes(head + kinds + bytes(count))
    with pytest.raises(ModelFileError, match="2,097,153 numbers, more than"):
        gguf.read(path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (cut(-1), "after the file"),
        (cut(5000), "more than the file holds"),
        (cut(300), "more than the file holds"),
        (swapped(b"blk.0.attn_q.weight", b"blk.0.attn_k.weight"), "there twice"),
        (swapped(b"llama.block_count", b"llama.block_c\xffunt"), "not printable"),
        (number("general.alignment", 0), "no power of two"),
        (number("general.alignment", 48), "no power of two"),
        (swapped(b"output_norm.weight\1\0\0\0", b"output_norm.weight\5\0\0\0"), "5 dimensions"),
        (swapped(b"output_norm.weight\1\0\0\0", b"output_norm.weight\0\0\0\0"), "0 dimensions"),
        (swapped(b"attn_norm.weight\1\0\0\0\x40", b"attn_norm.weight\1\0\0\0\0"), "0 elements"),
    ],
    ids=["cut", "cut-words", "cut-keys", "twice", "name", "alignment-0", "alignment-48", "5-dims", "0-dims", "nothing"],
)
def test_a_damaged_header_is_told(file: Path, change: Change, why: str) -> None:
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(ModelFileError, match=why):
        gguf.read(file)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (number("llama.attention.head_count", 0), "out of range"),
        (number("llama.attention.head_count", 3), "do not fit"),
        (number("llama.attention.head_count_kv", 5), "do not fit"),
        (number("llama.rope.dimension_count", 64), "length of a head"),
        (number("llama.block_count", 2), "is missing"),
        (number("llama.feed_forward_length", 32), "has the shape"),
        (number("tokenizer.ggml.eos_token_id", 9999), "is no token"),
        (swapped(b"<0x41>", b"<0x61>"), "there twice"),
        (swapped(b"<0x41>", b"<0xZZ>"), "lacks a token"),
        (swapped(b"\5\0\0\0\0\0\0\0llama", b"\5\0\0\0\0\0\0\0phi-2"), "'phi-2'"),
        (swapped(b"layer_norm_rms_epsilon", b"layer_norm_rms_epsilom"), "epsilon is missing"),
        (swapped(b"tokenizer.ggml.scores", b"tokenizer.ggml.scored"), "a score and a type"),
    ],
)
def test_a_whole_file_that_native_code_would_die_of_is_refused(file: Path, change: Change, why: str) -> None:
    file.write_bytes(change(file.read_bytes()))
    fault = llama_file.fault(gguf.read(file))
    assert fault is not None
    assert why in fault


def test_other_tensor_types_are_told_and_who_can_load_them(file: Path) -> None:
    named = b"output.weight\2\0\0\0" + struct.pack("<QQ", 64, 288)
    data = file.read_bytes()
    assert named + struct.pack("<I", TensorType.F32) in data
    file.write_bytes(data.replace(named + struct.pack("<I", TensorType.F32), named + struct.pack("<I", 36)))
    told = report(file)
    can = {it.runtime: it.can_load for it in told.runtimes}
    assert can == {
        "ctransformers": False,
        "llama-cpp-python": False,
        "llama.cpp server": False,
        "KoboldCpp": False,
        "bitnet.cpp server": True,
    }
    assert "I2_S" in told.types


def test_the_memory_is_that_of_file_and_cache(file: Path) -> None:
    told = report(file)
    cache_bytes = 2 * 2 * 1 * 2048 * 64
    assert told.memory_bytes == file.stat().st_size + cache_bytes + 45_000_000
    assert told.runtimes[0].can_load is True


SIZES: Final = {TensorType.F32: 1024, TensorType.F16: 512, TensorType.Q8_0: 272, TensorType.Q4_0: 144}
MORE_SIZES: Final = {TensorType.Q4_K: 144, TensorType.Q6_K: 210, TensorType.I2_S: 96, TensorType.TQ2_0: 66}


@pytest.mark.parametrize(("kind", "size_bytes"), [*SIZES.items(), *MORE_SIZES.items()])
def test_256_elements_take_what_ggml_gives_them(kind: TensorType, size_bytes: int) -> None:
    known = layout(kind)
    assert known is not None
    assert known.size_bytes(256) == size_bytes


def test_every_type_has_a_layout() -> None:
    assert all(layout(kind) for kind in TensorType)
    assert layout(4) is None
