"""A llama-architecture GGUF file in this process, through the library of ctransformers: what a local file gets.

The file is looked at in Python first (`gguf`, `llama_file`): the library aborts the process on what it does not expect.
"""

from typing import ClassVar

from typing_extensions import override

from kitbash.errors import ModelFileError
from kitbash.models import gguf, llama_file
from kitbash.models.ctransformers_library import Native
from kitbash.models.in_process import LARGEST_CONTEXT_TOKENS, InProcess, Loaded


class Ctransformers(InProcess):
    """A model file, loaded when it is first needed; a missing one is an error that names it, never a download."""

    kind: ClassVar[str] = "ctransformers"

    @override
    def _load(self) -> Loaded:
        return Native(self._path.resolve(), context_tokens=self._context_tokens(), threads=self._threads)

    @override
    def _context_tokens(self) -> int:
        header = gguf.read(self._path)
        fault = llama_file.fault(header)
        sizes = llama_file.shape(header)
        if fault is not None or sizes is None:
            message = f"{self._path} cannot be loaded by ctransformers: {fault}; see kitbash models check {self._path}"
            raise ModelFileError(message)
        return min(self._wanted_tokens or LARGEST_CONTEXT_TOKENS, sizes.context_tokens)
