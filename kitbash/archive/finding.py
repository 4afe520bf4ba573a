"""Queries put together again from their lines, each once, though it may have been appended more than once."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from kitbash.archive import layout, reader
from kitbash.archive.entry import Kind
from kitbash.archive.errors import telling
from kitbash.archive.layout import DAY_MS, LOGS
from kitbash.archive.skipped import Skipped
from kitbash.domain.ids import parse_query_id
from kitbash.errors import UsageError

_MS_DIGITS: Final = 12
_DAYS_AFTER: Final = 1
"""A query may end on the day after it was asked."""
_DAYS_BEFORE: Final = 1
"""An id has the time of who asked, the end that of the server: shortly after midnight it may still be yesterday."""


@dataclass(frozen=True, slots=True)
class Archived:
    """All that is archived of one query: its trace, and the lines of the other kinds, amendments last."""

    query_id: str
    day: str
    trace: Mapping[str, Any]
    lines: Mapping[Kind, tuple[Mapping[str, Any], ...]]


def queries(root: Path, day: str, skipped: Skipped | None = None) -> Iterator[Mapping[str, Any]]:
    """Yield each query's trace of a day once, the last that was appended, in the order in which they first came.

    The day is read twice and never held: ids are in memory, traces of queries appended again in a temporary file.
    Raises as `reader.read` does.
    """
    return _queries(root, layout.check_day(day), skipped)


def _queries(root: Path, day: str, skipped: Skipped | None) -> Iterator[Mapping[str, Any]]:
    with telling("use a temporary file to read", root / LOGS / day), tempfile.TemporaryFile() as again:
        seen: set[str] = set()
        last_at: dict[str, int] = {}
        for trace in reader.read(root, day, Kind.QUERY_TRACES, skipped):
            query_id = trace["query_id"]
            if query_id in seen:
                last_at[query_id] = again.tell()
                again.write(json.dumps(trace).encode() + b"\n")
            seen.add(query_id)
        for trace in reader.read(root, day, Kind.QUERY_TRACES):
            query_id = trace["query_id"]
            if query_id in seen:
                seen.remove(query_id)
                yield _at(again, last_at[query_id]) if query_id in last_at else trace


def _at(file: IO[bytes], offset: int) -> Mapping[str, Any]:
    file.seek(offset)
    return json.loads(file.readline())


def find(root: Path, query_id: str, skipped: Skipped | None = None) -> Archived | None:
    """Return what is archived of a query, None if its trace is not.

    Looks into the day the id was made, the one after it and the one before, the latest first. Of a query appended more
    than once the last append counts; amendments are kept whichever append they followed, each once, the last one last.
    Raises UsageError if the id is not one of Kitbash's, and ArchiveError as `reader.read` does.
    """
    made_ms = int(parse_query_id(query_id)[:_MS_DIGITS], 16)
    for later in range(_DAYS_AFTER, -_DAYS_BEFORE - 1, -1):
        try:
            day = layout.day_of(made_ms + later * DAY_MS)
        except UsageError:  # An id can name a moment that no date can.
            continue
        trace: Mapping[str, Any] = {}
        for appended in reader.read(root, day, Kind.QUERY_TRACES, skipped, query_id=query_id):
            trace = appended
        if trace:
            others = [kind for kind in Kind if kind is not Kind.QUERY_TRACES]
            lines = {kind: _lines(root, day, kind, trace, skipped) for kind in others}
            return Archived(query_id, day, trace, lines)
    return None


def _lines(
    root: Path, day: str, kind: Kind, trace: Mapping[str, Any], skipped: Skipped | None
) -> tuple[Mapping[str, Any], ...]:
    own: list[Mapping[str, Any]] = []
    amending: dict[str, Mapping[str, Any]] = {}
    for line in reader.read(root, day, kind, skipped, query_id=trace["query_id"]):
        if line.get("amends"):
            said = json.dumps({name: value for name, value in line.items() if name != "append"}, sort_keys=True)
            amending.pop(said, None)
            amending[said] = line
        elif line.get("append") == trace.get("append"):
            own.append(line)
    return (*own, *amending.values())
