"""A cartridge folder replaced as a whole: after a crash there is the old one or the new one, never a mixture.

The new folder is written beside the old one and synced; two renames swap them. Between the renames the old folder
stands under its aside name, where readers find it (`layout.folders`); the next build puts it back. Files and folders
are synced before the swap, so this also holds after a power loss.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from kitbash.errors import KnowledgeError
from kitbash.knowledge.layout import ASIDE

_WORK: Final = ".building-"
_LOCK: Final = ".building.lock"
_held: Final[ContextVar[frozenset[Path]]] = ContextVar("held", default=frozenset())


@contextmanager
def writing(where: Path) -> Generator[None]:
    """Be the only writer of a folder's cartridges for a block; what a crashed writer left is put right first.

    A second writer waits. May be nested in one thread.
    """
    held = _held.get()
    if where in held:
        yield
        return
    try:
        where.mkdir(parents=True, exist_ok=True)
        lock = (where / _LOCK).open("a")
    except OSError as error:
        message = f"cartridges cannot be written to {where}: {error}"
        raise KnowledgeError(message) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        token = _held.set(held | {where})
        try:
            _recover(where)
            yield
        finally:
            _held.reset(token)


@contextmanager
def replacing(target: Path) -> Generator[Path]:
    """Give an empty folder to fill; when the block ends well it stands in place of `target`, else nothing changed."""
    with writing(target.parent):
        work = Path(tempfile.mkdtemp(prefix=_WORK, dir=target.parent))
        try:
            yield work
            work.chmod(0o755)
            _sync(work)
            _swap(work, target)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def written(path: Path, text: str) -> None:
    """Have a file hold a text, synced to disk, whole or as it was before; the caller is the only writer."""
    handle, name = tempfile.mkstemp(prefix=_WORK, dir=path.parent)
    work = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        work.chmod(0o644)
        work.replace(path)
        _sync_folder(path.parent)
    finally:
        work.unlink(missing_ok=True)


def _swap(work: Path, target: Path) -> None:
    aside = target.with_name(target.name + ASIDE)
    if target.exists():
        target.rename(aside)
    work.rename(target)
    _sync_folder(target.parent)
    shutil.rmtree(aside, ignore_errors=True)


def _recover(where: Path) -> None:
    """Finish what a crashed writer left; the caller holds the lock."""
    for aside in where.glob(f"*{ASIDE}"):
        target = aside.with_name(aside.name.removesuffix(ASIDE))
        if target.exists():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            aside.rename(target)
    for work in where.glob(f"{_WORK}*/"):
        shutil.rmtree(work, ignore_errors=True)


def _sync(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        else:
            _sync_folder(path)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
