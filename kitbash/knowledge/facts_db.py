"""The `facts.db` of a cartridge: read in both schemas in use, written in the one that older readers know."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from kitbash.domain.fact import content_hash
from kitbash.errors import KnowledgeError
from kitbash.knowledge.sqlite import Reader

_SCHEMA: Final = """
CREATE TABLE facts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    content_hash TEXT UNIQUE NOT NULL,
    content TEXT NOT NULL,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP,
    access_count INTEGER DEFAULT 0,
    last_accessed TEXT,
    status TEXT DEFAULT 'active'
);
CREATE INDEX idx_content_hash ON facts(content_hash);
CREATE INDEX idx_status ON facts(status);
"""


class StoredFact(NamedTuple):
    """One row: the text under its id."""

    fact_id: int
    text: str


def read(path: Path) -> list[StoredFact]:
    """Return the active facts in order of their ids. Raises KnowledgeError naming the file and what is wrong."""
    with Reader(path) as reader:
        columns = reader.columns("facts")
        if {"id", "content"} <= columns:
            where = " WHERE status = 'active'" if "status" in columns else ""
            sql = f"SELECT id, content FROM facts{where} ORDER BY id"  # noqa: S608 - no outside text in it
        elif {"fact_id", "fact_text"} <= columns:
            sql = "SELECT fact_id, fact_text FROM facts ORDER BY fact_id"
        else:
            message = f"{path} has no table 'facts' with a text column; it has {sorted(columns) or 'none'}"
            raise KnowledgeError(message)
        rows = reader.rows(sql)
    seen: set[int] = set()
    for fact_id, text in rows:
        if not isinstance(fact_id, int) or fact_id < 1 or fact_id in seen:
            message = f"{path} holds a fact whose id {fact_id!r} is no number of its own; build or import it again"
            raise KnowledgeError(message)
        seen.add(fact_id)
        if not isinstance(text, str) or not text.strip():
            message = f"{path} holds a fact without text (id {fact_id}); build or import it again"
            raise KnowledgeError(message)
    return [StoredFact(fact_id, text) for fact_id, text in rows]


def write(path: Path, facts: Iterable[StoredFact], *, next_id: int) -> None:
    """Write a new database; ids below `next_id` that are free now are never given to another fact."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_SCHEMA)
        connection.executemany(
            "INSERT INTO facts (id, content_hash, content) VALUES (?, ?, ?)",
            ((fact.fact_id, content_hash(fact.text), fact.text) for fact in facts),
        )
        connection.execute("DELETE FROM sqlite_sequence")
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('facts', ?)", (next_id - 1,))


def next_id(path: Path) -> int:
    """Return the id the next new fact gets: above every id ever given."""
    with Reader(path) as reader:
        rows = reader.rows("SELECT seq FROM sqlite_sequence WHERE name = 'facts'")
        return int(rows[0][0]) + 1 if rows else 1
