"""`kitbash replay`."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kitbash.archive import finding
from kitbash.archive.skipped import Skipped
from kitbash.cascade.compare import Differing, Digests, compare
from kitbash.cascade.overrides import overrides
from kitbash.cli import output
from kitbash.client import Client
from kitbash.domain.ids import parse_query_id
from kitbash.errors import NotFound, Unavailable, UsageError

_DAY_CHARS = len("2026-01-01")


def replay(what: str, *, settings: Sequence[str], as_json: bool) -> None:
    """Print what of a day, or of one query, would come out otherwise with these settings."""
    set_to = overrides(settings)
    with Client() as client:
        root = client.runtime.settings.paths.archive
        try:
            # What ended a moment ago may still be on the blackboard.
            error = client.archive().error
        except Unavailable as unavailable:
            error = str(unavailable)
    if error is not None:
        output.note(f"Only what is archived is replayed: {error}")
    skipped = Skipped()
    count, unreadable, changed = 0, 0, list[Differing]()
    for line, digests in _lines(root, what, skipped):
        try:
            differing = compare(line, digests, set_to)
        except UsageError as error:
            unreadable += 1
            output.note(str(error))
            continue
        count += 1
        if differing is not None:
            changed.append(differing)
            if not as_json:
                show(differing)
    for sentence in skipped.told():
        output.note(sentence)
    if as_json:
        told = [it.to_json() for it in changed]
        output.print_json(
            {
                "queries": count,
                "changed": len(changed),
                "set": list(settings),
                "differences": told,
                "skipped": skipped.total + unreadable,
            }
        )
    else:
        output.line(f"{count} queries replayed, {len(changed)} would change")


def _lines(root: Path, what: str, skipped: Skipped) -> Iterator[tuple[Mapping[str, Any], Digests]]:
    if len(what) == _DAY_CHARS:
        digests = Digests.of_day(root, what, skipped)
        for line in finding.queries(root, what, skipped):
            yield line, digests
        return
    query_id = parse_query_id(what)
    found = finding.find(root, query_id, skipped)
    if found is None:
        message = f"query {query_id} is not in the archive at {root}; `kitbash ask` prints the id of each question"
        raise NotFound(message)
    yield found.trace, Digests.of_query(found)


def show(differing: Differing) -> None:
    """Print how one query comes out otherwise."""
    output.emphasised(f"{differing.query_id}  {differing.query}", "bold")
    for line in differing.words():
        output.line(f"  {line}")
