"""A cartridge folder opened for queries: checked, indexed, never written to."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kitbash.domain.calibration import Calibration
from kitbash.domain.fact import Fact
from kitbash.errors import KnowledgeError
from kitbash.knowledge import annotation, calibration_record, facts_db, index, layout, manifest
from kitbash.knowledge.fingerprint import VERSION, Fingerprint, quick_fingerprint
from kitbash.knowledge.index import Index
from kitbash.knowledge.sqlite import Reader
from kitbash.observe import logs

_log: Any = logs.logger(__name__)


@dataclass(frozen=True, slots=True)
class Cartridge:
    """One open cartridge. `calibration` is its own, if it has one that was made of the facts it holds now.

    `uncalibrated` says why one that is there is not used; empty if all is well.
    """

    name: str
    folder: Path
    faction: layout.Faction
    index: Index
    calibration: Calibration | None = None
    uncalibrated: str = ""


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

    An index that is missing, of another version or of other sources is built in `cache`, and the log says so. A large
    one that cannot be used in full where it lies is, too; where that fails it is used as it is. Raises KnowledgeError
    naming what is broken. A calibration that was made of other facts is not used, and the log says so.
    """
    manifest.read(folder / layout.MANIFEST)
    Reader(folder / layout.FACTS).close()
    found = _fresh(folder / layout.LEXICAL, folder, name)
    if found is None or found.fault:
        found = _elsewhere(found, folder, cache, name)
    calibration, fault = _calibration(folder, str(found.digest))
    if fault:
        _log.warning("calibration.ignored", cartridge=name, fault=fault)
    return Cartridge(name, folder, layout.faction_of(name), found, calibration, fault)


def _calibration(folder: Path, digest: str) -> tuple[Calibration | None, str]:
    """Return a cartridge's own calibration, or why there is one that is not used."""
    try:
        found = calibration_record.read(folder)
    except KnowledgeError as error:
        return None, str(error)
    if found is not None and found.facts != digest:
        again = f"kitbash cartridge calibrate {folder.stem}"
        return None, f"its facts have changed since {found.made}; make it again: {again}"
    return found, ""


def _fresh(path: Path, folder: Path, name: str) -> Index | None:
    """Return the index at a path if it was made of what the folder holds now."""
    if not path.exists():
        return None
    try:
        found = Index(path, name)
    except (KnowledgeError, ValueError):
        # A broken index is no loss: it is built anew from the facts, whose own faults are reported.
        return None
    if found.version == VERSION and (
        found.quick == quick_fingerprint(folder) or found.digest == Fingerprint.of(folder).digest
    ):
        return found
    found.close()
    return None


def _elsewhere(found: Index | None, folder: Path, cache: Path, name: str) -> Index:
    """Return an index in the cache for one that is not there (None), or is there and slower than it could be."""
    why = found.fault if found else f"{folder / layout.LEXICAL} is missing, stale or of another version"
    try:
        better = _cached(folder, cache, name, why)
    except (OSError, KnowledgeError) as error:
        if found is None:
            raise
        _log.warning("index.slower", cartridge=name, fault=why, cache=str(error))
        return found
    if found:
        found.close()
    return better


def _cached(folder: Path, cache: Path, name: str, why: str) -> Index:
    fingerprint = Fingerprint.of(folder)
    path = cache / f"{name}-{fingerprint.digest[:32]}.db"
    found = _fresh(path, folder, name)
    if found is not None and not found.fault:
        return found
    if found:
        found.close()
    _log.info("index.rebuilt", cartridge=name, why=why, path=str(path))
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=cache) as work:
        new = Path(work) / "lexical.db"
        index.write(new, facts_in(folder, name), fingerprint)
        if index.terms_of(new).exists():
            _replace_folder(index.terms_of(new), index.terms_of(path))
        new.replace(path)
    return Index(path, name)


def _replace_folder(new: Path, old: Path) -> None:
    """Put a folder in another's place. Who holds the old one open keeps what it has mapped."""
    shutil.rmtree(old, ignore_errors=True)
    # Another process may have put the same there in between; then that one stands.
    with suppress(OSError):
        new.replace(old)
