"""A model file in this process: what is loaded, what is refused, and whom it serves when."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from kitbash.errors import (
    EngineBadReply,
    EngineBusy,
    EngineNotConfigured,
    EngineTimeout,
    EngineUnavailable,
    ModelFileError,
)
from kitbash.models import ctransformers_library, tiny
from kitbash.models.ctransformers import Ctransformers
from kitbash.models.generator import Finish, Prompt

TEXT: Final = "Ice floats on water."
PROMPT: Final = Prompt("Why does ice float?", max_tokens=60, temperature=0.0, deadline_s=5.0)
SCATTERED: Final = tiny.Sizes(embedding=32, feed_forward=32, context_tokens=512)
SELF: Final = """
import sys
from pathlib import Path
from kitbash.models.ctransformers import Ctransformers
from kitbash.models.generator import Prompt
file = Path(sys.argv[1])
prompt = Prompt('Why?', max_tokens=60, temperature=0.7, deadline_s=5.0)
model = Ctransformers(file)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tiny.recite(tmp_path / "tiny.gguf", TEXT)


@pytest.fixture
def model(file: Path) -> Generator[Ctransformers]:
    with closing(Ctransformers(file)) as found:
        yield found


def refusal(path: Path) -> str:
    """Return why a file is refused; it is named."""
    with closing(Ctransformers(path)) as model, pytest.raises(ModelFileError) as error:
        model.generate(PROMPT)
    assert str(path) in str(error.value)
    return str(error.value)


def program(code: str, *arguments: str) -> str:
    """Return what a program of its own prints; it must end well."""
    command = [sys.executable, "-c", SELF + code, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_same_seed_makes_the_same_reply_and_another_another(tmp_path: Path) -> None:
    file = tiny.scatter(tmp_path / "random.gguf", sizes=SCATTERED)
    warm = replace(PROMPT, temperature=1.5, max_tokens=20)
    with closing(Ctransformers(file)) as one, closing(Ctransformers(file)) as two:
        replies = [model.generate(replace(warm, seed=seed)).text for model in (one, two) for seed in (1, 2)]
        assert one.generate(replace(warm, seed=1)).text == replies[0]
    assert replies[0] == replies[2] != replies[1] == replies[3]


def test_the_same_text_makes_the_same_bytes(tmp_path: Path) -> None:
    one, two = tiny.recite(tmp_path / "a.gguf", TEXT), tiny.recite(tmp_path / "b.gguf", TEXT)
    assert one.read_bytes() == two.read_bytes()
    assert one.stat().st_size < 300_000


@pytest.mark.parametrize("text", ["so so so so", "a b a b a b c", "one", "the cat and the cat and the dog"])
def test_a_text_with_words_that_come_again_is_recited(tmp_path: Path, text: str) -> None:
    with closing(Ctransformers(tiny.recite(tmp_path / "tiny.gguf", text))) as model:
        assert model.generate(PROMPT).text == text


def test_a_missing_file_is_named_and_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "does not exist" in refusal(Path("owner/model"))
    assert "is a folder" in refusal(tmp_path)
    assert program("import socket\nsocket.socket = None\nprint(model.context_tokens)", "no/such.gguf") == "2048\n"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"<html>404</html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"lmgg" + bytes(99), "older GGML"),
        (b"MZ" + bytes(99), "begins with"),
        (b"GGUF", "damaged"),
        (b"GGUF\3\0\0\0" + b"\xff" * 16, "more than the file holds"),
        (b"GGUF\0\0\0\3" + bytes(99), "big-endian"),
    ],
    ids=["empty", "html", "lfs", "ggml", "exe", "magic", "counts", "big-endian"],
)
def test_what_is_no_model_is_told_from_one(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(data)
    assert why in refusal(path)


def test_another_architecture_is_told_from_a_damaged_file(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"\5\0\0\0\0\0\0\0llama", b"\5\0\0\0\0\0\0\0qwen2", 1))
    assert "'qwen2'; ctransformers loads 'llama'" in refusal(file)


def test_a_prompt_beyond_the_context_is_cut_and_says_so(model: Ctransformers) -> None:
    reply = model.generate(replace(PROMPT, text="日本語 🎲 word " * 2000))
    assert reply.text == TEXT
    assert reply.usage.prompt_tokens == model.context_tokens - PROMPT.max_tokens
    assert reply.usage.cut_tokens > 10_000


