"""`kitbash tail`."""

from datetime import UTC, datetime
from typing import Final

from kitbash.blackboard.board import Event, EventKind
from kitbash.cli import output
from kitbash.client import Client
from kitbash.domain import bus_codec, codec
from kitbash.domain.coupling import Delta
from kitbash.domain.returned import Contested, Found

_BLOCK_MS: Final = 1000
_AS_JSON: Final = frozenset(
    {
        EventKind.VERDICT,
        EventKind.FINISHED,
        EventKind.DELTA,
        EventKind.DECISION,
        EventKind.FOUND,
        EventKind.CONFLICT,
    }
)
_NO_QUERY: Final = f"{'-':32}"
"""Stands for the query of what happened on the findings bus to no query's task."""


def tail(*, as_json: bool, since_start: bool, count: int | None) -> None:
    """Print events of all queries as they happen, until interrupted or `count` are shown."""
    with Client() as client:
        board = client.runtime.board
        # The newest entry's id, not `$`: between two reads of `$` events would be lost.
        after, shown = "0" if since_start else board.last_event(), 0
        if not since_start:
            output.note("Waiting for queries; Ctrl-C leaves.")
        while count is None or shown < count:
            for event in board.feed(after=after, block_ms=_BLOCK_MS):
                after = event.entry_id
                show(event, as_json=as_json)
                shown += 1
                if shown == count:
                    return


def show(event: Event, *, as_json: bool) -> None:
    """Print one event."""
    at_ms = int(event.entry_id.partition("-")[0])
    if as_json:
        output.print_json(
            {"at_ms": at_ms, "query_id": event.query_id, "kind": event.kind.value, "data": data_of(event)}
        )
        return
    clock = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
    output.line(f"{clock}  {event.query_id or _NO_QUERY}  {event.kind.value:9} {words(event)}")
    output.flush()


def data_of(event: Event) -> object:
    """Return an event's data, parsed where it is JSON."""
    return codec.json.loads(event.data) if event.kind in _AS_JSON else event.data


def words(event: Event) -> str:  # noqa: PLR0911 - one for each kind
    """Return an event's data in words."""
    if event.kind is EventKind.VERDICT:
        verdict = codec.verdict_from(event.data)
        mark = "passed" if verdict.passed else "passes on"
        return (
            f"{verdict.layer.label:9} {mark}: {verdict.confidence:.2f}, {verdict.reason} ({verdict.latency_ms:.1f} ms)"
        )
    if event.kind is EventKind.FINISHED:
        answer = codec.answer_from(event.data)
        return f"{answer.status.value}: {answer.text}"
    if event.kind is EventKind.DELTA:
        return delta_words(bus_codec.delta_from(codec.json.loads(event.data)))
    if event.kind is EventKind.DECISION:
        decision = bus_codec.decision_from(codec.json.loads(event.data))
        return f"{decision.kind.value}: {decision.rationale}"
    if event.kind is EventKind.FOUND:
        return found_words(Found.of_json(event.data))
    if event.kind is EventKind.CONFLICT:
        return conflict_words(Contested.of_json(event.data))
    return event.data


def delta_words(delta: Delta) -> str:
    """Return a contradiction in words."""
    levels = f"{delta.a.label} against {delta.b.label}"
    sides = f"{delta.item_a} | {delta.item_b}"
    return f"{delta.severity.value} {delta.delta_id}, {levels}, size {delta.size:g}: {sides} ({delta.resolution})"


def found_words(found: Found) -> str:
    """Return a finding about a query in words."""
    cited = f" ({'; '.join(found.citations)})" if found.citations else ""
    by = found.worker_id or "somebody"
    return f"{found.claim} {found.confidence:.2f}, {by}, finding {found.finding_id}{cited}"


def conflict_words(it: Contested) -> str:
    """Return two findings that conflict in words, as contradictions are."""
    return f"{it.grade} {it.conflict_id}, {it.kind}, size {it.size:g}: {it.first} | {it.second}"
