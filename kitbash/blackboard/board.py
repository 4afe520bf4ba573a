"""What the blackboard promises, and the values that go in and out. The cascade knows these promises, not Redis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, Protocol

from kitbash.blackboard.bus import Bus
from kitbash.blackboard.ending import Ending
from kitbash.blackboard.lanes import Lanes
from kitbash.domain.answer import Answer, Mode
from kitbash.domain.coupling import Coupled, Delta
from kitbash.domain.decision import Decision
from kitbash.domain.ids import QueryId
from kitbash.domain.item import Item
from kitbash.domain.layer import Stage
from kitbash.domain.lifecycle import Lifecycle
from kitbash.domain.strategy import Strategy
from kitbash.domain.verdict import Verdict

OPEN: Final = "open"
"""The state of a query that has not ended; the others are `Status`."""


class EventKind(StrEnum):
    """What an entry of a query's event stream tells."""

    OPENED = "opened"
    STARTED = "started"
    RECORDED = "recorded"
    LIFECYCLE = "lifecycle"
    DELTA = "delta"
    DECISION = "decision"
    TEXT = "text"
    VERDICT = "verdict"
    FINISHED = "finished"
    FOUND = "found"
    """the findings bus brought an answer, after the query had ended without one"""
    CONFLICT = "conflict"
    """findings about it contradict each other"""


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
    BEFORE = 2
    NOT_HELD = 0
    ENDED = -1
    MISSING = -2


class SayCode(IntEnum):
    """What came of telling a piece of a reply; mirrors `lua/say.lua`."""

    SAID = 1
    NOT_HELD = 0
    ENDED = -1
    MISSING = -2


class FinishCode(IntEnum):
    """What came of ending a query from outside; mirrors `lua/finish.lua`."""

    FINISHED = 1
    ENDED = 0
    MISSING = -2


class LaterCode(IntEnum):
    """What came of telling something of a settled query; mirrors `lua/tell_later.lua`."""

    TOLD = 1
    BEFORE = 2
    TOO_MUCH = 0
    NOT_SETTLED = -1
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
    consensus: Strategy = Strategy.NONE


@dataclass(frozen=True, slots=True)
class OpenQuery:
    """A query as a stage sees it, at `at_ms` by the server. `remaining_ms` is what its deadline left then.

    `token` is the one under which the stage is held; empty where nobody told it.
    """

    query_id: QueryId
    text: str
    project: str
    kappa: float
    remaining_ms: int
    work: Mapping[str, str] = field(default_factory=dict[str, str])
    user: str = ""
    at_ms: int = 0
    token: str = ""
    consensus: Strategy = Strategy.NONE


@dataclass(frozen=True, slots=True)
class Claim:
    """The outcome of a claim; the query is there when the code is CLAIMED, RECORDED or EXHAUSTED."""

    code: ClaimCode
    query: OpenQuery | None = None


@dataclass(frozen=True, slots=True)
class Claiming:
    """What a delivery wants: one stage, under a fresh token, until the lease ends; noted as this stage of life."""

    stage: str
    token: str
    lease_ms: int
    lifecycle: Lifecycle | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """What the holder of a stage found; with an answer the query is over. `deltas` come on top of those of coupling.

    `opinion` is the answer of one engine of several that vote, as JSON: it is left for the vote, and ends nothing.
    """

    stage: str
    token: str
    verdict: Verdict | None = None
    product: str = ""
    answer: Answer | None = None
    decisions: tuple[Decision, ...] = ()
    deltas: tuple[Delta, ...] = ()
    opinion: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a query ended, with everything its layers said."""

    answer: Answer
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of an event stream. `data` is text, or JSON for contradictions, decisions, verdicts and answers."""

    entry_id: str
    kind: EventKind
    data: str
    query_id: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything that is on the blackboard about one query. `took_us` is 0 while it is open.

    `coupled` is None when its levels were not coupled.
    """

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
    kappa: float = 1.0
    user: str = ""
    session: str = ""
    lifecycle: str = ""
    took_us: int = 0
    items: tuple[Item, ...] = ()
    coupled: Coupled | None = None
    decisions: tuple[Decision, ...] = ()


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


class Blackboard(Bus, Ending, Lanes, Protocol):
    """The working memory. Every method is atomic for one query; all raise StoreUnavailable when it does not answer."""

    def open(self, query: NewQuery) -> None:
        """Have the query written and its event stream begun."""
        ...

    def begin(self, query: NewQuery, claiming: Claiming) -> Claim:
        """Open a query and claim its first stage, in one round trip where all keys are on one server."""
        ...

    def open_answered(self, query: NewQuery, verdict: Verdict, answer: Answer) -> None:
        """Have a query written that is already over, in one step."""
        ...

    def claim(
        self, query_id: QueryId, stage: str, *, token: str, lease_ms: int, lifecycle: Lifecycle | None = None
    ) -> Claim:
        """Own one stage of one query until the lease ends, unless it is owned, done, or the query is over.

        With `lifecycle` the query is noted to have come that far in its life.
        """
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
        decisions: Sequence[Decision] = (),
        deltas: Sequence[Delta] = (),
        opinion: str = "",
    ) -> RecordCode:
        """Keep what the owner of a stage found; with an answer the query is over.

        An opinion is left with what stages leave for later ones, under `opinion_name`.
        """
        ...

    def say(self, query_id: QueryId, stage: str, *, token: str, text: str, lease_ms: int) -> SayCode:
        """Append to the query's stream what has come of a reply, and hold the stage until a new lease ends.

        Empty text only holds. The text is gone when the query is archived, which keeps the answer.
        """
        ...

    def pass_on(self, query_id: QueryId, recording: Recording, claiming: Claiming) -> tuple[RecordCode, Claim]:
        """Record one stage and claim the next, in one round trip where all keys are on one server."""
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

    def tell_later(self, query_id: QueryId | None, kind: EventKind, data: str, *, name: str) -> LaterCode:
        """Have something told of a settled query in its event stream, and of any or none in the feed; once by its name.

        A query is told 50 events at most, which go with its keys.
        """
        ...

    def relayed(self) -> str:
        """Return up to which event of the findings bus all is told, `0` if nothing is."""
        ...

    def note_relayed(self, entry_id: str) -> None:
        """Note up to which event of the findings bus all is told."""
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
        """Move a query from the open ones to the ended ones; its trace stays until it expires."""
        ...

    def feed(self, *, after: str, block_ms: int) -> Sequence[Event]:
        """Return what happened to all queries after an entry id, waiting up to `block_ms`."""
        ...


def opinion_name(stage: Stage) -> str:
    """Return the name under which the opinion of an engine is left for the vote."""
    return f"{stage.value}.opinion"


def stage_name(stage: Stage, shard: int | None = None) -> str:
    """Return the name under which a stage is claimed and recorded; each shard of a search is one of its own."""
    return stage.value if shard is None else f"{stage.value}:{shard}"
