"""Query ids: made by Kitbash only, sortable by time, safe in a key."""

import re
import secrets
import time
from typing import Final, NewType

from kitbash.errors import UsageError

QueryId = NewType("QueryId", str)

_SHAPE: Final = re.compile(r"[0-9a-f]{32}")


def new_query_id() -> QueryId:
    """Return a fresh id: 12 hex digits of milliseconds since 1970, then 80 random bits."""
    return QueryId(f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}")


def parse_query_id(text: str) -> QueryId:
    """Return the id if Kitbash could have made it. Raises UsageError otherwise, before it comes near a key."""
    if not _SHAPE.fullmatch(text):
        shown = text[:40].encode("ascii", "replace").decode()
        message = f"{shown!r} is not a query id of Kitbash; it has 32 hexadecimal digits and stands in every answer"
        raise UsageError(message)
    return QueryId(text)


def new_token() -> str:
    """Return a token that names one delivery of one stage; never reused, so a live duplicate is told from it."""
    return secrets.token_hex(8)
