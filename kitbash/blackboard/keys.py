"""Every key of the blackboard, built here and nowhere else: `kb:{<tag>}:<what>`.

One tag a script: all keys of a query hash to one slot of a cluster. Ids are Kitbash's own, never text from outside.
"""

import hashlib
from typing import Final, NamedTuple

from kitbash.domain.ids import QueryId
from kitbash.domain.layer import Queue

OPEN_QUERIES: Final = "kb:{open}:queries"
"""Sorted set of the queries that have not ended, by time; the sweep looks through it."""

ENDED_QUERIES: Final = "kb:{open}:ended"
"""Sorted set of the queries that have ended and are not yet archived, by time."""

FEED: Final = "kb:{feed}:events"
"""Trimmed stream of what happens to all queries."""

ENGINES: Final = "kb:{engines}:judged"
"""Hash of how often the answers of each layer were judged right and wrong."""

SERVERS: Final = "kb:{servers}:registry"
"""Hash of what was last seen of each model server, by its name in the settings."""

RELAYED: Final = "kb:{feed}:relayed"
"""String that holds up to which event of the findings bus all was told."""


CORRECTIONS: Final = "kb:{grains}:corrections"
"""List of what somebody says answers should have been, the newest first."""


class GrainKeys(NamedTuple):
    """The keys that all grains share, in one slot."""

    records: str
    recency: str
    crystallised: str
    clock: str


GRAINS: Final = GrainKeys(*(f"kb:{{grains}}:{what}" for what in GrainKeys._fields))


class QueryKeys(NamedTuple):
    """The keys of one query, in the slot of its id."""

    query: str
    claims: str
    verdicts: str
    work: str
    answer: str
    events: str
    end: str
    L0: str
    L1: str
    L2: str
    L3: str
    L4: str
    L5: str
    places: str
    checks: str
    deltas: str
    decisions: str
    record: str

    @property
    def levels(self) -> tuple[str, ...]:
        """Return the spotlights, one list a level."""
        return (self.L0, self.L1, self.L2, self.L3, self.L4, self.L5)


def query_keys(query_id: QueryId) -> QueryKeys:
    """Return the keys of one query."""
    tag = f"kb:{{q:{query_id}}}:"
    return QueryKeys(*(tag + what for what in QueryKeys._fields))


def vote(query_id: QueryId) -> str:
    """Return the string that holds how a query was voted on, beside the grains."""
    return f"kb:{{grains}}:vote:{query_id}"


def judged(query_id: QueryId) -> str:
    """Return the string that holds what a query counted for among the judgements on engines."""
    return f"{ENGINES}:{query_id}"


def told(name: str) -> str:
    """Return the string that is there when something from outside was told in the feed; its name only as a digest."""
    return f"kb:{{feed}}:told:{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:32]}"


def stats(day: str) -> str:
    """Return the hash of what is counted on one day, beside the queries that have ended. `day` is Kitbash's own."""
    return f"kb:{{open}}:stats:{day}"


def slots(queue: Queue) -> str:
    """Return the sorted set of leases on what a queue's workers share."""
    return f"kb:{{lane:{queue.value}}}:slots"


def workers(queue: Queue) -> str:
    """Return the sorted set of the workers that serve a queue, by when their announcement ends."""
    return f"kb:{{lane:{queue.value}}}:workers"


def dead(queue: Queue) -> str:
    """Return the list of what a queue gave up on, the newest first."""
    return f"kb:{{lane:{queue.value}}}:dead"


def context(user: str) -> str:
    """Return the hash of what a user's questions have dwelt on; whoever the user is, the key holds only a digest."""
    digest = hashlib.sha256(user.encode(errors="surrogatepass")).hexdigest()[:32]
    return f"kb:{{context:{digest}}}:state"


class MetabolismKeys(NamedTuple):
    """The keys of the metabolism, in one slot."""

    lease: str
    state: str
    cycles: str
    resonance: str
    settled: str
    recent: str


METABOLISM: Final = MetabolismKeys(*(f"kb:{{metabolism}}:{what}" for what in MetabolismKeys._fields))
"""Which cycle runs, what is remembered, what cycles did, which question forms resonate, what was settled of late."""
