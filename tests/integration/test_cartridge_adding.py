"""One more fact in a cartridge: all that stands there stays, and what cannot be read is not replaced."""

from dataclasses import replace
from pathlib import Path

import pytest

from kitbash.domain.fact import Fact
from kitbash.domain.level import Level
from kitbash.errors import KnowledgeError
from kitbash.knowledge import layout, manifest
from kitbash.knowledge.adding import add
from kitbash.knowledge.cartridge import facts_in
from kitbash.knowledge.layout import CartridgeName, Faction
from tests.boards import at_once

NAME = CartridgeName("research", Faction.EXPERIMENT)
LAKE = Fact(str(NAME), 0, "The lake is deep.", Level.NARRATIVE, 0.8, ("map",), ("Is the lake deep?",))
HILL = replace(LAKE, text="The hill is high.", aliases=())


def facts(where: Path) -> dict[str, Fact]:
    return {it.text: it for it in facts_in(where / NAME.folder, str(NAME))}


def test_a_new_cartridge_holds_the_fact_and_the_next_one_beside_it(tmp_path: Path) -> None:
    assert add(NAME, LAKE, tmp_path, description="what agents found").added == 1
    first = facts(tmp_path)[LAKE.text]
    built = add(NAME, HILL, tmp_path, description="another")
    assert (built.added, built.kept, built.removed, built.changed) == (1, 1, 0, 0)
    assert facts(tmp_path)[LAKE.text] == first
    assert (first.sources, first.aliases, first.confidence) == (LAKE.sources, LAKE.aliases, 0.8)
    assert manifest.read(tmp_path / NAME.folder / layout.MANIFEST).description == "what agents found"


def test_the_same_fact_again_gains_sources_and_stays_one(tmp_path: Path) -> None:
    add(NAME, LAKE, tmp_path)
    assert not add(NAME, LAKE, tmp_path).touched
    add(NAME, replace(LAKE, sources=("book",), confidence=0.5, aliases=("How deep?",)), tmp_path)
    (fact,) = facts(tmp_path).values()
    assert (fact.sources, fact.confidence) == (("map", "book"), 0.8)
    assert fact.aliases == ("Is the lake deep?", "How deep?")


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    texts = [f"Stone {number} is grey." for number in range(6)]
    at_once([lambda it=it: add(NAME, replace(HILL, text=it), tmp_path) for it in texts])
    assert set(facts(tmp_path)) == set(texts)


def test_a_cartridge_that_cannot_be_read_is_left_as_it_is(tmp_path: Path) -> None:
    add(NAME, LAKE, tmp_path)
    broken = tmp_path / NAME.folder / layout.FACTS
    broken.write_bytes(b"no database")
    with pytest.raises(KnowledgeError):
        add(NAME, HILL, tmp_path)
    assert broken.read_bytes() == b"no database"
