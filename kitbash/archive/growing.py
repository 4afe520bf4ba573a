"""One file while a batch is appended to it: it ends with a whole line before, and can be put back to that end."""

import os
import stat
from contextlib import suppress
from errno import EINVAL, ENOSPC
from pathlib import Path
from typing import Final, Self

from kitbash.archive.errors import telling

_APPEND: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PIECE: Final = 64 * 1024


class GrowingFile:
    """A regular file open for appending, by its only writer.

    What a crash left behind the last newline is cut off on opening: no append that returned can have written it, and
    a line appended to it would be lost with it.
    """

    def __init__(self, folder: int, path: Path) -> None:
        """Open a file in the folder of that descriptor, made for this user only. Raises ArchiveError."""
        self.path = path
        with telling("write", path):
            self._handle = os.open(path.name, _APPEND, 0o600, dir_fd=folder)
            try:
                self.size = _cut_torn_tail(self._handle)
            except BaseException:
                os.close(self._handle)
                raise

    def __enter__(self) -> Self:
        """Return the file, which the end of the block closes."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        os.close(self._handle)

    def write(self, data: bytes) -> None:
        """Append the data, on disk after `sync` only. Raises ArchiveError, and part of it may be there then."""
        rest = memoryview(data)
        with telling("write", self.path):
            while rest:
                written = os.write(self._handle, rest)
                if not written:
                    raise OSError(ENOSPC, os.strerror(ENOSPC))
                rest = rest[written:]

    def sync(self) -> None:
        """Have all of it on disk. Raises ArchiveError."""
        with telling("sync", self.path):
            os.fsync(self._handle)

    def put_back(self) -> None:
        """Take away what was written since opening, as far as the disk lets; never raises OSError."""
        with suppress(OSError):
            os.ftruncate(self._handle, self.size)
            os.fsync(self._handle)


def _cut_torn_tail(handle: int) -> int:
    """Have the file end behind its last newline; return where that is."""
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(EINVAL, "not a regular file")
    end, piece = found.st_size, 1  # Almost always the last byte is a newline.
    while end:
        begin = max(0, end - piece)
        newline = os.pread(handle, end - begin, begin).rfind(b"\n")
        if newline >= 0:
            end = begin + newline + 1
            break
        end, piece = begin, _PIECE
    if end < found.st_size:
        os.ftruncate(handle, end)
    return end
