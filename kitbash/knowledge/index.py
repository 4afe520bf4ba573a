"""The lexical index of a cartridge: everything a query needs from it, in one SQLite file.

Derived from `facts.db` and `annotations.jsonl` and rebuilt whenever their contents differ from what it was made of.
FTS5 proposes facts by BM25; how sure a proposal is gets decided elsewhere, from absolute features.
"""

import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from kitbash.domain.claim import Claim
from kitbash.domain.fact import Fact
from kitbash.domain.level import Level
from kitbash.domain.normal_form import normal_form
from kitbash.domain.words import content_stems
from kitbash.errors import KnowledgeError
from kitbash.knowledge import claim_record, fact_row, layout
from kitbash.knowledge.sqlite import Reader

VERSION: Final = "2"
"""Raised whenever the schema, the stemmer or the normal form changes what is stored."""

_OBJECTS: Final = frozenset(
    (
        "meta",
        *fact_row.OBJECTS,
        "form",
        "vocabulary",
        "lexical",
        *(f"lexical_{part}" for part in ("data", "idx", "docsize", "config", "content")),
    )
)
_SCHEMA: Final = (
    fact_row.SCHEMA
    + """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE form (form TEXT NOT NULL, fact_id INTEGER NOT NULL, PRIMARY KEY (form, fact_id)) WITHOUT ROWID;
CREATE TABLE vocabulary (term TEXT PRIMARY KEY, facts INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE lexical USING fts5(
    body, content='', tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co'"
);
"""
)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What an index was made of: sizes and times to compare quickly, a hash to be certain."""

    quick: str
    digest: str

    @classmethod
    def of(cls, folder: Path) -> "Fingerprint":
        """Return the fingerprint of a cartridge's sources as they are on disk."""
        digest = sha256(VERSION.encode())
        for name in (layout.FACTS, layout.ANNOTATIONS):
            path = folder / name
            digest.update(path.read_bytes() if path.exists() else b"")
        return cls(quick_fingerprint(folder), digest.hexdigest())


def quick_fingerprint(folder: Path) -> str:
    """Return sizes and modification times of a cartridge's sources."""
    parts = [VERSION]
    for name in (layout.FACTS, layout.ANNOTATIONS):
        path = folder / name
        stat = path.stat() if path.exists() else None
        parts.append(f"{stat.st_size}:{stat.st_mtime_ns}" if stat else "-")
    return "/".join(parts)


def indexed_stems(fact: Fact) -> tuple[str, ...]:
    """Return the content stems a fact is found by: its text, topic and aliases."""
    return content_stems(" ".join((fact.text, fact.topic, *fact.aliases)))


def forms_of(fact: Fact) -> set[str]:
    """Return the normal forms that Layer 0 answers with this fact."""
    return {form for text in (fact.text, *fact.aliases) if (form := normal_form(text))}


def write(path: Path, facts: Iterable[Fact], fingerprint: Fingerprint) -> None:
    """Write a new index file at a path where none is."""
    counts: dict[str, int] = {}
    total = 0
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + _SCHEMA)
        for fact in facts:
            total += 1
            connection.execute(fact_row.INSERT, fact_row.of_fact(fact))
            connection.executemany(
                "INSERT OR IGNORE INTO form VALUES (?, ?)", ((form, fact.fact_id) for form in forms_of(fact))
            )
            if fact.level.states_facts:
                stems = indexed_stems(fact)
                connection.execute("INSERT INTO lexical (rowid, body) VALUES (?, ?)", (fact.fact_id, " ".join(stems)))
                for term in set(stems):
                    counts[term] = counts.get(term, 0) + 1
        connection.executemany("INSERT INTO vocabulary VALUES (?, ?)", counts.items())
        meta = {"version": VERSION, "quick": fingerprint.quick, "digest": fingerprint.digest, "facts": str(total)}
        connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())


