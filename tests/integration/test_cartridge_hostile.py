"""Broken and hostile cartridges are named and set aside; the others answer as if they were not there."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from kitbash.errors import KnowledgeError
from kitbash.knowledge.facts_db import read
from tests.integration.cartridge_making import (
    FLAT_SCHEMA,
    NESTED_SCHEMA,
    build_text,
    by_hand,
    flat_rows,
    nested_rows,
    opened,
    plain,
    snapshot,
)

ROCK = {1: "Basalt is a rock."}
BARE = "CREATE TABLE facts (id INTEGER PRIMARY KEY, content TEXT);"
ENDLESS = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r)"
SCHEMAS = {
    "a view named facts": (f"CREATE VIEW facts AS {ENDLESS} SELECT n AS id, 'x' AS content FROM r;", "a view 'facts'"),
    "a view beside the facts": (f"{BARE}CREATE VIEW v AS SELECT * FROM facts;", "a view 'v'"),
    "a trigger": (f"{BARE}CREATE TRIGGER t AFTER INSERT ON facts BEGIN DELETE FROM facts; END;", "a trigger 't'"),
    "a virtual table": (f"{BARE}CREATE VIRTUAL TABLE v USING fts5(x);", "a table 'v'"),
    "a virtual table named facts": ("CREATE VIRTUAL TABLE facts USING fts5(id, content);", "a table 'facts'"),
    "a generated text": (
        "CREATE TABLE facts (id INTEGER PRIMARY KEY, raw TEXT, content TEXT AS (raw || raw))",
        "facts.db",
    ),
    "another table": ("CREATE TABLE other (id INTEGER, content TEXT);", "no table 'facts'"),
    "other columns": ("CREATE TABLE facts (id INTEGER, body TEXT);", "no table 'facts' with a text column"),
    "a fact without text": (f"{BARE}INSERT INTO facts VALUES (1, NULL);", "a fact without text (id 1)"),
    "a fact of blanks": (f"{BARE}INSERT INTO facts VALUES (1, '  ');", "a fact without text (id 1)"),
    "a fact of bytes": (f"{BARE}INSERT INTO facts VALUES (1, x'00ff');", "a fact without text (id 1)"),
    "an id that is text": (
        "CREATE TABLE facts (id TEXT, content TEXT); INSERT INTO facts VALUES ('one', 'x');",
        "id 'one'",
    ),
    "text that is not UTF-8": (f"{BARE}INSERT INTO facts VALUES (1, CAST(x'ff41' AS TEXT));", "cannot be read"),
    "no table at all": ("CREATE TABLE t (x); DROP TABLE t;", "no table 'facts'"),
}
NOTES = {
    "a line that is not JSON": ('{"fact_id": 1}\n\n{"fact_id": \n', "annotations.jsonl, line 3 is not valid JSON"),
    "a line that is a list": ('{"fact_id": 1}\n[]\n', "annotations.jsonl, line 2 holds a list"),
    "a line nested too deep": ('{"fact_id": ' + "[" * 100_000, "line 1 is not valid JSON"),
    "a line that is too long": (f'{{"fact_id": 1, "x": "{"x" * 1_000_000}"}}', "line 1 is longer than 1,000,000"),
    "no id": ('{"metadata": {}}', "line 1 is not an annotation: fact_id"),
    "a confidence above 1": ('{"fact_id": 1, "metadata": {"confidence": 1.5}}', "metadata.confidence"),
    "a confidence that is no number": ('{"fact_id": 1, "metadata": {"confidence": NaN}}', "metadata.confidence"),
    "a level that never was": ('{"fact_id": 1, "metadata": {"epistemic_level": 9}}', "9 is not a level"),
    "aliases that are no list": ('{"fact_id": 1, "aliases": "What?"}', "line 1 is not an annotation: aliases"),
    "bytes that are not UTF-8": ('{"fact_id": 1, "x": "\udcff"}', "annotations.jsonl cannot be read"),
}
FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a database cut short": (
        lambda folder: os.truncate(folder / "facts.db", (folder / "facts.db").stat().st_size - 4096),
        "facts.db is cut short",
    ),
    "a database of a few bytes": (lambda folder: os.truncate(folder / "facts.db", 50), "is not a SQLite database"),
    "an empty database file": (lambda folder: os.truncate(folder / "facts.db", 0), "is not a SQLite database"),
    "text instead of a database": (
        lambda folder: (folder / "facts.db").write_text("text " * 99),
        "facts.db is not a SQLite database",
    ),
    "a folder instead of a database": (
        lambda folder: ((folder / "facts.db").unlink(), (folder / "facts.db").mkdir()),
        "facts.db cannot be read",
    ),
    "no database": (lambda folder: (folder / "facts.db").unlink(), "facts.db cannot be read"),
    "pages of noise": (
        lambda folder: (folder / "facts.db").write_bytes(
            (folder / "facts.db").read_bytes()[:100] + b"\xa5" * ((folder / "facts.db").stat().st_size - 100)
        ),
        "facts.db cannot be read",
    ),
    "no manifest": (lambda folder: (folder / "manifest.json").unlink(), "manifest.json is not a manifest"),
    "a manifest that is not JSON": (
        lambda folder: (folder / "manifest.json").write_text("{"),
        "manifest.json is not a manifest",
    ),
    "a manifest nested too deep": (
        lambda folder: (folder / "manifest.json").write_text("[" * 100_000),
        "manifest.json is not a manifest",
    ),
    "a manifest without a name": (
        lambda folder: (folder / "manifest.json").write_text('{"version": "1"}'),
        "it lacks a valid cartridge_name",
    ),
    "a manifest that is too large": (
        lambda folder: os.truncate(folder / "manifest.json", 16_000_001),
        "manifest.json is larger than 16,000,000 bytes",
    ),
}


@pytest.fixture
def where(tmp_path: Path) -> Path:
    """Return a folder with one good cartridge before and one after the bad ones by name."""
    folder = tmp_path / "cartridges"
    build_text(folder)
    plain(folder / "zircon.kbc")
    return folder


def is_set_aside(where: Path, reason: str) -> None:
    """Check that `rocks` alone is set aside for this reason, that the others answer and that nothing was written."""
    before = snapshot(where / "rocks.kbc")
    with opened(where) as library:
        assert library.asked("Does ice float?") == (("water_general", 1),)
        assert library.asked("What is basalt?") == (("zircon", 1),)
        (aside,) = library.set_aside
        assert (aside.name, aside.folder) == ("rocks", where / "rocks.kbc")
        assert str(where / "rocks.kbc") in aside.reason
        assert reason in aside.reason
    assert snapshot(where / "rocks.kbc") == before


@pytest.mark.parametrize("what", SCHEMAS)
def test_a_database_with_something_else_in_it_is_set_aside_and_named(where: Path, what: str) -> None:
    sql, reason = SCHEMAS[what]
    by_hand(where / "rocks.kbc", sql)
    is_set_aside(where, reason)


@pytest.mark.parametrize("what", NOTES)
def test_wrong_annotations_are_set_aside_and_named_with_their_line(where: Path, what: str) -> None:
    lines, reason = NOTES[what]
    folder = by_hand(where / "rocks.kbc", NESTED_SCHEMA + nested_rows(ROCK))
    (folder / "annotations.jsonl").write_bytes(lines.encode(errors="surrogateescape"))
    is_set_aside(where, reason)


@pytest.mark.parametrize("what", FILES)
def test_a_file_that_is_broken_or_missing_is_set_aside_and_named(where: Path, what: str) -> None:
    mutilate, reason = FILES[what]
    mutilate(by_hand(where / "rocks.kbc", NESTED_SCHEMA + nested_rows(ROCK)))
    is_set_aside(where, reason)


def test_an_index_over_an_expression_does_no_harm(where: Path) -> None:
    by_hand(where / "rocks.kbc", f"{NESTED_SCHEMA}CREATE INDEX i ON facts (upper(content)); {nested_rows(ROCK)}")
    with opened(where) as library:
        assert library.set_aside == ()
        assert next(library.cartridges["rocks"].index.facts()).text == ROCK[1]


def test_generated_columns_are_never_computed(where: Path) -> None:
    overflowing = "ALTER TABLE facts ADD COLUMN status TEXT AS (abs(-9223372036854775807 - 1));"
    by_hand(where / "rocks.kbc", f"{BARE} INSERT INTO facts VALUES (1, '{ROCK[1]}'); {overflowing}")
    with opened(where) as library:
        assert library.asked("What is basalt?") == (("zircon", 1),)
        assert "overflow" not in "".join(aside.reason for aside in library.set_aside)


def index_after(where: Path, sql: str) -> None:
    """Build `rocks_general` and change its index behind its back."""
    index = build_text(where, file="rocks.md").folder / "indices" / "lexical.db"
    with closing(sqlite3.connect(index)) as connection, connection:
        connection.executescript(sql)


SMUGGLED = """INSERT INTO fact SELECT 99, text, level, confidence, sources, aliases, topic, claims, forbids, event_time,
    narrative_time FROM fact WHERE id = 1;"""


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE VIEW v AS SELECT * FROM fact",
        "CREATE TABLE other (x)",
        "CREATE TRIGGER t AFTER INSERT ON fact BEGIN DELETE FROM fact; END",
        "CREATE VIRTUAL TABLE other USING fts5(x)",
        "DROP TABLE meta",
        f"{SMUGGLED} UPDATE meta SET value = 'of another' WHERE key IN ('quick', 'digest')",
        f"{SMUGGLED} UPDATE meta SET value = '0' WHERE key = 'version'",
    ],
)
def test_an_index_with_foreign_objects_or_another_origin_is_built_anew_in_the_cache(where: Path, sql: str) -> None:
    index_after(where, sql)
    with opened(where) as library:
        assert library.set_aside == ()
        assert [fact.fact_id for fact in library.cartridges["rocks_general"].index.facts()] == [1, 2, 3]
    assert list((where.parent / "cache").glob("rocks_general-*.db"))


def test_an_index_without_one_of_its_tables_breaks_only_its_own_cartridge(where: Path) -> None:
    index_after(where, "DROP TABLE form")
    with opened(where) as library:
        assert library.asked("What is basalt?") == (("zircon", 1),)
        assert [aside.name for aside in library.set_aside] == ["rocks_general"]


BREAKING_ALL = {
    "an id twice": "CREATE TABLE facts (id INTEGER, content TEXT); INSERT INTO facts VALUES (1, 'x'), (1, 'y');",
    "an id of zero": f"{BARE}INSERT INTO facts VALUES (0, 'x');",
    "an id below zero": f"{BARE}INSERT INTO facts VALUES (-5, 'x');",
}


@pytest.mark.parametrize("what", BREAKING_ALL)
def test_ids_that_no_index_takes_are_set_aside(where: Path, what: str) -> None:
    by_hand(where / "rocks.kbc", BREAKING_ALL[what])
    is_set_aside(where, "facts.db")


def test_an_alias_that_is_not_text_is_set_aside(where: Path) -> None:
    by_hand(where / "rocks.kbc", FLAT_SCHEMA + flat_rows(ROCK), annotations=[{"fact_id": 1, "aliases": ["\ud800"]}])
    is_set_aside(where, "annotations.jsonl, line 1")


@pytest.mark.parametrize(
    "sql",
    ["UPDATE fact SET sources = 'no json'", "UPDATE fact SET level = 99", "UPDATE form SET fact_id = 'one'"],
)
def test_an_index_with_wrong_values_breaks_only_its_own_cartridge(where: Path, sql: str) -> None:
    index_after(where, sql)
    with opened(where) as library:
        assert library.asked("What is basalt?") == (("zircon", 1),)
        try:
            library.fact("rocks_general", 1)
        except KnowledgeError as refused:
            assert "lexical.db" in str(refused)  # noqa: PT017 - refusing is as good as answering


def test_a_statement_that_runs_too_long_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kitbash.knowledge.sqlite.MAX_STEPS", 0)
    rows = nested_rows({number: f"Rock number {number}." for number in range(1, 3000)})
    folder = by_hand(tmp_path / "x.kbc", f"{NESTED_SCHEMA} BEGIN; {rows} COMMIT;")
    assert len(read(folder / "facts.db")) == 2999
    monkeypatch.setattr("kitbash.knowledge.sqlite._STEPS", 100)
    with pytest.raises(KnowledgeError, match=r"facts\.db cannot be read: interrupted"):
        read(folder / "facts.db")
