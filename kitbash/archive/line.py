"""One line of the archive: a JSON object with its version, its query and the append it came with."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

from kitbash.archive.entry import SCHEMA_VERSION, Entry, Kind
from kitbash.archive.errors import ArchiveError
from kitbash.domain.ids import new_token, parse_query_id
from kitbash.errors import UsageError

MAX_BYTES: Final = 16 * 1024 * 1024
"""A line with its newline is at most this long."""

_OURS: Final = frozenset({"v", "query_id", "append", "amends"})
_JSON: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def encode(entry: Entry) -> Iterator[tuple[Kind, bytes]]:
    """Yield the lines of an entry, each with its kind; all carry one token, which no other append has.

    Raises UsageError if the id is not one of Kitbash's, or a line is not JSON (NaN is not), is over 16 MB or names a
    field that the archive sets itself.
    """
    marks = ',"amends":true' if entry.amends else ""
    query_id = parse_query_id(entry.query_id)
    head = f'{{"v":{SCHEMA_VERSION},"query_id":"{query_id}","append":"{new_token()}"{marks}'
    for kind, lines in entry.lines.items():
        for fields in lines:
            # A text that is not a kind must not become a file's name, whatever the types say.
            yield Kind(kind), _line(head, fields, f"a line in {kind} of query {query_id}")


def _line(head: str, fields: Mapping[str, object], what: str) -> bytes:
    if not _OURS.isdisjoint(fields):
        message = f"{what} sets {', '.join(sorted(_OURS & fields.keys()))}, which the archive does; leave it out"
        raise UsageError(message)
    try:
        body = _JSON.encode(dict(fields))[1:]
    except (TypeError, ValueError, RecursionError) as error:
        message = f"{what} cannot be written as JSON: {error}; give only texts, finite numbers, lists and objects"
        raise UsageError(message) from error
    # Only lone surrogates have no UTF-8; they are replaced by what JSON escapes them as.
    line = f"{head},{body}\n" if fields else f"{head}}}\n"
    data = line.encode("utf-8", "backslashreplace")
    if len(data) > MAX_BYTES:
        message = f"{what} is {len(data)} bytes long; at most {MAX_BYTES} can be read again"
        raise UsageError(message)
    return data


def decode(data: bytes, path: Path, number: int) -> dict[str, Any] | None:
    """Return the object of a line, None if it is not one that was ever written whole.

    `number` counts the file's lines from 1. Raises ArchiveError for a line of another version, which must not be
    guessed at.
    """
    try:
        value: Any = json.loads(str(data, "utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    line = cast("dict[str, Any]", value)
    if "v" not in line or not isinstance(line.get("query_id"), str):
        return None
    version: object = line["v"]
    if type(version) is not int or version != SCHEMA_VERSION:  # True is 1 too
        message = (
            f"{path}, line {number}, is of version {version!r}; this Kitbash reads version {SCHEMA_VERSION}: "
            f"use the one that wrote it"
        )
        raise ArchiveError(message)
    return line
