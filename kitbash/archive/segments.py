"""The files of a kind in a day, in order of writing, however they lie on disk; no lock is taken.

A writer may seal a file and a tidier may compress it while it is looked for. The growing file is opened before the
sealed ones are looked for: where none is found then, what was opened follows the last that was read.
"""

import gzip
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path

from kitbash.archive import layout
from kitbash.archive.entry import Kind
from kitbash.archive.errors import telling
from kitbash.archive.layout import FileName, Form

Segment = tuple[Path, BufferedIOBase]


def segments(day: Path, kind: Kind) -> Iterator[Segment]:
    """Yield each file of a kind in the folder of a day, open for reading until the next; none if it does not exist.

    A file that lies there both plain and compressed is yielded once. Raises ArchiveError.
    """
    last = 0
    while True:
        growing = _open(day / str(FileName(kind)))
        with _closing(growing):
            sealed = _sealed_after(day, kind, last)
            if not sealed:
                if growing:
                    yield growing
                return
        last, segment = sealed
        with _closing(segment):
            yield segment


def _sealed_after(day: Path, kind: Kind, last: int) -> tuple[int, Segment] | None:
    """Open the sealed file with the next number there is."""
    # The next number is tried by its name first: a listing may miss what is renamed meanwhile.
    segment = _open_sealed(day, kind, last + 1)
    if segment:
        return last + 1, segment
    for number in _numbers(day, kind):
        if number > last:
            segment = _open_sealed(day, kind, number)
            if segment:
                return number, segment
    return None


def _open_sealed(day: Path, kind: Kind, number: int) -> Segment | None:
    # The plain file goes after its compressed twin is there, so one of them is met in this order.
    return _open(day / str(FileName(kind, number))) or _open(day / str(FileName(kind, number, Form.GZ)))


def _numbers(day: Path, kind: Kind) -> list[int]:
    with telling("read", day):
        try:
            found = [layout.parse_file(path.name) for path in day.iterdir()]
        except FileNotFoundError:
            return []
    return sorted({file.number for file in found if file and file.kind is kind and file.form is not Form.PART})


def _open(path: Path) -> Segment | None:
    with telling("read", path):
        try:
            return path, (gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb"))
        except FileNotFoundError:
            return None


@contextmanager
def _closing(segment: Segment | None) -> Generator[None]:
    try:
        yield
    finally:
        if segment:
            segment[1].close()
