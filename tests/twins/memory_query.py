"""One query in memory, and how it looks to the sweep."""

from dataclasses import dataclass, field

from kitbash.blackboard.board import OPEN, Ended, Event, NewQuery, Pulse
from kitbash.domain.ids import QueryId


@dataclass(slots=True)
class Held:
    """One stage: who holds it, until when, how often it was delivered, and whether it is done."""

    token: str = ""
    until_ms: int = 0
    count: int = 0
    done: bool = False


@dataclass(slots=True)
class MemoryQuery:
    new: NewQuery
    opened_ms: int
    expires_ms: int
    touched_ms: int
    state: str = OPEN
    resumed: int = 0
    stages: dict[str, Held] = field(default_factory=dict[str, Held])
    work: dict[str, str] = field(default_factory=dict[str, str])
    verdicts: list[str] = field(default_factory=list[str])
    events: list[Event] = field(default_factory=list[Event])
    end: Ended | None = None

    @property
    def deadline_ms(self) -> int:
        return self.opened_ms + self.new.timeout_ms


def place(entry_id: str) -> tuple[int, int]:
    ms, _, number = entry_id.partition("-")
    return int(ms), int(number or 0)


def pulse_of(query_id: QueryId, query: MemoryQuery | None, now_ms: int) -> Pulse:
    if query is None:
        return Pulse(query_id, None, now_ms, 0, 0, 0, 0, frozenset())
    return Pulse(
        query_id=query_id,
        state=query.state,
        now_ms=now_ms,
        deadline_ms=query.deadline_ms,
        touched_ms=query.touched_ms,
        lease_until_ms=max((it.until_ms for it in query.stages.values() if not it.done), default=0),
        resumed=query.resumed,
        done=frozenset(name for name, held in query.stages.items() if held.done),
    )
