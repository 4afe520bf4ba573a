"""A cartridge folder opened for queries: checked, indexed, never written to."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kitbash.domain.fact import Fact
from kitbash.errors import KnowledgeError
from kitbash.knowledge import annotation, facts_db, index, layout, manifest
from kitbash.knowledge.index import Fingerprint, Index
from kitbash.knowledge.sqlite import Reader


@dataclass(frozen=True, slots=True)
class Cartridge:
    """One open cartridge."""

    name: str
    folder: Path
    faction: layout.Faction
    index: Index


def facts_in(folder: Path, name: str) -> Iterator[Fact]:
    """Yield a folder's facts with what is annotated about them. Raises KnowledgeError naming what is broken."""
    path = folder / layout.ANNOTATIONS
    notes = {note.fact_id: note for note in annotation.read(path)} if path.exists() else {}
    for row in facts_db.read(folder / layout.FACTS):
        note = notes.get(row.fact_id) or annotation.Annotation(fact_id=row.fact_id)
        yield Fact(
            cartridge=name,
            fact_id=row.fact_id,
            text=row.text,
            level=note.metadata.epistemic_level,
            confidence=note.metadata.confidence,
            sources=tuple(note.metadata.sources),
            aliases=tuple(note.aliases),
            topic=note.topic,
            claims=tuple(record.claim for record in note.claims),
            forbids=tuple(note.context.excludes),
            event_time=note.metadata.temporal_validity.event_time,
            narrative_time=note.metadata.temporal_validity.narrative_time,
        )


def open_cartridge(name: str, folder: Path, cache: Path) -> Cartridge:
    """Return a cartridge ready for queries; the folder is not written to.

    An index that is missing or older than its sources is built in `cache`. Raises KnowledgeError naming what is broken.
    """
    manifest.read(folder / layout.MANIFEST)
    Reader(folder / layout.FACTS).close()
    found = _fresh(folder / layout.LEXICAL, folder, name) or _cached(folder, cache, name)
    return Cartridge(name, folder, layout.faction_of(name), found)


def _fresh(path: Path, folder: Path, name: str) -> Index | None:
    """Return the index at a path if it was made of what the folder holds now."""
    if not path.exists():
        return None
    try:
        found = Index(path, name)
    except (KnowledgeError, ValueError):
        # A broken index is no loss: it is built anew from the facts, whose own faults are reported.
        return None
    if found.version == index.VERSION and (
        found.quick == index.quick_fingerprint(folder) or found.digest == Fingerprint.of(folder).digest
    ):
        return found
    found.close()
    return None


def _cached(folder: Path, cache: Path, name: str) -> Index:
    fingerprint = Fingerprint.of(folder)
    path = cache / f"{name}-{fingerprint.digest[:32]}.db"
    found = _fresh(path, folder, name)
    if found is not None:
        return found
    cache.mkdir(parents=True, exist_ok=True)
    handle, work = tempfile.mkstemp(prefix=".building-", dir=cache)
    os.close(handle)
    try:
        index.write(Path(work), facts_in(folder, name), fingerprint)
        Path(work).replace(path)
    finally:
        Path(work).unlink(missing_ok=True)
    return Index(path, name)
