"""What every value of the bus is checked for when it is made: shape of ids, length and cleanness of texts, ranges."""

import math
import os
import re
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

from kitbash.swarm.errors import Invalid

Member = TypeVar("Member", bound=Enum)

MAX_NAME_CHARS: Final = 255
_SEPARATORS: Final = ("", "T", " ")
MAX_TTL_S: Final = 30 * 86_400
_NAME_IN_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
"""Control characters but tab and newline, halves of characters, and what turns the direction of a text around."""


def new_id() -> str:
    """Return a fresh UUIDv7 (RFC 9562): 48 bits of milliseconds since 1970, then 74 random bits."""
    head = f"{time.time_ns() // 1_000_000:012x}"
    low = os.urandom(10).hex()
    # RFC 9562: the version is 7, the two highest bits of the fourth group are 10.
    return f"{head[:8]}-{head[8:]}-7{low[:3]}-{'89ab'[int(low[3], 16) & 3]}{low[4:7]}-{low[7:19]}"


def now() -> datetime:
    """Return the present time in UTC, aware of it."""
    return datetime.now(UTC)


def now_text() -> str:
    """Return the present time in UTC as `now().isoformat()` writes it, always with microseconds, and twice as fast."""
    second, rest_ns = divmod(time.time_ns(), 1_000_000_000)
    return f"{_second_text(second)}.{rest_ns // 1000:06d}+00:00"


@lru_cache(maxsize=1)
def _second_text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def is_name(value: object) -> bool:
    """Return whether a value is a name that may stand in a key."""
    return isinstance(value, str) and _NAME_IN_KEY.fullmatch(value) is not None


def name_in_key(value: str, field: str) -> str:
    """Return a name that may stand in a key. Raises Invalid for any other."""
    if not is_name(value):
        message = f"{field} {_shown(value)} is not 1 to 64 letters, digits, hyphens or underscores; choose another"
        raise Invalid(message)
    return value


def text(value: str, field: str, *, most_chars: int, is_needed: bool = False) -> str:
    """Return a text as it is. Raises Invalid if it is too long, holds control characters, or is needed and empty."""
    if not isinstance(cast("object", value), str):
        message = f"{field} must be a text, not {_shown(value)}"
        raise Invalid(message)
    if len(value) > most_chars:
        message = f"{field} has {len(value):,} characters, at most {most_chars:,} are taken; keep the rest elsewhere"
        raise Invalid(message)
    # All that is refused is not printable, and most texts are.
    found = None if value.isprintable() else _CONTROL.search(value)
    if found:
        message = f"{field} holds the control character U+{ord(found[0]):04X} at {found.start()}; send plain text"
        raise Invalid(message)
    if is_needed and not value.strip():
        message = f"{field} is empty; say something"
        raise Invalid(message)
    return value


def texts(values: Iterable[str], field: str, *, most: int, most_chars: int) -> tuple[str, ...]:
    """Return texts as they are. Raises Invalid if there are too many, or one of them is no fit text."""
    if not isinstance(cast("object", values), Iterable):
        message = f"{field} must be a list of texts, not {_shown(values)}"
        raise Invalid(message)
    found = (values,) if isinstance(values, str) else tuple(values)
    if len(found) > most:
        message = f"{field} has {len(found):,} entries, at most {most:,} are taken"
        raise Invalid(message)
    for value in found:
        text(value, field, most_chars=most_chars)
    return found


def fraction(value: object, field: str) -> float:
    """Return a number from 0 to 1 as a float. Raises Invalid for any other, and for what is no number."""
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not 0.0 <= number <= 1.0:
        message = f"{field} must be a number from 0 to 1, not {_shown(value)}"
        raise Invalid(message)
    return float(number)


def whole(value: object, field: str, *, least: int, most: int) -> int:
    """Return a whole number in a range. Raises Invalid for any other, and for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        message = f"{field} must be a whole number from {least} to {most}, not {_shown(value)}"
        raise Invalid(message)
    return value


def mapping(value: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """Return a mapping as it is. Raises Invalid for anything else."""
    if not isinstance(cast("object", value), Mapping):
        message = f"{field} must be a mapping from names to values, not {_shown(value)}"
        raise Invalid(message)
    return value


def ttl_s(value: object, field: str = "ttl_seconds") -> int:
    """Return a time to live in seconds, 1 to 30 days. Raises Invalid for any other."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_TTL_S:
        message = f"{field} must be whole seconds from 1 to {MAX_TTL_S:,}, not {_shown(value)}"
        raise Invalid(message)
    return value


def instant(value: datetime | str, field: str) -> datetime:
    """Return a time in UTC; a text is ISO 8601. Raises Invalid for one without an offset, or that cannot be read."""
    if isinstance(value, str):
        try:
            # Python takes any separator; two texts that differ in it would be one time, and one signature.
            if value[10:11] not in _SEPARATORS:
                raise ValueError(value)  # noqa: TRY301 - the same as what it does with other letters
            value = datetime.fromisoformat(value)
        except ValueError as error:
            message = f"{field} {_shown(value)} is not a time in ISO 8601; write 2026-01-31T12:00:00+00:00"
            raise Invalid(message) from error
    if not isinstance(cast("object", value), datetime):
        message = f"{field} must be a time, not {_shown(value)}; use datetime.now(UTC)"
        raise Invalid(message)
    if value.tzinfo is None:
        message = f"{field} {value.isoformat()} does not say its offset from UTC; use datetime.now(UTC)"
        raise Invalid(message)
    try:
        return value if value.tzinfo is UTC else value.astimezone(UTC)
    except OverflowError as error:
        message = f"{field} {value.isoformat()} is before the year 1 or after 9999 in UTC; give another"
        raise Invalid(message) from error


def one_of(kind: type[Member], value: object, field: str) -> Member:
    """Return the member of an enum by its value. Raises Invalid for any other, naming those there are."""
    try:
        return kind(value)
    except ValueError as error:
        message = f"{field} {_shown(value)} is not one of {', '.join(str(it.value) for it in kind)}"
        raise Invalid(message) from error


def day(value: str, field: str = "date") -> str:
    """Return a day written YYYY-MM-DD. Raises Invalid for anything else."""
    try:
        fits = datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC).strftime("%Y-%m-%d") == value
    except ValueError:
        fits = False
    if not fits:
        message = f"{field} {_shown(value)} is not a day; write it as 2026-01-31"
        raise Invalid(message)
    return value


def today() -> str:
    """Return the present day in UTC as YYYY-MM-DD."""
    return now().strftime("%Y-%m-%d")


def put(value: object, /, **fields: object) -> None:
    """Set fields of a frozen value while it is made."""
    for name, it in fields.items():
        object.__setattr__(value, name, it)


def _shown(value: object) -> str:
    return ascii(value)[:60]
