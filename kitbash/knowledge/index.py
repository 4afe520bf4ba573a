"""The lexical index of a cartridge: everything a query needs from it, in one SQLite file and, if large, a folder.

Derived from `facts.db` and `annotations.jsonl` and rebuilt whenever their contents differ from what it was made of.
BM25 proposes facts, by FTS5 or, in a large cartridge, by `terms`; FTS5 takes over where that cannot be read. How sure a
proposal is gets decided elsewhere, from absolute features.
"""

import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from kitbash.domain.claim import Claim
from kitbash.domain.fact import Fact
from kitbash.domain.level import Level
from kitbash.domain.normal_form import normal_form
from kitbash.domain.words import content_stems
from kitbash.errors import KnowledgeError
from kitbash.knowledge import claim_record, fact_row, terms
from kitbash.knowledge.fingerprint import VERSION, Fingerprint
from kitbash.knowledge.sqlite import Reader
from kitbash.knowledge.terms import Entry, Terms
from kitbash.observe import logs

_log: Any = logs.logger(__name__)

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


def indexed_stems(fact: Fact) -> tuple[str, ...]:
    """Return the content stems a fact is found by: its text, topic and aliases."""
    return content_stems(" ".join((fact.text, fact.topic, *fact.aliases)))


def forms_of(fact: Fact) -> set[str]:
    """Return the normal forms that Layer 0 answers with this fact."""
    return {form for text in (fact.text, *fact.aliases) if (form := normal_form(text))}


def terms_of(path: Path) -> Path:
    """Return where the folder of a large index is, beside its file."""
    return path.with_suffix(".terms")


def write(path: Path, facts: Iterable[Fact], fingerprint: Fingerprint) -> None:
    """Write a new index file at a path where none is, and its folder if it is large."""
    counts: dict[str, int] = {}
    entries: list[Entry] = []
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
                entries.append(Entry(fact.fact_id, " ".join(stems)))
                for term in set(stems):
                    counts[term] = counts.get(term, 0) + 1
        connection.executemany("INSERT INTO lexical (rowid, body) VALUES (?, ?)", entries)
        connection.executemany("INSERT INTO vocabulary VALUES (?, ?)", counts.items())
        meta = {"version": VERSION, "quick": fingerprint.quick, "digest": fingerprint.digest, "facts": str(total)}
        connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
    if total >= terms.LARGE:
        terms.write(terms_of(path), entries, fingerprint.digest)


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
        self._folder = terms_of(path)
        self._terms: Terms | None = None
        self.fault = terms.fault(self._folder, str(self.digest)) if self.fact_count >= terms.LARGE else ""
        """Why a large index proposes by FTS5, which is slower there; empty if all is well."""

    def close(self) -> None:
        """Close the file; the index cannot be used afterwards."""
        self._terms = None
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
        if self.fact_count >= terms.LARGE and not self.fault:
            try:
                self._terms = self._terms or Terms(self._folder)
                return self.of(self._terms.propose(stems, limit))
            except KnowledgeError as error:
                self.fault = str(error)
                _log.warning("index.slower", cartridge=self.cartridge, fault=self.fault)
        match = " OR ".join('"' + term.replace('"', '""') + '"' for term in dict.fromkeys(stems))
        sql = "SELECT rowid FROM lexical WHERE lexical MATCH ? ORDER BY rank, rowid LIMIT ?"
        return self.of([int(fact_id) for (fact_id,) in self._reader.rows(sql, (match, limit))])

    def of(self, fact_ids: Sequence[int]) -> list[Fact]:
        """Return the facts of these ids in their order, leaving out those there are not."""
        marks = ",".join("?" * len(fact_ids))
        sql = f"SELECT {fact_row.COLUMNS} FROM fact WHERE id IN ({marks}) AND level < 4"  # noqa: S608 - question marks
        found = {fact.fact_id: fact for fact in map(self._fact, self._reader.rows(sql, fact_ids))}
        return [found[fact_id] for fact_id in fact_ids if fact_id in found]

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
