"""Older cartridges, in both schemas: taken in, opened where they lie, and never changed."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kitbash.domain.level import Level
from kitbash.errors import KnowledgeError
from kitbash.knowledge.importing import import_folder
from tests.integration.cartridge_making import (
    FLAT_SCHEMA,
    NESTED_SCHEMA,
    by_hand,
    facts_of,
    flat_rows,
    nested_rows,
    plain,
    snapshot,
)

INERTIA = "A body at rest stays at rest."
FORCE = "Force is mass times acceleration."
DELETED = "Old news."


def nested_note(fact_id: int, level: int) -> dict[str, Any]:
    """Return an annotation as older cartridges hold it."""
    return {
        "fact_id": fact_id,
        "metadata": {
            "confidence": 0.94,
            "sources": ["textbook"],
            "temporal_validity": None,
            "created_at": "2025-01-01T00:00:00+00:00",
            "last_validated": None,
            "epistemic_level": level,
        },
        "derivations": [],
        "relationships": [],
        "context": {"domain": "physics", "subdomains": ["mechanics"], "applies_to": [], "excludes": []},
        "nwp_encoding": None,
    }


def flat_note(fact_id: int, level: str) -> dict[str, Any]:
    """Return an annotation as the written specification has it."""
    return {
        "fact_id": fact_id,
        "epistemological_level": level,
        "confidence": 0.88,
        "source": "a handbook",
        "context": "What bodies do when nothing pushes them, in classical mechanics.",
        "boundaries": "slow bodies",
        "tags": ["mechanics", "motion", "rest"],
        "dependencies": [{"cart": "maths", "fact_id": 1, "type": "requires"}],
    }


def nested(folder: Path) -> Path:
    sql = NESTED_SCHEMA + nested_rows({2: INERTIA, 5: FORCE}) + nested_rows({7: DELETED}, status="archived")
    notes = [nested_note(2, 2), nested_note(5, 1), nested_note(7, 0)]
    about = '{"cartridge_name": "physics", "description": "How things move.", "grain_inventory": {"sg_1": {}}}'
    return by_hand(folder, sql, annotations=notes, manifest=about)


def flat(folder: Path) -> Path:
    notes = [flat_note(2, "L1_AXIOMATIC"), flat_note(5, "L0_EMPIRICAL")]
    return by_hand(folder, FLAT_SCHEMA + flat_rows({2: INERTIA, 5: FORCE}), annotations=notes)


@pytest.fixture
def where(tmp_path: Path) -> Path:
    return tmp_path / "cartridges"


def test_a_nested_cartridge_is_imported_with_ids_levels_and_sources(tmp_path: Path, where: Path) -> None:
    built = import_folder(nested(tmp_path / "physics.kbc"), where)
    assert (built.name, built.added) == ("physics_general", 2)
    facts = facts_of(where, "physics_general")
    assert {fact_id: fact.text for fact_id, fact in facts.items()} == {2: INERTIA, 5: FORCE}
    assert (facts[2].level, facts[5].level) == (Level.AXIOMATIC, Level.NARRATIVE)
    assert (facts[2].confidence, facts[2].sources) == (0.94, ("textbook",))
    assert facts[2].topic == "physics \u203a mechanics"


def test_a_flat_cartridge_is_imported_with_ids_levels_and_sources(tmp_path: Path, where: Path) -> None:
    import_folder(flat(tmp_path / "physics_fiction.kbc"), where)
    facts = facts_of(where, "physics_fiction")
    assert {fact_id: fact.text for fact_id, fact in facts.items()} == {2: INERTIA, 5: FORCE}
    assert (facts[2].level, facts[5].level) == (Level.AXIOMATIC, Level.EMPIRICAL)
    assert (facts[2].confidence, facts[2].sources) == (0.88, ("a handbook",))


@pytest.mark.parametrize("make", [nested, flat])
def test_the_source_of_an_import_is_not_touched(tmp_path: Path, where: Path, make: Any) -> None:
    source = make(tmp_path / "physics.kbc")
    before = snapshot(source)
    import_folder(source, where)
    assert snapshot(source) == before


@pytest.mark.parametrize("make", [nested, flat])
def test_importing_the_same_again_changes_nothing(tmp_path: Path, where: Path, make: Any) -> None:
    source = make(tmp_path / "physics.kbc")
    import_folder(source, where)
    before = snapshot(where)
    assert not import_folder(source, where).touched
    assert snapshot(where) == before


def test_a_faction_may_be_given(tmp_path: Path, where: Path) -> None:
    assert import_folder(flat(tmp_path / "physics.kbc"), where, faction="experiment").name == "physics_experiment"
    with pytest.raises(KnowledgeError, match="'pirates' is not a faction"):
        import_folder(tmp_path / "physics.kbc", where, faction="pirates")


def test_facts_without_annotations_are_imported_with_defaults(tmp_path: Path, where: Path) -> None:
    source = by_hand(tmp_path / "rocks.kbc", FLAT_SCHEMA + flat_rows({1: INERTIA}), manifest=None)
    import_folder(source, where)
    fact = facts_of(where, "rocks_general")[1]
    assert (fact.confidence, fact.sources, fact.topic) == (0.5, (), "rocks")


def test_what_is_not_a_cartridge_folder_is_refused(tmp_path: Path, where: Path) -> None:
    empty = by_hand(tmp_path / "empty.kbc", NESTED_SCHEMA)
    with pytest.raises(KnowledgeError, match="holds no active fact"):
        import_folder(empty, where)
    with pytest.raises(KnowledgeError, match=r"its name ends in \.kbc"):
        import_folder(tmp_path / "gone.kbc", where)
    with pytest.raises(KnowledgeError, match=r"its name ends in \.kbc"):
        import_folder(tmp_path, where)
    assert not where.exists()


def test_an_import_over_a_cartridge_with_other_ids_keeps_every_fact(tmp_path: Path, where: Path) -> None:
    first = by_hand(tmp_path / "1" / "x.kbc", FLAT_SCHEMA + flat_rows({1: INERTIA}))
    second = by_hand(tmp_path / "2" / "x.kbc", FLAT_SCHEMA + flat_rows({1: FORCE, 2: INERTIA}))
    import_folder(first, where)
    import_folder(second, where)
    facts = facts_of(where, "x_general")
    assert facts[1].text == INERTIA
    assert sorted(fact.text for fact in facts.values()) == sorted([INERTIA, FORCE])


def test_an_import_never_gives_an_id_that_once_stood_for_another_text(tmp_path: Path, where: Path) -> None:
    for number, texts in enumerate(({1: INERTIA, 2: FORCE}, {1: INERTIA}, {1: INERTIA, 2: DELETED})):
        import_folder(by_hand(tmp_path / str(number) / "x.kbc", FLAT_SCHEMA + flat_rows(texts)), where)
    assert {fact_id: fact.text for fact_id, fact in facts_of(where, "x_general").items()} == {1: INERTIA, 3: DELETED}


def test_a_text_that_stands_twice_in_a_flat_cartridge_is_imported_once(tmp_path: Path, where: Path) -> None:
    import_folder(by_hand(tmp_path / "x.kbc", FLAT_SCHEMA + flat_rows({1: INERTIA, 2: INERTIA})), where)
    assert [fact.text for fact in facts_of(where, "x_general").values()] == [INERTIA]


@pytest.mark.parametrize("make", [nested, flat])
def test_an_older_cartridge_dropped_into_the_folder_answers_and_is_indexed_in_the_cache(
    tmp_path: Path, where: Path, make: Any
) -> None:
    before = snapshot(make(where / "physics.kbc"))
    facts = facts_of(where, "physics")
    assert {fact_id: fact.text for fact_id, fact in facts.items()} == {2: INERTIA, 5: FORCE}
    assert snapshot(where / "physics.kbc") == before
    assert [path.name[:8] for path in (tmp_path / "cache").iterdir()] == ["physics-"]


def test_an_index_in_the_cache_is_used_again(tmp_path: Path, where: Path) -> None:
    plain(where / "rocks.kbc")
    facts_of(where, "rocks")
    before = snapshot(tmp_path / "cache")
    facts_of(where, "rocks")
    assert snapshot(tmp_path / "cache") == before


def test_an_index_in_the_cache_is_replaced_when_facts_change(where: Path) -> None:
    folder = plain(where / "rocks.kbc")
    facts_of(where, "rocks")
    with closing(sqlite3.connect(folder / "facts.db")) as connection, connection:
        connection.execute("UPDATE facts SET content = 'Basalt was lava once.'")
    assert facts_of(where, "rocks")[1].text == "Basalt was lava once."


def test_a_broken_index_in_the_cache_is_built_anew(tmp_path: Path, where: Path) -> None:
    plain(where / "rocks.kbc")
    facts_of(where, "rocks")
    (index,) = (tmp_path / "cache").iterdir()
    for broken in (b"", b"no index", index.read_bytes()[:4096]):
        index.write_bytes(broken)
        assert list(facts_of(where, "rocks")) == [1]
