"""`kitbash deltas`."""

from kitbash.archive import finding
from kitbash.archive.entry import Entry, Kind
from kitbash.cli import output, tail
from kitbash.client import Client
from kitbash.domain import bus_codec
from kitbash.domain.coupling import Delta
from kitbash.domain.ids import QueryId, parse_query_id
from kitbash.domain.lifecycle import Lifecycle
from kitbash.domain.question import printable
from kitbash.errors import NotFound, UsageError

MAX_CHARS = 500


def deltas(text: str, *, resolve: str | None, decision: str | None, as_json: bool) -> None:
    """Print the contradictions of one query, after resolving one of them if that is asked.

    They are read from the blackboard, or from the archive when the query is no longer there.
    """
    query_id = parse_query_id(text)
    if (resolve is None) is not (decision is None):
        message = 'to resolve a contradiction give both: --resolve d1 --as "what was decided"'
        raise UsageError(message)
    with Client() as client:
        if resolve is not None and decision is not None:
            settle(client, query_id, resolve, decision)
        found = read(client, query_id)
    if as_json:
        output.print_json([bus_codec.delta_to(it) for it in found])
        return
    for delta in found:
        output.line(tail.delta_words(delta))
    if not found:
        output.note("Nothing contradicted anything.")


def settle(client: Client, query_id: QueryId, delta_id: str, decision: str) -> None:
    """Have a contradiction resolved on the blackboard and, where its query is archived, in the archive.

    Raises NotFound if the query has none of this name, UsageError if the decision is no short text.
    """
    said = printable(decision)
    if not said or len(said) > MAX_CHARS:
        message = f"a decision is a text of 1 to {MAX_CHARS} characters"
        raise UsageError(message)
    known = {delta.delta_id: delta for delta in read(client, query_id)}
    if delta_id not in known:
        message = f"query {query_id} has no contradiction {delta_id!r}; it has {', '.join(known) or 'none'}"
        raise NotFound(message)
    client.archive()
    client.runtime.board.resolve(query_id, delta_id, said)
    trace = client.runtime.board.trace(query_id)
    if trace is not None and trace.lifecycle != Lifecycle.LOGGED:
        # It is archived later, with what was resolved.
        return
    archived = finding.find(client.runtime.settings.paths.archive, query_id)
    if archived is None:
        output.note("The query is not in the archive here: what was resolved is kept as long as its keys live.")
    elif client.runtime.archivist.archive is not None:
        line = bus_codec.delta_to(known[delta_id]) | {"resolution": said}
        entry = Entry(archived.trace["ended_ms"], query_id, {Kind.STRUCTURAL_DELTAS: [line]})
        client.runtime.archivist.archive.append([entry])


def read(client: Client, query_id: QueryId) -> list[Delta]:
    """Return a query's contradictions as they stand. Raises NotFound if the query is nowhere."""
    trace = client.runtime.board.trace(query_id)
    if trace is not None and (trace.coupled is not None or trace.answer is None):
        return list(trace.coupled.deltas) if trace.coupled else []
    archived = finding.find(client.runtime.settings.paths.archive, query_id)
    if archived is None and trace is None:
        message = f"there is no query {query_id}, neither on the blackboard nor in the archive"
        raise NotFound(message)
    lines = archived.lines[Kind.STRUCTURAL_DELTAS] if archived else ()
    # What was resolved later stands after what was found, under the same name.
    return list({line["delta_id"]: bus_codec.delta_from(dict(line)) for line in lines}.values())
