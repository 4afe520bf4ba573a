"""Every key of the blackboard, built here and nowhere else: `kb:{<tag>}:<what>`.

One tag a script: all keys of a query hash to one slot of a cluster. Ids are Kitbash's own, never text from outside.
"""

from typing import Final, NamedTuple

from kitbash.domain.ids import QueryId
from kitbash.domain.layer import Queue

OPEN_QUERIES: Final = "kb:{open}:queries"
"""Sorted set of the queries that have not ended, by time; the sweep looks through it."""

FEED: Final = "kb:{feed}:events"
"""Trimmed stream of what happens to all queries."""


class QueryKeys(NamedTuple):
    """The keys of one query, in the slot of its id."""

    query: str
    claims: str
    verdicts: str
    work: str
    answer: str
    events: str
    end: str


def query_keys(query_id: QueryId) -> QueryKeys:
    """Return the keys of one query."""
    tag = f"kb:{{q:{query_id}}}:"
    return QueryKeys(*(tag + what for what in QueryKeys._fields))


def slots(queue: Queue) -> str:
    """Return the sorted set of leases on what a queue's workers share."""
    return f"kb:{{lane:{queue.value}}}:slots"


def workers(queue: Queue) -> str:
    """Return the sorted set of the workers that serve a queue, by when their announcement ends."""
    return f"kb:{{lane:{queue.value}}}:workers"


def dead(queue: Queue) -> str:
    """Return the list of what a queue gave up on, the newest first."""
    return f"kb:{{lane:{queue.value}}}:dead"
