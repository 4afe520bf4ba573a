"""A GGUF file in this process, through llama-cpp-python, an extra: it knows more architectures than ctransformers.

Its low-level calls are used, as for ctransformers, so that a deadline is looked at between tokens.
"""

from pathlib import Path
from typing import Any, ClassVar, Final

from typing_extensions import override

from kitbash.errors import EngineBadReply, EngineNotConfigured, ModelFileError
from kitbash.models import gguf
from kitbash.models.in_process import LARGEST_CONTEXT_TOKENS, InProcess, Loaded

_PENALTY: Final = 1.1
_TOP_K: Final = 40
_TOP_P: Final = 0.95


class LlamaCppPython(InProcess):
    """A model file, loaded when it is first needed."""

    kind: ClassVar[str] = "llama-cpp-python"

    @override
    def _load(self) -> Loaded:
        try:
            import llama_cpp  # noqa: PLC0415 # pyright: ignore[reportMissingImports] - an extra, compiled where it is wanted
        except ImportError as error:
            message = "the engine llama-cpp-python is not installed: pip install 'kitbash[llamacpp]'"
            raise EngineNotConfigured(message) from error
        return _Native(llama_cpp, self._path, context_tokens=self._context_tokens(), threads=self._threads)

    @override
    def _context_tokens(self) -> int:
        header = gguf.read(self._path)
        there = header.number(f"{header.architecture}.context_length") or LARGEST_CONTEXT_TOKENS
        return min(self._wanted_tokens or LARGEST_CONTEXT_TOKENS, there)


class _Native:
    """A loaded model; the module is handed in since there are no types of it here."""

    def __init__(self, module: Any, path: Path, *, context_tokens: int, threads: int) -> None:
        try:
            self._llm: Any = module.Llama(
                model_path=str(path), n_ctx=context_tokens, n_threads=threads, n_threads_batch=threads, verbose=False
            )
        except (ValueError, RuntimeError) as error:
            message = f"llama-cpp-python cannot load {path}; see what it is: kitbash models check {path}"
            raise ModelFileError(message) from error
        self._context_tokens = context_tokens
        self._seen: list[int] = []

    @property
    def context_tokens(self) -> int:
        return self._context_tokens

    def tokens(self, text: bytes) -> list[int]:
        return list(self._llm.tokenize(text, add_bos=True, special=False))

    def begin(self, tokens: list[int]) -> list[int]:
        shared = 0
        most = min(len(tokens) - 1, len(self._seen))
        while shared < most and tokens[shared] == self._seen[shared]:
            shared += 1
        del self._seen[shared:]
        # Its count of what has been read is what it goes on from.
        self._llm.n_tokens = shared
        return tokens[shared:]

    def read(self, tokens: list[int]) -> None:
        try:
            self._llm.eval(tokens)
        except RuntimeError as error:
            self._seen.clear()
            message = "the model could not read its prompt"
            raise EngineBadReply(message) from error
        self._seen += tokens

    def next(self, *, temperature: float, seed: int) -> int:
        self._llm.set_seed(seed)
        return int(self._llm.sample(top_k=_TOP_K, top_p=_TOP_P, temp=temperature, repeat_penalty=_PENALTY))

    def is_end(self, token: int) -> bool:
        return token == self._llm.token_eos()

    def piece(self, token: int) -> bytes:
        return bytes(self._llm.detokenize([token]))

    def close(self) -> None:
        self._llm.close()
