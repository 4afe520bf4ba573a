"""Cartridges for tests: built from text, or made by hand in the schemas of older collections."""

import json
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from kitbash.domain.fact import Fact, content_hash
from kitbash.knowledge.build import Built, build
from kitbash.knowledge.library import Library
from kitbash.knowledge.source.files import recipes

ICE: Final = "- Ice floats on water. | a book | 0.9 | L0\n  - Does ice float?\n"
STEAM: Final = "- Steam rises in air. | a paper | 0.8 | L1\n  - What does steam do?\n"
RAIN: Final = "- Rain falls from clouds. | a talk | 0.7 | L0\n  - Where does rain come from?\n"
WATER: Final = f"# Water\n\n{ICE}{STEAM}{RAIN}"

Texts = Mapping[int, str]
NESTED_SCHEMA: Final = """
CREATE TABLE facts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, content_hash TEXT UNIQUE NOT NULL, content TEXT NOT NULL,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP, access_count INTEGER DEFAULT 0, last_accessed TEXT,
    status TEXT DEFAULT 'active'
);
CREATE INDEX idx_content_hash ON facts(content_hash);
CREATE INDEX idx_access_count ON facts(access_count DESC);
CREATE INDEX idx_status ON facts(status);
CREATE INDEX idx_last_accessed ON facts(last_accessed DESC);
"""
FLAT_SCHEMA: Final = """
CREATE TABLE facts (
    fact_id INTEGER PRIMARY KEY, content_hash TEXT, fact_text TEXT NOT NULL, created_at TIMESTAMP,
    last_accessed TIMESTAMP, access_count INTEGER
);
CREATE INDEX idx_hash ON facts(content_hash);
CREATE INDEX idx_access ON facts(access_count);
"""


class Seen(NamedTuple):
    """One file or folder as it is on disk; `content` is None for a folder."""

    content: bytes | None
    mtime_ns: int
    inode: int


def snapshot(folder: Path) -> dict[str, Seen]:
    """Return everything in a folder: bytes, times and identities."""
    return {
        str(path.relative_to(folder)): Seen(
            path.read_bytes() if path.is_file() else None, path.stat().st_mtime_ns, path.stat().st_ino
        )
        for path in sorted(folder.rglob("*"))
    }


def build_text(folder: Path, text: str = WATER, *, file: str = "water.md", name: str | None = None) -> Built:
    """Write one source beside `folder` and build or refresh its cartridge in it."""
    source = folder.with_name(f"{folder.name}-sources") / file
    source.parent.mkdir(exist_ok=True)
    source.write_text(text, encoding="utf-8")
    (recipe,) = recipes([source], name=name)
    return build(recipe, folder)


@contextmanager
def opened(*folders: Path) -> Generator[Library]:
    """Open a library on folders, with its cache beside the first, and close it afterwards."""
    library = Library(folders, folders[0].with_name("cache"))
    try:
        yield library
    finally:
        library.close()


def facts_of(folder: Path, name: str = "water_general") -> dict[int, Fact]:
    """Return the facts of one cartridge as a library answers with them."""
    with opened(folder) as library:
        return {fact.fact_id: fact for fact in library.cartridges[name].index.facts()}


def by_hand(
    folder: Path,
    sql: str,
    *,
    annotations: list[dict[str, Any]] | str | None = None,
    manifest: str | None = '{"cartridge_name": "made by hand"}',
) -> Path:
    """Make a cartridge folder whose database is what some SQL makes; nothing is checked."""
    folder.mkdir(parents=True)
    with closing(sqlite3.connect(folder / "facts.db")) as connection:
        connection.executescript(sql)
    if manifest is not None:
        (folder / "manifest.json").write_text(manifest, encoding="utf-8")
    if annotations is not None:
        lines = annotations if isinstance(annotations, str) else "".join(f"{json.dumps(it)}\n" for it in annotations)
        (folder / "annotations.jsonl").write_text(lines, encoding="utf-8")
    return folder


def plain(folder: Path) -> Path:
    """Make a small correct cartridge in the nested schema, of one fact with one question."""
    note: dict[str, Any] = {"fact_id": 1, "metadata": {"confidence": 0.9}, "aliases": ["What is basalt?"]}
    return by_hand(folder, NESTED_SCHEMA + nested_rows({1: "Basalt is a volcanic rock."}), annotations=[note])


def nested_rows(texts: Texts, status: str = "active") -> str:
    """Return SQL that fills the nested schema."""
    return "".join(
        f"INSERT INTO facts (id, content_hash, content, access_count, last_accessed, status) VALUES "
        f"({fact_id}, '{content_hash(text)}', '{text}', 7, '2025-01-01T00:00:00+00:00', '{status}');\n"
        for fact_id, text in texts.items()
    )


def flat_rows(texts: Texts) -> str:
    """Return SQL that fills the flat schema of the written specification."""
    return "".join(
        f"INSERT INTO facts VALUES ({fact_id}, '{content_hash(text)}', '{text}', NULL, NULL, 0);\n"
        for fact_id, text in texts.items()
    )
