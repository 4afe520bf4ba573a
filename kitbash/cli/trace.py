"""`kitbash trace`."""

from kitbash.cli import ask, output, tail
from kitbash.client import Client, result_of
from kitbash.domain.answer import to_json
from kitbash.domain.ids import parse_query_id


def trace(text: str, *, as_json: bool) -> None:
    """Print everything about one query. Raises UsageError for an id Kitbash did not make, NotFound if it is gone."""
    query_id = parse_query_id(text)
    with Client() as client:
        found = client.trace(query_id)
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
