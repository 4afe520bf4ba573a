"""Days that are over: compressed the day after, deleted when they are too old.

A compressed file is written aside, synced and renamed before the plain one goes. A crash leaves the plain file, or both
with the same content; the next tidying goes on from there.
"""

import gzip
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from kitbash.archive import folder, layout, rotation
from kitbash.archive.entry import Tidied
from kitbash.archive.errors import ArchiveError, telling
from kitbash.archive.growing import GrowingFile
from kitbash.archive.layout import DAY_MS, LOGS, FileName, Form

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_ASIDE: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_LEVEL: Final = 6


def tidy(root: Path, now_ms: int, keep_days: int, *, most: int | None = None) -> Tidied:
    """Have every day before today compressed, and every day more than `keep_days` before today deleted (0: none).

    Today is that of `now_ms`, milliseconds since 1970, UTC. Appends go on meanwhile. Only files the archive names are
    touched: others stay, and their folder with them. Does nothing while another process tidies. A file that cannot
    be tidied does not stop the others; raises ArchiveError for the first of them when all is done. The same again
    changes nothing. With `most` no more files than that are compressed: the rest is left to the next time.
    """
    if not (root / LOGS).is_dir():
        return Tidied()
    failed: list[ArchiveError] = []
    deleted: list[str] = []
    compressed = 0
    with folder.tidying(root) as alone:
        days = _days(root) if alone else []
        today = layout.day_of(now_ms)
        oldest = layout.day_of(max(0, now_ms - keep_days * DAY_MS)) if keep_days else ""
        for day in days:
            with _collected(failed):
                if day < oldest and _delete(root, day):
                    deleted.append(day)
        for day in days:
            if oldest <= day < today:
                with _collected(failed):
                    _seal_all(root, day)
                    for file in _files(root, day):
                        if file.number and file.form is Form.PLAIN and (most is None or compressed < most):
                            with _collected(failed):
                                _compress(root, day, file)
                                compressed += 1
    if failed:
        raise failed[0]
    return Tidied(compressed, tuple(deleted))


@contextmanager
def _collected(failed: list[ArchiveError]) -> Generator[None]:
    try:
        yield
    except ArchiveError as error:
        failed.append(error)


def _days(root: Path) -> list[str]:
    with telling("read", root / LOGS), os.scandir(root / LOGS) as found:
        return sorted(it.name for it in found if layout.is_day(it.name) and it.is_dir(follow_symlinks=False))


def _files(root: Path, day: str) -> list[FileName]:
    path = root / LOGS / day
    with telling("read", path), os.scandir(path) as found:
        files = [layout.parse_file(it.name) for it in found if it.is_file(follow_symlinks=False)]
    return sorted((file for file in files if file), key=lambda file: (file.kind, file.number, file.form))


def _delete(root: Path, day: str) -> bool:
    """Delete a day's files; return whether there were any."""
    path = root / LOGS / day
    with folder.writing(root) as logs:
        files = _files(root, day)
        with folder.inside(logs, day, path, make=False) as at:
            for file in files:
                with telling("delete", path / str(file)):
                    os.unlink(str(file), dir_fd=at)
        with telling("delete", path):
            with suppress(OSError):  # something else lies in it
                os.rmdir(day, dir_fd=logs)
            os.fsync(logs)
    return bool(files)


def _seal_all(root: Path, day: str) -> None:
    """Seal what was still appended to; an empty file goes."""
    path = root / LOGS / day
    growing = [file for file in _files(root, day) if not file.number]
    if not growing:
        return
    with folder.writing(root) as logs, folder.inside(logs, day, path, make=False) as at:
        for file in growing:
            with GrowingFile(at, path / str(file)) as opened:
                opened.sync()
                empty = not opened.size
            if empty:
                with telling("delete", path / str(file)):
                    os.unlink(str(file), dir_fd=at)
            else:
                rotation.seal(at, path, file.kind)


def _compress(root: Path, day: str, file: FileName) -> None:
    """Replace a sealed file by its compressed twin, the same bytes each time."""
    path = root / LOGS / day
    plain, twin = str(file), str(FileName(file.kind, file.number, Form.GZ))
    aside = str(FileName(file.kind, file.number, Form.PART))
    with (
        telling("compress", path / plain),
        _handle(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)) as at,
    ):
        try:
            with (
                os.fdopen(os.open(plain, _READ, dir_fd=at), "rb") as source,
                os.fdopen(os.open(aside, _ASIDE, 0o600, dir_fd=at), "wb") as target,
            ):
                with gzip.GzipFile("", "wb", _LEVEL, target, mtime=0) as packed:
                    shutil.copyfileobj(source, packed, 1024 * 1024)
                target.flush()
                os.fsync(target.fileno())
            os.rename(aside, twin, src_dir_fd=at, dst_dir_fd=at)
            os.fsync(at)
        except BaseException:
            with suppress(OSError):
                os.unlink(aside, dir_fd=at)
            raise
        os.unlink(plain, dir_fd=at)


@contextmanager
def _handle(handle: int) -> Generator[int]:
    try:
        yield handle
    finally:
        os.close(handle)
