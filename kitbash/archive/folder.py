"""The archive's folders, entered one by one without following links, by one writer at a time.

Locks are the operating system's: they end with the process that holds them, however it ends. Appending and tidying
have a lock each, so that nobody waits while a day is compressed.
"""

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from kitbash.archive.errors import ArchiveError, telling
from kitbash.archive.layout import LOGS

APPEND_LOCK: Final = ".archive.lock"
TIDY_LOCK: Final = ".archive.tidy.lock"

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_LOCK_FILE: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


WAIT_S: Final = 3.0
"""How long a writer waits for another one; an append takes milliseconds."""
_POLL_S: Final = 0.01


@contextmanager
def writing(root: Path) -> Generator[int]:
    """Be the only one on this machine who appends, seals or deletes, for a block; give the folder of days.

    Makes what is missing, for this user only. Another writer waits, for `WAIT_S` at most. Raises ArchiveError.
    """
    with telling("make", root):
        _make(root)
    with _root(root) as held, _lock(held, root / APPEND_LOCK) as lock:
        _wait_for(lock, root / APPEND_LOCK)
        with inside(held, LOGS, root / LOGS) as logs:
            yield logs


def _wait_for(lock: int, path: Path) -> None:
    """Hold a lock. Raises ArchiveError when another process keeps it: it may be stopped, and others must go on."""
    ends_s = time.monotonic() + WAIT_S
    with telling("lock", path):
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= ends_s:
                    message = f"the archive is held by another process ({path}); wait for it or end it, then call again"
                    raise ArchiveError(message) from None
                time.sleep(_POLL_S)
            else:
                return


@contextmanager
def tidying(root: Path) -> Generator[bool]:
    """Be the only one who compresses, for a block, or get False because another is. Raises ArchiveError."""
    with _root(root) as held, _lock(held, root / TIDY_LOCK) as lock:
        alone = True
        with telling("lock", root / TIDY_LOCK):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                alone = False
        yield alone


@contextmanager
def inside(parent: int, name: str, path: Path, *, make: bool = True) -> Generator[int]:
    """Give the descriptor of a folder in a folder, made if it is missing; a link is refused. Raises ArchiveError."""
    with telling("use", path):
        if make:
            with suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=parent)
        handle = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=parent)
    try:
        yield handle
    finally:
        os.close(handle)


def sync_up(root: Path, day: str) -> None:
    """Have a new file in a day be there after a power loss, with every folder on the way to it."""
    for path in (root / LOGS / day, root / LOGS, root):
        with telling("sync", path):
            handle = os.open(path, _FOLDER)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _make(root: Path) -> None:
    try:
        root.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        return
    handle = os.open(root.parent, _FOLDER)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _root(root: Path) -> Generator[int]:
    # The root itself may be a link: where the archive lies is for its owner to say.
    with telling("use", root):
        handle = os.open(root, _FOLDER)
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _lock(root: int, path: Path) -> Generator[int]:
    with telling("lock", path):
        handle = os.open(path.name, _LOCK_FILE, 0o600, dir_fd=root)
    try:
        yield handle
    finally:
        os.close(handle)
