"""The extra llama-cpp-python: what is said where it is not installed, and what it is handed where it is."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from kitbash.errors import EngineNotConfigured, ModelFileError
from kitbash.models import tiny
from kitbash.models.generator import Prompt
from kitbash.models.llama_cpp import LlamaCppPython
from tests.model_servers import fake_llama_cpp

PROMPT: Final = Prompt("Why?", max_tokens=20, temperature=0.3, deadline_s=5.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tiny.recite(tmp_path / "tiny.gguf", "Ice.")


def test_without_the_extra_it_says_what_to_install(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    with (
        closing(LlamaCppPython(file)) as model,
        pytest.raises(EngineNotConfigured, match=r"pip install 'kitbash\[llamacpp\]'"),
    ):
        model.generate(PROMPT)


def test_a_file_is_looked_at_before_the_library_sees_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llama_cpp", fake_llama_cpp.module("Yes."))
    (tmp_path / "page.gguf").write_text("<html>")
    with closing(LlamaCppPython(tmp_path / "page.gguf")) as model, pytest.raises(ModelFileError, match="web page"):
        model.generate(PROMPT)


def test_what_the_library_cannot_load_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        message = "Failed to load model from file"
        raise ValueError(message)

    module = fake_llama_cpp.module("Yes.")
    monkeypatch.setattr(module, "Llama", fail)
    monkeypatch.setitem(sys.modules, "llama_cpp", module)
    with closing(LlamaCppPython(file)) as model, pytest.raises(ModelFileError, match="kitbash models check"):
        model.generate(PROMPT)


def test_a_conversation_that_goes_on_is_not_read_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llama_cpp", fake_llama_cpp.module("Yes."))
    with closing(LlamaCppPython(file, context_tokens=256)) as model:
        assert model.context_tokens == 256
        assert [model.generate(PROMPT).text for _ in range(3)] == ["Yes."] * 3
