"""Every adapter with what stands behind it, so that one suite runs over all of them."""

import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from kitbash.models import tiny
from kitbash.models.ctransformers import Ctransformers
from kitbash.models.generator import Generator as Model
from kitbash.models.koboldcpp import KoboldCpp
from kitbash.models.llama_cpp import LlamaCppPython
from kitbash.models.llamacpp import LlamaCpp
from kitbash.models.openai import OpenAi
from kitbash.models.served import Served
from tests.integration.kobold_server import Behaviour, Call, KoboldServer, serving
from tests.model_servers import fake_llama_cpp
from tests.model_servers.dialect import Dialect
from tests.model_servers.dialects import KOBOLD, LLAMA, OPENAI

TEXT: Final = "Ice floats on water. It is lighter. → 東京 🎲 END of it."
WORDS: Final = tuple(f" {word}" for word in TEXT.split())


@dataclass(frozen=True, slots=True)
class Wired:
    """An adapter for a server, and the protocol its server speaks."""

    name: str
    dialect: Dialect
    make: Callable[[str], Served]

    @contextmanager
    def behaving(self, behaviour: Behaviour) -> Generator[tuple[KoboldServer, Served]]:
        """Yield a server that behaves so, and its client."""
        with serving(behaviour) as server, closing(self.make(server.url)) as model:
            yield server, model


WIRED: Final = (
    Wired("koboldcpp", KOBOLD, KoboldCpp),
    Wired("llamacpp", LLAMA, LlamaCpp),
    Wired("openai", OPENAI, OpenAi),
)


@contextmanager
def _said_by(wired: Wired) -> Generator[Model]:
    """Yield a client of a server that says the text, as many words as it may and until a stop sequence."""

    def behave(call: Call) -> None:
        body: dict[str, Any] = call.body or {}
        most = next((int(body[key]) for key in ("max_length", "n_predict", "max_tokens") if key in body), None)
        if most is None:
            call.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        else:
            wired.dialect.reply(*WORDS[:most], reason="length" if most < len(WORDS) else "stop")(call)

    with wired.behaving(behave) as (_, model):
        yield model


@contextmanager
def _of_a_file(kind: type[Ctransformers | LlamaCppPython], folder: Path) -> Generator[Model]:
    with closing(kind(tiny.recite(folder / "tiny.gguf", TEXT))) as model:
        yield model


@contextmanager
def _faked(folder: Path) -> Generator[Model]:
    with pytest.MonkeyPatch.context() as patch, _of_a_file(LlamaCppPython, folder) as model:
        patch.setitem(sys.modules, "llama_cpp", fake_llama_cpp.module(TEXT))
        yield model


def every(name: str, folder: Path) -> AbstractContextManager[Model]:
    """Return an adapter by its name, with a model behind it that says the text whatever it is asked."""
    if name == "ctransformers":
        return _of_a_file(Ctransformers, folder)
    if name == "llama-cpp-python":
        return _faked(folder)
    return _said_by(next(wired for wired in WIRED if wired.name == name))


NAMES: Final = ("ctransformers", "llama-cpp-python", *(wired.name for wired in WIRED))
