"""A GGUF file's header, read with every bound checked: nothing in it is believed before it fits into the file.

The native loaders believe it: cut files, huge counts and flipped bits make them abort the process. Versions 2 and 3 of
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

import mmap
from pathlib import Path
from typing import Final

from kitbash.errors import ModelFileError
from kitbash.models.gguf_header import Header
from kitbash.models.gguf_walk import MAGIC, Broken, Walk

_QUOTED: Final = 60


def read(path: Path) -> Header:
    """Return the header of a file. Raises ModelFileError, which names the file, if it is none or not whole."""
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "does not exist"
            message = f"the model file {path} {what}; name a .gguf file"
            raise ModelFileError(message)
        with path.open("rb") as file:
            start = file.read(_QUOTED)
            if start[:4] != MAGIC:
                message = f"{path} is no GGUF file: {_looks_like(start)}"
                raise ModelFileError(message)
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return Walk(data).header()
    except Broken as error:
        message = f"{path} is damaged or no whole GGUF file: {error}; fetch it again"
        raise ModelFileError(message) from None
    except (OSError, ValueError) as error:
        message = f"the model file {path} cannot be read: {error}"
        raise ModelFileError(message) from error


def _looks_like(start: bytes) -> str:
    if not start:
        return "it is empty"
    if start.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer; fetch the file itself: git lfs pull"
    if start.lstrip()[:1] == b"<":
        return "it looks like a web page; the download went wrong"
    if start[:4] in {b"lmgg", b"fmgg", b"tjgg"}:
        return "it is of the older GGML format; convert it to GGUF"
    return f"it begins with {start[:4]!r}"
