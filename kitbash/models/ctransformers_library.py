"""The compiled library inside the package ctransformers, called directly.

The package's own Python is passed by: importing it imports a client of a model hub, a missing file becomes a download,
its tokenizer counts characters where the library writes bytes and overruns its buffer, and looking for the processor's
features takes a second at each load. Never hand the library a file that `llama_file.fault` has not passed.
"""

import ctypes
import importlib.util
import math
import platform
import sys
from functools import cache
from pathlib import Path
from typing import Final

from kitbash.errors import EngineBadReply, EngineNotConfigured, ModelFileError

_NAMES: Final = {"linux": "libctransformers.so", "darwin": "libctransformers.dylib"}
_AVX2: Final = frozenset({"avx2", "fma", "f16c"})
_AVX: Final = frozenset({"avx", "f16c"})
_BATCH: Final = 8
_PENALTY: Final = 1.1
_TOP_K: Final = 40
_TOP_P: Final = 0.95
_REMEMBERED: Final = 64
_ROOM: Final = 8
"""For the token that begins a text, and the space the library puts before it."""
_FEW: Final = 4096
_INT: Final = ctypes.c_int
_INTS: Final = ctypes.POINTER(ctypes.c_int)
_FLOATS: Final = ctypes.POINTER(ctypes.c_float)


class _Config(ctypes.Structure):
    """What the library's constructor takes, in its order."""

    _fields_ = (
        ("context_length", ctypes.c_int),
        ("gpu_layers", ctypes.c_int),
        ("mmap", ctypes.c_bool),
        ("mlock", ctypes.c_bool),
    )


_SIGNATURES: Final = {
    "create": ([ctypes.c_char_p, ctypes.c_char_p, _Config], ctypes.c_void_p),
    "delete": ([ctypes.c_void_p], None),
    "tokenize": ([ctypes.c_void_p, ctypes.c_char_p, ctypes.c_bool, _INTS], _INT),
    "detokenize": ([ctypes.c_void_p, _INT], ctypes.c_char_p),
    "is_eos_token": ([ctypes.c_void_p, _INT], ctypes.c_bool),
    "vocab_size": ([ctypes.c_void_p], _INT),
    "context_length": ([ctypes.c_void_p], _INT),
    "batch_eval": ([ctypes.c_void_p, _INTS, _INT, _INT, _INT, _INT], ctypes.c_bool),
    "logits_data": ([ctypes.c_void_p], _FLOATS),
    "logits_size": ([ctypes.c_void_p], _INT),
    "sample": (
        [ctypes.c_void_p, _INTS, _INT, _INT, ctypes.c_float, ctypes.c_float, ctypes.c_float, _INT],
        _INT,
    ),
}


@cache
def path() -> Path:
    """Return the build of the library for this processor. Raises EngineNotConfigured if there is none."""
    spec = importlib.util.find_spec("ctransformers")
    if spec is None or spec.origin is None:
        message = "a model file needs the package ctransformers; install it: pip install 'kitbash[local]'"
        raise EngineNotConfigured(message)
    builds = Path(spec.origin).parent / "lib"
    name = _NAMES.get(sys.platform, "none")
    # A build made on this machine comes first.
    for build in ("local", _build()):
        if (builds / build / name).is_file():
            return builds / build / name
    message = (
        f"ctransformers has no build for {platform.system()} on {platform.machine()}; "
        "run the model in a llama.cpp server instead"
    )
    raise EngineNotConfigured(message)


