"""A file that is appended to becomes a sealed one: it gets the next number and never changes again."""

import os
from pathlib import Path

from kitbash.archive import layout
from kitbash.archive.entry import Kind
from kitbash.archive.errors import telling
from kitbash.archive.layout import FileName


def seal(folder: int, path: Path, kind: Kind) -> None:
    """Rename the growing file of a kind in a day to the next free number, on disk when this returns.

    The caller is the only writer and has synced the file. Raises ArchiveError.
    """
    with telling("rotate", path / str(FileName(kind))):
        used = [file.number for file in map(layout.parse_file, os.listdir(folder)) if file and file.kind is kind]
        sealed = FileName(kind, max(used, default=0) + 1)
        os.rename(str(FileName(kind)), str(sealed), src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
