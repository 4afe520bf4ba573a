"""What is raised when the archive's files cannot be used, in words that say what to try."""

import errno
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kitbash.errors import KitbashError

_FULL: Final = "free some space or raise the quota, then call again"
_CLOSED: Final = "let this user write there, then call again"
_NOT_OURS: Final = "only real files and folders are used; move it away, then call again"
_TRY: Final = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EROFS: _CLOSED,
    errno.EACCES: _CLOSED,
    errno.EPERM: _CLOSED,
    errno.ELOOP: _NOT_OURS,
    errno.ENOTDIR: _NOT_OURS,
    errno.EISDIR: _NOT_OURS,
    errno.EEXIST: _NOT_OURS,
    errno.EINVAL: _NOT_OURS,
}


class ArchiveError(KitbashError):
    """A file of the archive cannot be written or read; mend what the message names and call again."""


@contextmanager
def telling(verb: str, path: Path) -> Generator[None]:
    """Raise what the operating system refuses in this block as ArchiveError, with the file and what to try."""
    try:
        yield
    except OSError as error:
        advice = _TRY.get(error.errno or 0, "check the disk, then call again")
        message = f"the archive cannot {verb} {path}: {error.strerror or error}; {advice}"
        raise ArchiveError(message) from error
