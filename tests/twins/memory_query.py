"""One query in memory: what stands under its keys, as the texts that stand there, and how it looks to the sweep."""

from dataclasses import dataclass, field

from kitbash.blackboard.board import OPEN, Event, EventKind, NewQuery, Pulse
from kitbash.domain import bus_codec, codec
from kitbash.domain.coupling import Coupled, Delta
from kitbash.domain.ids import QueryId
from kitbash.domain.item import Item, Placement
from kitbash.domain.level import Level


@dataclass(slots=True)
class Held:
    """One stage: who holds it, until when, how often it was delivered, and whether it is done."""

    token: str = ""
    until_ms: int = 0
    count: int = 0
    done: bool = False


@dataclass(slots=True)
class Spotlights:
    """What a query is thought through on. Each part has an end of its own, as its keys have."""

    items: dict[Level, list[str]] = field(default_factory=dict[Level, list[str]])
    items_until_ms: int = 0
    placements: dict[str, Placement] = field(default_factory=dict[str, Placement])
    placements_until_ms: int = 0
    checks: list[str] = field(default_factory=list[str])
    deltas: list[str] = field(default_factory=list[str])
    coupling_until_ms: int = 0
    coupled_ms: int | None = None

    def fill(self, texts: dict[Level, list[str]], now_ms: int, ttl_ms: int) -> None:
        """Have exactly these items stand here; they are to be coupled anew unless they are those that stood here."""
        if now_ms >= self.items_until_ms or texts != self.items:
            self.coupled_ms = None
        self.items, self.items_until_ms = texts, now_ms + ttl_ms

    def items_at(self, now_ms: int) -> tuple[Item, ...]:
        if now_ms >= self.items_until_ms:
            return ()
        return tuple(bus_codec.item_from(level, text) for level in Level for text in self.items[level])

    def deltas_at(self, now_ms: int) -> list[str]:
        return self.deltas if now_ms < self.coupling_until_ms else []

    def coupled_at(self, now_ms: int) -> Coupled | None:
        if self.coupled_ms is None:
            return None
        return Coupled(
            at_ms=self.coupled_ms,
            checks=tuple(
                bus_codec.check_from(codec.json.loads(text)) for text in self.checks if now_ms < self.coupling_until_ms
            ),
            deltas=tuple(delta_from(text) for text in self.deltas_at(now_ms)),
            placements=dict(self.placements) if now_ms < self.placements_until_ms else {},
        )

    def decay(self, until_ms: int) -> None:
        """Have the items and where they ended go at a time, unless they go before."""
        self.items_until_ms = min(self.items_until_ms, until_ms)
        self.placements_until_ms = min(self.placements_until_ms, until_ms)


@dataclass(slots=True)
class MemoryQuery:
    new: NewQuery
    opened_us: int
    deadline_ms: int
    expires_ms: int
    touched_ms: int
    state: str = OPEN
    lifecycle: str = ""
    took_us: int = 0
    resumed: int = 0
    is_settled: bool = False
    stages: dict[str, Held] = field(default_factory=dict[str, Held])
    work: dict[str, str] = field(default_factory=dict[str, str])
    verdicts: list[str] = field(default_factory=list[str])
    decisions: list[str] = field(default_factory=list[str])
    events: list[Event] = field(default_factory=list[Event])
    spotlights: Spotlights = field(default_factory=Spotlights)
    answer: str | None = None
    later: set[tuple[EventKind, str]] = field(default_factory=set[tuple[EventKind, str]])

    def told(self, now_ms: int) -> list[Event]:
        """Return the events with what they tell: kept are only places in lists, so that nothing stands twice."""
        lists: dict[EventKind, list[str]] = {
            EventKind.VERDICT: self.verdicts,
            EventKind.DELTA: self.spotlights.deltas_at(now_ms),
            EventKind.DECISION: self.decisions,
        }
        whole = {EventKind.OPENED: self.new.text, EventKind.FINISHED: self.answer or ""}
        told: list[Event] = []
        for event in self.events:
            kept = lists.get(event.kind)
            if kept is None:
                told.append(Event(event.entry_id, event.kind, whole.get(event.kind, event.data)))
            elif int(event.data) < len(kept):
                told.append(Event(event.entry_id, event.kind, kept[int(event.data)]))
        return told


def delta_from(text: str) -> Delta:
    return bus_codec.delta_from(codec.json.loads(text))


def place(entry_id: str) -> tuple[int, int]:
    ms, _, number = entry_id.partition("-")
    return int(ms), int(number or 0)


def pulse_of(query_id: QueryId, query: MemoryQuery | None, now_ms: int) -> Pulse:
    if query is None:
        return Pulse(query_id, None, now_ms, 0, 0, 0, 0, frozenset())
    undone = {stage: held.until_ms for stage, held in query.stages.items() if not held.done}
    return Pulse(
        query_id=query_id,
        state=query.state,
        now_ms=now_ms,
        deadline_ms=query.deadline_ms,
        touched_ms=query.touched_ms,
        lease_until_ms=max(undone.values(), default=0),
        resumed=query.resumed,
        done=frozenset(name for name, held in query.stages.items() if held.done),
        died=tuple(sorted(stage for stage, until_ms in undone.items() if query.touched_ms < until_ms <= now_ms)),
    )
