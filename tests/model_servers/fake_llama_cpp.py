"""A module that has what the adapter uses of llama-cpp-python 0.3, and recites a text; a token is a byte.

Recorded from its documentation and source: the real one is compiled from source, which no test waits for.
"""

from types import ModuleType
from typing import Final

EOS: Final = 256
BOS: Final = 257


class Llama:
    """A model that says its text after any prompt."""

    text: bytes = b""

    def __init__(self, model_path: str, *, n_ctx: int, n_threads: int, n_threads_batch: int, verbose: bool) -> None:
        assert not verbose
        assert n_threads == n_threads_batch
        with open(model_path, "rb") as file:  # noqa: PTH123 - as the library does
            if file.read(4) != b"GGUF":
                message = f"Failed to load model from file: {model_path}"
                raise ValueError(message)
        self.context = n_ctx
        self.n_tokens = 0
        self.said = 0
        self.sampled = -1
        self.seeds: list[int] = []

    def tokenize(self, text: bytes, *, add_bos: bool, special: bool) -> list[int]:
        assert not special
        return [BOS] * add_bos + list(text)

    def eval(self, tokens: list[int]) -> None:
        if self.n_tokens + len(tokens) > self.context:
            message = "llama_decode returned 1"
            raise RuntimeError(message)
        self.n_tokens += len(tokens)
        # Whatever is not the token that was sampled last is a prompt, and the text begins again.
        if tokens != [self.sampled]:
            self.said = 0
        self.sampled = -1

    def set_seed(self, seed: int) -> None:
        self.seeds.append(seed)

    def sample(self, *, top_k: int, top_p: float, temp: float, repeat_penalty: float) -> int:
        assert top_k > 0
        assert 0 < top_p <= 1
        assert temp >= 0
        assert repeat_penalty >= 1
        self.sampled = self.text[self.said] if self.said < len(self.text) else EOS
        self.said += 1
        return self.sampled

    def token_eos(self) -> int:
        return EOS

    def detokenize(self, tokens: list[int]) -> bytes:
        return bytes(tokens)

    def close(self) -> None:
        self.context = 0


def module(text: str) -> ModuleType:
    """Return the module, with a model that says this text."""
    found = ModuleType("llama_cpp")
    found.__dict__["Llama"] = type("Llama", (Llama,), {"text": text.encode()})
    return found
