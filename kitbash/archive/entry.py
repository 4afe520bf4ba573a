"""What is archived: the lines of one ended query, and what becomes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SCHEMA_VERSION: Final = 1
"""Stands in every line; a reader refuses any other."""


class Kind(StrEnum):
    """What a line tells of a query; each kind has files of its own."""

    QUERY_TRACES = "query_traces"
    ROUTING_DECISIONS = "routing_decisions"
    COUPLING_CHECKS = "coupling_checks"
    STRUCTURAL_DELTAS = "structural_deltas"
    SYNTHESIS_OUTPUTS = "synthesis_outputs"


@dataclass(frozen=True, slots=True)
class Entry:
    """The lines of one query, archived together.

    `ended_ms` is when the query ended, in milliseconds since 1970 (UTC); it decides the day. An entry without a line
    in QUERY_TRACES amends a query: its lines carry `"amends": true` and are read after those of the query, whichever
    of its appends is chosen. An amendment has the `ended_ms` of its query, or it is not found again.
    """

    ended_ms: int
    query_id: str
    lines: Mapping[Kind, Sequence[Mapping[str, object]]]

    @property
    def amends(self) -> bool:
        """Return whether these lines add to a query that is archived by another entry."""
        return not self.lines.get(Kind.QUERY_TRACES)


@dataclass(frozen=True, slots=True)
class Tidied:
    """What tidying did: how many files were compressed, and which days were deleted, oldest first."""

    compressed: int = 0
    deleted: tuple[str, ...] = ()
