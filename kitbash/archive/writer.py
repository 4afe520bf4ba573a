"""Appending a batch of ended queries: all of it is on disk afterwards, or none of it is read.

The lines of QUERY_TRACES are written last, when all others of the batch are on disk: where a query's trace is read,
the rest of it is there, whatever happened in between.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from kitbash.archive import folder, layout, line, rotation, tidying
from kitbash.archive.entry import Entry, Kind, Tidied
from kitbash.archive.growing import GrowingFile
from kitbash.archive.layout import LOGS, FileName
from kitbash.errors import UsageError

_Batch = dict[tuple[str, Kind], list[bytes]]


class Archive:
    """The archive in a folder, for writing. Any number of threads and processes of one machine may have one each."""

    def __init__(self, root: Path, *, max_bytes: int, keep_days: int) -> None:
        """Name the folder; nothing is made yet.

        A file that a batch would grow beyond `max_bytes` is sealed first; only one that a single batch fills may be
        larger. Days are kept for `keep_days` days after their own, 0 for ever. Raises UsageError for numbers below
        1 and 0.
        """
        if max_bytes < 1 or keep_days < 0:
            message = f"an archive of files of {max_bytes} bytes, kept {keep_days} days, cannot be; raise the numbers"
            raise UsageError(message)
        self._root = root
        self._max_bytes = max_bytes
        self._keep_days = keep_days

    def append(self, entries: Sequence[Entry]) -> None:
        """Have every line of these entries on disk, each query's under a token of this append.

        Another writer is waited for. Raises UsageError before anything is written if an entry cannot be, and
        ArchiveError if the disk refuses: what was written is taken away again, and the same entries can be appended
        later. A process killed in here leaves no trace line whose other lines are missing. Appending a query again
        is allowed; the last one is read.
        """
        batch: _Batch = defaultdict(list)
        for entry in entries:
            day = layout.day_of(entry.ended_ms)
            for kind, data in line.encode(entry):
                batch[day, kind].append(data)
        if not batch:
            return
        with folder.writing(self._root) as logs, ExitStack() as opened:
            touched: list[GrowingFile] = []
            try:
                self._write(logs, {at: batch[at] for at in batch if at[1] is not Kind.QUERY_TRACES}, opened, touched)
                self._write(logs, {at: batch[at] for at in batch if at[1] is Kind.QUERY_TRACES}, opened, touched)
            except BaseException:  # also what a signal raises, such as a task's soft time limit
                for file in touched:
                    file.put_back()
                raise

    def tidy(self, now_ms: int, *, most: int | None = None) -> Tidied:
        """Have the days before today compressed and those older than `keep_days` deleted; see `tidying.tidy`."""
        return tidying.tidy(self._root, now_ms, self._keep_days, most=most)

    def _write(self, logs: int, batch: _Batch, opened: ExitStack, touched: list[GrowingFile]) -> None:
        written: list[GrowingFile] = []
        begun: set[str] = set()
        for day, kind in batch:
            path = self._root / LOGS / day
            data = b"".join(batch[day, kind])
            with folder.inside(logs, day, path) as at:
                file = opened.enter_context(self._with_room(len(data), at, path, kind))
            touched.append(file)
            written.append(file)
            if not file.size:
                begun.add(day)
            file.write(data)
        for file in written:
            file.sync()
        for day in begun:
            folder.sync_up(self._root, day)

    def _with_room(self, bytes_: int, at: int, path: Path, kind: Kind) -> GrowingFile:
        name = path / str(FileName(kind))
        file = GrowingFile(at, name)
        if not file.size or file.size + bytes_ <= self._max_bytes:
            return file
        with file:
            file.sync()
            rotation.seal(at, path, kind)
        return GrowingFile(at, name)
