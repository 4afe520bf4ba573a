"""What the blackboard promises, and the values that go in and out. The cascade knows this module only, not Redis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, Protocol

from kitbash.domain.answer import Answer, Mode
from kitbash.domain.ids import QueryId
from kitbash.domain.layer import Queue, Stage
from kitbash.domain.verdict import Verdict

OPEN: Final = "open"
"""The state of a query that has not ended; the others are `Status`."""


class EventKind(StrEnum):
    """What an entry of a query's event stream tells."""

    OPENED = "opened"
    STARTED = "started"
    RECORDED = "recorded"
    VERDICT = "verdict"
    FINISHED = "finished"


class ClaimCode(IntEnum):
    """What came of a claim; mirrors `lua/claim.lua`."""

    CLAIMED = 1
    RECORDED = 2
    EXHAUSTED = 3
    HELD = 0
    ENDED = -1
    MISSING = -2
    LATE = -3


class RecordCode(IntEnum):
    """What came of recording; mirrors `lua/record.lua`."""

    RECORDED = 1
    NOT_HELD = 0
    ENDED = -1
    MISSING = -2


class FinishCode(IntEnum):
    """What came of ending a query from outside; mirrors `lua/finish.lua`."""

    FINISHED = 1
    ENDED = 0
    MISSING = -2


@dataclass(frozen=True, slots=True)
class NewQuery:
    """A question on its way in. `timeout_ms` counts from the moment it is written, by the server's clock."""

    query_id: QueryId
    text: str
    project: str
    kappa: float
    timeout_ms: int
    mode: Mode
    user: str = ""
    session: str = ""


@dataclass(frozen=True, slots=True)
class OpenQuery:
    """A query as a stage sees it. `remaining_ms` is what its deadline left when it was claimed."""

    query_id: QueryId
    text: str
    project: str
    kappa: float
    remaining_ms: int
    work: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Claim:
    """The outcome of a claim; the query is there when the code is CLAIMED, RECORDED or EXHAUSTED."""

    code: ClaimCode
    query: OpenQuery | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a query ended, with everything its layers said."""

    answer: Answer
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of an event stream. `data` is text, or JSON for verdicts and answers."""

    entry_id: str
    kind: EventKind
    data: str
    query_id: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything that is on the blackboard about one query."""

    query_id: QueryId
    text: str
    project: str
    mode: Mode
    state: str
    opened_ms: int
    deadline_ms: int
    answer: Answer | None
    verdicts: tuple[Verdict, ...]
    events: tuple[Event, ...]
    work: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pulse:
    """What the sweep sees of an open query. Times are the server's, in ms since 1970; 0 where there is none.

    `died` are the stages whose lease has ended though they are not done, and that were not started again since.
    """

    query_id: QueryId
    state: str | None
    now_ms: int
    deadline_ms: int
    touched_ms: int
    lease_until_ms: int
    resumed: int
    done: frozenset[str]
    died: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Something a queue gave up on."""

    queue: Queue
    task: str
    query_id: str
    reason: str
    at_ms: int = 0


class Blackboard(Protocol):
    """The working memory. Every method is atomic for one query; all raise StoreUnavailable when it does not answer."""

    def open(self, query: NewQuery) -> None:
        """Have the query written and its event stream begun."""
        ...

    def open_answered(self, query: NewQuery, verdict: Verdict, answer: Answer) -> None:
        """Have a query written that is already over, in one step."""
        ...

    def claim(self, query_id: QueryId, stage: str, *, token: str, lease_ms: int) -> Claim:
        """Own one stage of one query until the lease ends, unless it is owned, done, or the query is over."""
        ...

    def record(
        self,
        query_id: QueryId,
        stage: str,
        *,
        token: str,
        verdict: Verdict | None = None,
        product: str = "",
        answer: Answer | None = None,
    ) -> RecordCode:
        """Keep what the owner of a stage found; with an answer the query is over."""
        ...

    def finish(self, query_id: QueryId, answer: Answer) -> FinishCode:
        """End a query from outside its layers; the first to end it wins."""
        ...

    def wait_end(self, query_id: QueryId, *, block_ms: int) -> Ended | None:
        """Return how a query ended, waiting up to `block_ms` for it, or None if it is still open."""
        ...

    def events(self, query_id: QueryId, *, after: str, block_ms: int) -> Sequence[Event]:
        """Return the query's events after an entry id, waiting up to `block_ms` for the first."""
        ...

    def trace(self, query_id: QueryId) -> Trace | None:
        """Return everything known about a query, or None if there is none of this id."""
        ...

    def pulses(self, limit: int) -> Sequence[Pulse]:
        """Return the oldest open queries as the sweep sees them."""
        ...

    def resume(self, pulse: Pulse, *, most: int) -> bool:
        """Return whether the caller may send this query's canvas again; at most one caller may."""
        ...

    def forget(self, query_id: QueryId) -> None:
        """Drop a query from the open ones; its trace stays until it expires."""
        ...

    def acquire_slot(self, queue: Queue, *, token: str, lease_ms: int, slots: int) -> bool:
        """Take one of a lane's slots until the lease ends, or return False if all are taken."""
        ...

    def release_slot(self, queue: Queue, *, token: str) -> None:
        """Give a slot back."""
        ...

    def bury(self, letter: DeadLetter) -> None:
        """Keep what a queue gave up on; the oldest beyond a thousand are dropped."""
        ...

    def dead(self, queue: Queue) -> Sequence[DeadLetter]:
        """Return what a queue gave up on, the newest first."""
        ...

    def announce(self, worker: str, queues: Sequence[Queue], *, ttl_ms: int) -> None:
        """Let others know for a while that a worker serves these queues."""
        ...

    def workers(self) -> Mapping[Queue, Sequence[str]]:
        """Return the workers that announced themselves, by queue."""
        ...

    def feed(self, *, after: str, block_ms: int) -> Sequence[Event]:
        """Return what happened to all queries after an entry id, waiting up to `block_ms`."""
        ...


def stage_name(stage: Stage, shard: int | None = None) -> str:
    """Return the name under which a stage is claimed and recorded; each shard of a search is one of its own."""
    return stage.value if shard is None else f"{stage.value}:{shard}"
