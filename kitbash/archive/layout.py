"""What the archive's folders and files are called.

`logs/YYYY-MM-DD/<kind>.jsonl` is appended to. A full one is sealed as `<kind>.<n>.jsonl`, n from 1 in order of writing;
a sealed file never changes again, so its compressed twin `<kind>.<n>.jsonl.gz` always holds the same. Nothing with
another name is the archive's.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from kitbash.archive.entry import Kind
from kitbash.errors import UsageError

LOGS: Final = "logs"

DAY_MS: Final = 86_400_000
_EPOCH: Final = date(1970, 1, 1)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FILE: Final = re.compile(rf"({'|'.join(Kind)})\.(?:([1-9][0-9]{{0,8}})\.(jsonl(?:\.gz(?:\.part)?)?)|jsonl)")


class Form(StrEnum):
    """How a file's lines lie on disk; the value is what its name ends with."""

    PLAIN = "jsonl"
    GZ = "jsonl.gz"
    PART = "jsonl.gz.part"
    """Being compressed, or left by a crash in that; never read."""


@dataclass(frozen=True, slots=True)
class FileName:
    """The name of one file of a day; `number` 0 is the one that is appended to."""

    kind: Kind
    number: int = 0
    form: Form = Form.PLAIN

    def __str__(self) -> str:
        """Return the name as it stands on disk."""
        return f"{self.kind}.{self.number}.{self.form}" if self.number else f"{self.kind}.{self.form}"


def parse_file(name: str) -> FileName | None:
    """Return what a file's name says, None if it is not one of the archive's."""
    match = _FILE.fullmatch(name)
    if not match:
        return None
    kind, number, form = match.groups()
    return FileName(Kind(kind), int(number or 0), Form(form or Form.PLAIN))


def day_of(ms: int) -> str:
    """Return the day (UTC) of a moment in milliseconds since 1970. Raises UsageError if no date can name it."""
    try:
        return (_EPOCH + timedelta(days=ms // DAY_MS)).isoformat()
    except OverflowError:
        message = f"{ms} is no moment of the calendar; give milliseconds since 1970"
        raise UsageError(message) from None


def is_day(name: str) -> bool:
    """Return whether a text is a real date as the archive writes it."""
    if not _DAY.fullmatch(name):
        return False
    try:
        date.fromisoformat(name)
    except ValueError:
        return False
    return True


def check_day(text: str) -> str:
    """Return a day that may become part of a path. Raises UsageError for anything but a real `YYYY-MM-DD`."""
    if not is_day(text):
        shown = text[:40].encode("ascii", "replace").decode()
        message = f"{shown!r} is not a day; write it as YYYY-MM-DD"
        raise UsageError(message)
    return text
