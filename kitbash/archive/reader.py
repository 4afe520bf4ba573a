"""Reading a day's lines: what a crash or a bad disk left of a line is passed over and told."""

import zlib
from collections.abc import Iterator, Mapping
from gzip import BadGzipFile
from io import BufferedIOBase
from pathlib import Path
from typing import Any, Final

from kitbash.archive import layout
from kitbash.archive.entry import Kind
from kitbash.archive.errors import ArchiveError, telling
from kitbash.archive.layout import LOGS
from kitbash.archive.line import MAX_BYTES, decode
from kitbash.archive.segments import segments
from kitbash.archive.skipped import Fault, Skipped

_PIECE: Final = 1024 * 1024


def days(root: Path) -> list[str]:
    """Return the days with files of the archive, `YYYY-MM-DD`, oldest first. Raises ArchiveError."""
    logs = root / LOGS
    with telling("read", logs):
        try:
            found = sorted(path for path in logs.iterdir() if layout.is_day(path.name) and path.is_dir())
            return [path.name for path in found if any(layout.parse_file(file.name) for file in path.iterdir())]
        except FileNotFoundError:
            return []


def read(
    root: Path, day: str, kind: Kind, skipped: Skipped | None = None, *, query_id: str = ""
) -> Iterator[Mapping[str, Any]]:
    """Yield the lines of a kind in a day, in order of writing; only those of one query, if it is given.

    A line that is not whole is passed over and counted in `skipped`. Nothing is locked: what is appended meanwhile
    may be read or not. Raises UsageError for a day that is none, and ArchiveError for a file that cannot be read, a
    line of another version or a line of over 16 MB.
    """
    return _read(root / LOGS / layout.check_day(day), kind, Skipped() if skipped is None else skipped, query_id)


def _read(day: Path, kind: Kind, skipped: Skipped, query_id: str) -> Iterator[Mapping[str, Any]]:
    # Most lines of other queries need no parsing to be told apart.
    about = query_id.encode("utf-8", "backslashreplace")
    for path, file in segments(day, kind):
        passed_over = False
        for number, data in _whole_lines(path, file, skipped):
            if passed_over:
                skipped.note(path, Fault.BAD)
                passed_over = False
            if about not in data:
                continue
            value = decode(data, path, number)
            if value is None:
                passed_over = True
            elif not query_id or value["query_id"] == query_id:
                yield value
        if passed_over:
            skipped.note(path, Fault.TORN)


def _whole_lines(path: Path, file: BufferedIOBase, skipped: Skipped) -> Iterator[tuple[int, bytes]]:
    """Yield what ends in a newline, numbered from 1."""
    with telling("read", path):
        try:
            for number, data in enumerate(iter(lambda: _line(file), b""), 1):
                if not data.endswith(b"\n"):
                    skipped.note(path, Fault.TORN)
                    return
                if len(data) > MAX_BYTES:
                    message = (
                        f"{path}, line {number}, is over {MAX_BYTES} bytes long; none of the archive's is: cut it out"
                    )
                    raise ArchiveError(message)
                yield number, data
        except (EOFError, BadGzipFile, zlib.error):
            skipped.note(path, Fault.DAMAGED)


def _line(file: BufferedIOBase) -> bytes:
    """Return the next line; of one that is too long only as much as says so, and whether it ends."""
    data = file.readline(MAX_BYTES + 1)
    if len(data) <= MAX_BYTES or data.endswith(b"\n"):
        return data
    while piece := file.readline(_PIECE):
        if piece.endswith(b"\n"):
            return data + b"\n"
    return data
