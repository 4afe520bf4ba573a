"""Building and rebuilding: what changes on disk, and what must not."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kitbash.domain.fact import content_hash
from kitbash.domain.level import Level
from kitbash.errors import KnowledgeError
from kitbash.knowledge.build import build
from kitbash.knowledge.source.files import recipes
from tests.integration.cartridge_making import ICE, RAIN, STEAM, WATER, build_text, facts_of, opened, snapshot


@pytest.fixture
def where(tmp_path: Path) -> Path:
    return tmp_path / "cartridges"


def test_a_built_cartridge_holds_what_its_source_says(where: Path) -> None:
    built = build_text(where)
    assert (built.name, built.added, built.facts) == ("water_general", 3, 3)
    fact = facts_of(where)[1]
    assert fact.text == "Ice floats on water."
    assert (fact.confidence, fact.level) == (0.9, Level.EMPIRICAL)
    assert fact.sources == ("a book", "water.md:3")
    assert fact.aliases == ("Does ice float?",)
    assert fact.topic == "Water"


def test_a_built_cartridge_can_be_read_by_older_programs(where: Path) -> None:
    folder = build_text(where).folder
    with closing(sqlite3.connect(folder / "facts.db")) as connection:
        rows = connection.execute("SELECT id, content_hash, content, access_count, status FROM facts").fetchall()
    assert rows[0] == (1, content_hash("Ice floats on water."), "Ice floats on water.", 0, "active")
    notes = [json.loads(line) for line in (folder / "annotations.jsonl").read_text().splitlines()]
    assert notes[1]["metadata"]["epistemic_level"] == "L1_AXIOMATIC"
    assert notes[1]["metadata"]["confidence"] == 0.8
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["cartridge_name"], manifest["fact_count"]) == ("water_general", 3)
    health = json.loads((folder / "metadata.json").read_text())["health"]
    assert (health["active_facts"], health["avg_confidence"]) == (3, 0.8)
    assert (folder / "grains").is_dir()


def test_an_unchanged_rebuild_touches_no_file(where: Path) -> None:
    build_text(where)
    before = snapshot(where)
    again = build_text(where)
    assert not again.touched
    assert again.kept == 3
    assert snapshot(where) == before


def test_ids_survive_when_facts_move(where: Path) -> None:
    build_text(where)
    before = {fact.text: fact.fact_id for fact in facts_of(where).values()}
    built = build_text(where, f"# Water\n- Snow is soft.\n{RAIN}{STEAM}{ICE}")
    assert (built.added, built.removed) == (1, 0)
    after = {fact.text: fact.fact_id for fact in facts_of(where).values()}
    assert after == before | {"Snow is soft.": 4}


def test_a_change_of_one_fact_changes_only_that_one(where: Path) -> None:
    build_text(where)
    before = facts_of(where)
    built = build_text(where, WATER.replace("0.8", "0.85"))
    assert (built.added, built.removed, built.changed, built.kept) == (0, 0, 1, 2)
    after = facts_of(where)
    assert after[2].confidence == 0.85
    assert (after[1], after[3]) == (before[1], before[3])


def test_a_reworded_fact_is_a_new_one(where: Path) -> None:
    build_text(where)
    built = build_text(where, WATER.replace("Steam rises in air.", "Steam rises quickly."))
    assert (built.added, built.removed, built.kept) == (1, 1, 2)
    assert sorted(facts_of(where)) == [1, 3, 4]


def test_the_id_of_a_removed_fact_is_never_given_again(where: Path) -> None:
    build_text(where)
    build_text(where, f"# Water\n{ICE}{STEAM}")
    assert sorted(facts_of(where)) == [1, 2]
    build_text(where, f"# Water\n{ICE}{STEAM}- Hail is frozen rain.\n")
    assert facts_of(where)[4].text == "Hail is frozen rain."
    build_text(where)
    assert {5: "Rain falls from clouds."}.items() <= {key: it.text for key, it in facts_of(where).items()}.items()


def test_the_same_text_twice_is_one_fact_with_both_sources(where: Path) -> None:
    built = build_text(where, "- Ice floats. | a | 0.5 | L0\n  - one?\n\n- Ice floats. | b | 0.9\n  - two?\n")
    assert built.facts == 1
    fact = facts_of(where)[1]
    assert fact.sources == ("a", "water.md:1", "b", "water.md:4")
    assert (fact.aliases, fact.confidence) == (("one?", "two?"), 0.9)


def test_a_bad_line_is_named_and_the_old_cartridge_stays(where: Path) -> None:
    build_text(where)
    before = snapshot(where)
    with pytest.raises(KnowledgeError, match=r"water\.md:5: confidence '1\.8'"):
        build_text(where, WATER.replace("0.8", "1.8"))
    assert snapshot(where) == before


def test_a_source_without_facts_builds_nothing_and_keeps_the_old_cartridge(where: Path) -> None:
    build_text(where)
    before = snapshot(where)
    with pytest.raises(KnowledgeError, match=r"no facts in .*water\.md; nothing was built"):
        build_text(where, "# Water\n\nWhat is left?\n")
    assert snapshot(where) == before


def test_every_kind_of_source_can_be_built_into_one_cartridge(where: Path, tmp_path: Path) -> None:
    sources = tmp_path / "mixed"
    sources.mkdir()
    (sources / "a.md").write_text("# Water\n- Ice floats.\n")
    (sources / "b.csv").write_text("content,confidence\nSteam rises.,0.5\n")
    (sources / "c.json").write_text('[{"content": "Rain falls."}]')
    (sources / "d.txt").write_text("Hail is frozen rain. Is it?\n")
    (recipe,) = recipes([sources])
    counted: list[int] = []
    assert build(recipe, where, progress=counted.append).facts == 4
    assert counted == [1, 2, 3, 4]
    facts = facts_of(where, "mixed_general")
    assert [(fact.text, fact.confidence) for fact in facts.values()] == [
        ("Ice floats.", 0.8),
        ("Steam rises.", 0.5),
        ("Rain falls.", 0.8),
        ("Hail is frozen rain.", 0.7),
    ]
    assert [fact.topic for fact in facts.values()] == ["Water", "mixed", "mixed", "mixed"]


def test_a_rebuild_keeps_the_time_of_creation(where: Path) -> None:
    manifest = build_text(where).folder / "manifest.json"
    dated = {**json.loads(manifest.read_text()), "created": "2001-02-03T04:05:06+00:00"}
    manifest.write_text(json.dumps(dated))
    build_text(where, WATER.replace("0.8", "0.85"))
    assert json.loads(manifest.read_text())["created"] == "2001-02-03T04:05:06+00:00"


def test_a_changed_description_is_stored(where: Path) -> None:
    text = "---\ndomain: water\nlevel: L0\nconfidence: 0.9\ndescription: {}\n---\n- Ice floats.\n"
    build_text(where, text.format("old words"))
    built = build_text(where, text.format("new words"))
    assert json.loads((built.folder / "manifest.json").read_text())["description"] == "new words"


def test_a_broken_cartridge_is_replaced_by_building_it(where: Path) -> None:
    folder = build_text(where).folder
    (folder / "facts.db").write_bytes(b"gone")
    assert build_text(where).facts == 3
    assert len(facts_of(where)) == 3


def test_an_alias_that_is_removed_no_longer_answers(where: Path) -> None:
    build_text(where)
    build_text(where, WATER.replace("  - Does ice float?\n", ""))
    with opened(where) as library:
        assert library.asked("Does ice float?") == ()
        assert library.asked("What does steam do?") == (("water_general", 2),)
