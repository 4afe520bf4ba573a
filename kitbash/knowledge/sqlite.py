"""SQLite files read as hostile input: read-only, immutable, without triggers, views or anything that acts.

Opening never writes, takes no lock and leaves no `-wal` or `-journal` file beside the database.
"""

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote

from kitbash.errors import KnowledgeError

MAX_STEPS: Final = 2_000_000_000
"""Virtual machine steps one statement may take before it is stopped."""
_STEPS: Final = 1_000_000

_HEADER_BYTES: Final = 100
_HEADER: Final = b"SQLite format 3\x00"
_READS: Final = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)


def _only_reading(action: int, argument: str | None, *_: str | None) -> int:
    if action in _READS and argument != "load_extension":
        return sqlite3.SQLITE_OK
    # FTS5 asks for its own settings when it opens a table.
    if action == sqlite3.SQLITE_PRAGMA and argument == "data_version":
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


class Reader:
    """A complete, plain database that can only be read. Safe to share between threads; not across a fork."""

    def __init__(self, path: Path, *, objects: frozenset[str] | None = None, fts: str | None = None) -> None:
        """Open a database.

        It may hold plain tables and indexes, but no view, trigger or virtual table. With `objects` it may hold those
        only, and one of them may be the full-text table `fts`. Raises KnowledgeError naming what is wrong.
        """
        _check_size(path)
        self.path = path
        self._steps_left = 0
        # SQLite calls back (authorizer, progress) while it holds its connection, and Python waits for that connection
        # while it holds the interpreter: two threads inside at once would wait for each other for ever.
        self._alone = threading.Lock()
        uri = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
        try:
            self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False, cached_statements=32)
        except sqlite3.Error as error:
            raise _broken(path, error) from error
        try:
            for pragma in ("trusted_schema=OFF", "query_only=ON", "cell_size_check=ON"):
                self._connection.execute(f"PRAGMA {pragma}").close()
            _check_schema(path, self._connection, objects, fts)
            if fts is not None:
                # FTS5 declares its table when first touched, which the authorizer would take for a write.
                self._connection.execute(f'SELECT 1 FROM "{fts}" LIMIT 0').close()  # noqa: S608 - our own name
            self._connection.set_authorizer(_only_reading)
            self._connection.set_progress_handler(self._step, _STEPS)
        except sqlite3.Error as error:
            self._connection.close()
            raise _broken(path, error) from error
        except KnowledgeError:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        """Return the reader itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; the reader cannot be used afterwards."""
        with self._alone:
            self._connection.close()

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of one statement. Raises KnowledgeError if the file is damaged or it takes too long."""
        with self._alone:
            self._steps_left = MAX_STEPS // _STEPS
            try:
                return self._connection.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise _broken(self.path, error) from error

    def columns(self, table: str) -> frozenset[str]:
        """Return the names of a table's columns, none if there is no such table. The name is never outside text."""
        if not self.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)):
            return frozenset()
        with self._alone, closing(self._connection.execute(f'SELECT * FROM "{table}" LIMIT 0')) as cursor:  # noqa: S608 - our own name
            return frozenset(str(column[0]) for column in cursor.description)

    def _step(self) -> int:
        self._steps_left -= 1
        return int(self._steps_left < 0)


def _check_size(path: Path) -> None:
    if not path.is_file():
        message = f"{path} cannot be read: it is missing, or no plain file; build or import the cartridge again"
        raise KnowledgeError(message)
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
        size_bytes = path.stat().st_size
    except OSError as error:
        raise _broken(path, error) from error
    if not header.startswith(_HEADER) or len(header) < _HEADER_BYTES:
        message = f"{path} is not a SQLite database; build or import the cartridge again"
        raise KnowledgeError(message)
    page_bytes = int.from_bytes(header[16:18], "big")
    page_bytes = 65_536 if page_bytes == 1 else page_bytes
    pages = int.from_bytes(header[28:32], "big")
    if size_bytes < pages * page_bytes:
        message = f"{path} is cut short: {size_bytes} of {pages * page_bytes} bytes; build or import it again"
        raise KnowledgeError(message)


def _check_schema(path: Path, connection: sqlite3.Connection, objects: frozenset[str] | None, fts: str | None) -> None:
    for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master"):
        words = " ".join(str(sql or "").upper().split())
        if words.startswith("CREATE VIRTUAL"):
            allowed = name == fts and words.startswith(f"CREATE VIRTUAL TABLE {name.upper()} USING FTS5(")
        else:
            allowed = kind in {"table", "index"} and (objects is None or name in objects)
        if allowed and kind == "table":
            quoted = str(name).replace('"', '""')
            columns = connection.execute(f'PRAGMA table_xinfo("{quoted}")').fetchall()
            # 2 and 3 are columns that an expression computes when they are read.
            allowed = all(column[6] in {0, 1} for column in columns)
        if not allowed:
            message = f"{path} holds a {kind} {str(name)!r}, which a cartridge may not have; it was not opened"
            raise KnowledgeError(message)


def _broken(path: Path, error: Exception) -> KnowledgeError:
    return KnowledgeError(f"{path} cannot be read: {error}; build or import the cartridge again")