def _build() -> str:
    """Return which of the package's builds the processor can run."""
    if platform.machine().lower() not in {"x86_64", "amd64"}:
        return "basic" if sys.platform == "darwin" else "none"
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "basic"
    flags = next((set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")), set[str]())
    return "avx2" if flags >= _AVX2 else "avx" if flags >= _AVX else "basic"


@cache
def library() -> ctypes.CDLL:
    """Return the library, opened once a process."""
    try:
        found = ctypes.CDLL(str(path()))
    except OSError as error:
        message = f"the library of ctransformers cannot be opened: {error}; run the model in a llama.cpp server instead"
        raise EngineNotConfigured(message) from error
    for name, (takes, gives) in _SIGNATURES.items():
        function = getattr(found, f"ctransformers_llm_{name}")
        function.argtypes, function.restype = takes, gives
    return found


class Native:
    """A loaded model. For one thread at a time, in the process that loaded it."""

    def __init__(self, file: Path, *, context_tokens: int, threads: int) -> None:
        """Load a file that has been looked at. Raises ModelFileError if the library cannot."""
        self._lib = library()
        config = _Config(context_tokens, 0, True, False)  # noqa: FBT003 - mapped, not locked into memory
        self._llm = self._lib.ctransformers_llm_create(str(file).encode(), b"gguf", config)
        if not self._llm:
            message = f"ctransformers cannot load {file}; see what it is: kitbash models check {file}"
            raise ModelFileError(message)
        self._threads = threads
        self._vocabulary = self.vocabulary
        self._seen: list[int] = []

    @property
    def vocabulary(self) -> int:
        """Return how many tokens there are."""
        return int(self._lib.ctransformers_llm_vocab_size(self._llm))

    @property
    def context_tokens(self) -> int:
        """Return how many tokens the context holds."""
        return int(self._lib.ctransformers_llm_context_length(self._llm))

    def tokens(self, text: bytes) -> list[int]:
        """Return the tokens of a UTF-8 text without NUL bytes, the first of which begins a text."""
        # The library writes without asking for room. A space becomes U+2581, three bytes, each a token of its own in a
        # vocabulary without it; any other byte is one token at most.
        buffer = (_INT * (len(text) + 2 * text.count(b" ") + _ROOM))()
        number = self._lib.ctransformers_llm_tokenize(self._llm, text, True, buffer)  # noqa: FBT003 - begin of text
        return buffer[: max(0, number)]

    def piece(self, token: int) -> bytes:
        """Return the bytes of a token; of a character outside ASCII it may be a part."""
        return self._lib.ctransformers_llm_detokenize(self._llm, token) or b""

    def is_end(self, token: int) -> bool:
        """Return whether a token ends the text."""
        return bool(self._lib.ctransformers_llm_is_eos_token(self._llm, token))

    def begin(self, tokens: list[int]) -> list[int]:
        """Return what is still to be read of a prompt: not what it shares with what was read before."""
        shared = 0
        most = min(len(tokens) - 1, len(self._seen))
        while shared < most and tokens[shared] == self._seen[shared]:
            shared += 1
        del self._seen[shared:]
        return tokens[shared:]

    def read(self, tokens: list[int]) -> None:
        """Have the model read tokens after those it has read. There must be room for them in the context."""
        packed = (_INT * len(tokens))(*tokens)
        at = len(self._seen)
        if not self._lib.ctransformers_llm_batch_eval(self._llm, packed, len(tokens), at, _BATCH, self._threads):
            self._seen.clear()
            message = "the model could not read its prompt"
            raise EngineBadReply(message)
        self._seen += tokens

    def next(self, *, temperature: float, seed: int) -> int:
        """Return the next token, sampled; temperature 0 takes the likeliest.

        Raises EngineBadReply when the model computes what is no number: its file is damaged.
        """
        self._check_numbers()
        last = self._seen[-_REMEMBERED:]
        packed = (_INT * len(last))(*last)
        top_k, warmth = (_TOP_K, temperature) if temperature > 0 else (1, 1.0)
        token = int(
            self._lib.ctransformers_llm_sample(self._llm, packed, len(last), top_k, _TOP_P, warmth, _PENALTY, seed)
        )
        if not 0 <= token < self._vocabulary:
            message = "the model chose a token that does not exist; its file is damaged"
            raise EngineBadReply(message)
        return token

    def _check_numbers(self) -> None:
        """Raise EngineBadReply unless every logit is a number: a sum of any that is not is none either."""
        size = self._lib.ctransformers_llm_logits_size(self._llm)
        logits = self._lib.ctransformers_llm_logits_data(self._llm)
        if size <= _FEW:
            total = sum(logits[:size])
        else:
            import numpy as np  # noqa: PLC0415 - importing it takes longer than loading a tiny model

            total = float(np.ctypeslib.as_array(logits, (size,)).sum(dtype=np.float64))
        if not math.isfinite(total):
            self._seen.clear()
            message = "the model computes what is no number; its file is damaged"
            raise EngineBadReply(message)

    def close(self) -> None:
        """Release the memory; nothing can be called afterwards."""
        llm, self._llm = self._llm, None
        if llm:
            self._lib.ctransformers_llm_delete(llm)