def test_a_reply_may_take_half_of_the_context(tmp_path: Path) -> None:
    file = tiny.scatter(tmp_path / "random.gguf", sizes=SCATTERED)
    with closing(Ctransformers(file)) as model:
        reply = model.generate(replace(PROMPT, temperature=1.5, seed=3, max_tokens=9999, text="word " * 999))
    assert reply.usage.prompt_tokens == 256
    assert reply.usage.completion_tokens <= 256
    assert reply.finish is Finish.LENGTH or reply.usage.completion_tokens < 256


def test_the_deadline_is_looked_at_between_tokens(tmp_path: Path) -> None:
    file = tiny.scatter(tmp_path / "random.gguf", sizes=tiny.Sizes(layers=4, embedding=256, feed_forward=256))
    with closing(Ctransformers(file)) as model:
        model.ready()
        began_s = time.monotonic()
        with pytest.raises(EngineTimeout):
            model.generate(replace(PROMPT, text="word " * 999, deadline_s=0.05, max_tokens=1000))
        assert time.monotonic() - began_s < 0.5


def test_while_one_is_served_another_waits_and_is_told_when_it_waited_too_long(model: Ctransformers) -> None:
    errors: list[Exception] = []

    def ask() -> None:
        try:
            model.generate(replace(PROMPT, deadline_s=0.05))
        except EngineBusy as error:
            errors.append(error)

    with model.stream(PROMPT) as reply:
        next(reply)
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        assert reply.whole().text == TEXT
    (error,) = errors
    assert isinstance(error, EngineBusy)
    assert error.retry_after_s > 0


def test_a_closed_model_is_not_loaded_again(model: Ctransformers) -> None:
    model.generate(PROMPT)
    model.close()
    with pytest.raises(EngineUnavailable, match="closed"):
        model.generate(PROMPT)


def test_a_model_that_was_loaded_before_a_fork_is_loaded_again_after_it(file: Path) -> None:
    code = """
import os, threading
reply = model.stream(prompt)
next(reply)  # the parent holds the model while it forks
pid = os.fork()
if pid == 0:
    print(model.generate(prompt).text, flush=True)
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
print(reply.whole().text)
"""
    assert program(code, str(file)) == f"{TEXT}\n{TEXT}\n"


def test_the_packages_python_and_its_hub_are_never_imported(file: Path) -> None:
    code = (
        "print(model.generate(prompt).text, sorted({'ctransformers', 'huggingface_hub', 'cpuinfo'} & set(sys.modules)))"
    )
    assert program(code, str(file)) == f"{TEXT} []\n"


def test_weights_that_are_no_numbers_are_a_bad_reply(tmp_path: Path) -> None:
    file = tiny.scatter(tmp_path / "random.gguf", sizes=SCATTERED)
    data = file.read_bytes()
    file.write_bytes(data[:-4096] + np.full(1024, np.nan, dtype="<f4").tobytes())
    with closing(Ctransformers(file)) as model, pytest.raises(EngineBadReply, match="damaged"):
        model.generate(PROMPT)


def test_a_large_vocabulary_is_looked_at_and_its_numbers_too(tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(8000)]
    file = tiny.scatter(tmp_path / "random.gguf", sizes=SCATTERED, words=words)
    with closing(Ctransformers(file)) as model:
        assert model.generate(PROMPT).text
    data = file.read_bytes()
    file.write_bytes(data[:-4096] + np.full(1024, np.nan, dtype="<f4").tobytes())
    with closing(Ctransformers(file)) as model, pytest.raises(EngineBadReply, match="damaged"):
        model.generate(PROMPT)


@pytest.mark.parametrize(("flags", "build"), [("avx avx2 fma f16c", "avx2"), ("avx f16c", "avx"), ("sse2", "basic")])
def test_the_build_is_for_the_processor(flags: str, build: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object, **__: object) -> str:
        return f"processor\t: 0\nflags\t\t: {flags}\n"

    monkeypatch.setattr(ctransformers_library.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(Path, "read_text", read)
    assert ctransformers_library.path.__wrapped__().parent.name == build


def test_a_machine_without_a_build_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctransformers_library.platform, "machine", lambda: "riscv64")
    with pytest.raises(EngineNotConfigured, match=r"llama\.cpp server"):
        ctransformers_library.path.__wrapped__()


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctransformers_library.importlib.util, "find_spec", dict[str, object]().get)
    with pytest.raises(EngineNotConfigured, match=r"kitbash\[local\]"):
        ctransformers_library.path.__wrapped__()


def test_nothing_is_printed_by_the_library(file: Path) -> None:
    code = "import json\nprint(json.dumps(model.generate(prompt).text))"
    assert json.loads(program(code, str(file))) == TEXT