class Index:
    """A cartridge's index, open for reading. Safe to share between threads; not across a fork."""

    def __init__(self, path: Path, cartridge: str) -> None:
        """Open an index file. Raises KnowledgeError if it is broken or holds foreign objects."""
        self.cartridge = cartridge
        self._reader = Reader(path, objects=_OBJECTS, fts="lexical")
        try:
            rows = self._reader.rows("SELECT key, value FROM meta")
            meta = {str(key): str(value) for key, value in rows}
            with self._sound():
                self.fact_count = int(meta.get("facts", "0"))
        except KnowledgeError:
            self._reader.close()
            raise
        self.version = meta.get("version")
        self.quick = meta.get("quick")
        self.digest = meta.get("digest")

    def close(self) -> None:
        """Close the file; the index cannot be used afterwards."""
        self._reader.close()

    def forms(self) -> list[tuple[str, int]]:
        """Return every normal form with the id of the fact it asks for."""
        rows = self._reader.rows("SELECT form, fact_id FROM form")
        with self._sound():
            return [(str(form), int(fact_id)) for form, fact_id in rows]

    def facts(self) -> Iterator[Fact]:
        """Yield every fact, in order of ids."""
        for row in self._reader.rows(f"SELECT {fact_row.COLUMNS} FROM fact ORDER BY id"):  # noqa: S608 - column names
            yield self._fact(row)

    def claims(self) -> list[tuple[int, Level, tuple[Claim, ...]]]:
        """Return every fact that has claims: its id, its level, its claims."""
        rows = self._reader.rows("SELECT id, level, claims FROM fact WHERE claims <> '[]' ORDER BY id")
        with self._sound():
            return [(int(fact_id), Level(int(level)), claim_record.from_json(text)) for fact_id, level, text in rows]

    def intents(self, limit: int = -1) -> list[Fact]:
        """Return the facts of level L4, in order of ids, all or up to `limit`."""
        sql = f"SELECT {fact_row.COLUMNS} FROM fact WHERE level = 4 ORDER BY id LIMIT ?"  # noqa: S608 - column names
        return [self._fact(row) for row in self._reader.rows(sql, (limit,))]

    def fact(self, fact_id: int) -> Fact | None:
        """Return one fact, or None if there is none with this id."""
        sql = f"SELECT {fact_row.COLUMNS} FROM fact WHERE id = ?"  # noqa: S608 - column names only
        rows = self._reader.rows(sql, (fact_id,))
        return self._fact(rows[0]) if rows else None

    def known(self, stems: Iterable[str]) -> dict[str, int]:
        """Return how many facts hold each of the stems, leaving out those that none holds."""
        wanted = tuple(stems)
        marks = ",".join("?" * len(wanted))
        sql = f"SELECT term, facts FROM vocabulary WHERE term IN ({marks})"  # noqa: S608 - question marks only
        return {str(term): int(count) for term, count in self._reader.rows(sql, wanted)}

    def propose(self, stems: Sequence[str], limit: int) -> list[Fact]:
        """Return up to `limit` facts that hold any of the stems, the best by BM25 first."""
        if not stems:
            return []
        match = " OR ".join('"' + term.replace('"', '""') + '"' for term in dict.fromkeys(stems))
        sql = (
            f"SELECT {fact_row.COLUMNS} FROM lexical JOIN fact ON fact.id = lexical.rowid "  # noqa: S608
            "WHERE lexical MATCH ? ORDER BY lexical.rank, fact.id LIMIT ?"
        )
        return [self._fact(row) for row in self._reader.rows(sql, (match, limit))]

    def _fact(self, row: Sequence[Any]) -> Fact:
        with self._sound():
            return fact_row.to_fact(row, self.cartridge)

    @contextmanager
    def _sound(self) -> Generator[None]:
        """Name the file if a value in it is not what this module writes."""
        try:
            yield
        except (ValueError, TypeError) as error:
            message = f"{self._reader.path} holds a wrong value ({error}); build or import the cartridge again"
            raise KnowledgeError(message) from error
