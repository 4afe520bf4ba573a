"""What readers want of a settled query, packed into one text: a third of what its lists and its stream took."""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kitbash.domain.codec import dumps
from kitbash.errors import BusError


@dataclass(frozen=True, slots=True)
class Packed:
    """The lists of a query as they stood: JSON texts, and its events with their fields."""

    events: Sequence[tuple[str, Mapping[str, str]]]
    verdicts: Sequence[str]
    decisions: Sequence[str]
    checks: Sequence[str]


def pack(packed: Packed) -> str:
    """Return the lists as one short ASCII text."""
    record = [list(map(list, packed.events)), packed.verdicts, packed.decisions, packed.checks]
    return base64.b85encode(zlib.compress(dumps(record).encode(), 9)).decode("ascii")


def unpack(text: str) -> Packed:
    """Return what `pack` took. Raises BusError for any other text."""
    try:
        events, verdicts, decisions, checks = json.loads(zlib.decompress(base64.b85decode(text)))
        return Packed([(entry_id, fields) for entry_id, fields in events], verdicts, decisions, checks)
    except (ValueError, TypeError, zlib.error) as error:
        message = "the record of a query is not what Kitbash packs; something else wrote to its key"
        raise BusError(message) from error
