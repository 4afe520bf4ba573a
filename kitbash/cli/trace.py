"""`kitbash trace`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from kitbash.blackboard.board import EventKind, Trace
from kitbash.cli import ask, output, tail
from kitbash.client import Client, result_of
from kitbash.domain import bus_codec, codec
from kitbash.domain.answer import to_json
from kitbash.domain.ids import QueryId, parse_query_id
from kitbash.domain.item import Item
from kitbash.domain.returned import Contested, Found
from kitbash.errors import KitbashError, NotFound


def trace(text: str, *, as_json: bool) -> None:
    """Print everything about one query. Raises UsageError for an id Kitbash did not make, NotFound if it is gone."""
    query_id = parse_query_id(text)
    with Client() as client:
        try:
            found = client.trace(query_id)
        except NotFound:
            if _show_task(client, query_id, as_json=as_json):
                return
            raise
    result = result_of(found)
    events = [
        {"at_ms": int(event.entry_id.partition("-")[0]), "kind": event.kind.value, "data": tail.data_of(event)}
        for event in found.events
    ]
    if as_json:
        output.print_json(
            {
                "query_id": found.query_id,
                "query": found.text,
                "project": found.project,
                "state": found.state,
                "opened_ms": found.opened_ms,
                "deadline_ms": found.deadline_ms,
                "result": None if result is None else to_json(result),
                "lifecycle": found.lifecycle,
                "kappa": found.kappa,
                "took_ms": found.took_us / 1000,
                "items": [item_json(item, found) for item in found.items],
                "checks": [bus_codec.check_to(it) for it in found.coupled.checks] if found.coupled else [],
                "conflicts": [asdict(it) for it in contested(found)],
                "found": [asdict(Found.of_json(it.data)) for it in found.events if it.kind is EventKind.FOUND],
                "deltas": [bus_codec.delta_to(it) for it in found.coupled.deltas] if found.coupled else [],
                "decisions": [bus_codec.decision_to(it) for it in found.decisions],
                "why": ask.why(found),
                "events": events,
            }
        )
        return
    output.emphasised(found.text, "bold")
    output.line(f"  {found.state}, project {found.project}, {found.mode.value}, {found.query_id}")
    for event in found.events:
        after_ms = int(event.entry_id.partition("-")[0]) - found.opened_ms
        output.line(f"  {after_ms:6d} ms  {event.kind.value:9} {tail.words(event)}")
    if result is not None:
        ask.show(result)
        ask.show_path(result.path)
    ask.show_thought(found)
    show_conflicts(contested(found))
    ask.show_why(found)


def _show_task(client: Client, query_id: QueryId, *, as_json: bool) -> bool:
    """Print what the findings bus has about a query that is gone; False if it has nothing, or is not to be asked."""
    # Imported here: a trace that is there does without the bus.
    from kitbash.cli import swarm  # noqa: PLC0415

    try:
        return swarm.show_task_of(client, query_id, as_json=as_json)
    except KitbashError as error:
        output.note(f"The findings bus was not asked: {error}")
        return False


def contested(trace: Trace) -> list[Contested]:
    """Return the conflicts that the findings bus told of a query."""
    return [Contested.of_json(it.data) for it in trace.events if it.kind is EventKind.CONFLICT]


def show_conflicts(conflicts: Sequence[Contested]) -> None:
    """Print what findings about a query contradict each other in, beside its deltas."""
    rows = [(it.conflict_id, it.grade, it.kind, f"{it.size:g}", it.first, it.second) for it in conflicts]
    if rows:
        output.table("Conflicts", ("conflict", "grade", "kind", "size", "finding", "against"), rows)


def item_json(item: Item, trace: Trace) -> dict[str, Any]:
    """Return an item of a spotlight with its level and where it ended."""
    placed = trace.coupled.placement(item.ident) if trace.coupled else None
    place = {} if placed is None else {"place": placed.place.value, "reason": placed.reason}
    return {"level": item.level.label, **codec.json.loads(bus_codec.item_to(item)), **place}
