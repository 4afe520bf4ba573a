"""Grains as files: written beside their fact, read back as they were, with their ternary form really filled."""

import base64
import json
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from kitbash.cascade.crystallising import Crystalliser
from kitbash.cascade.grains import subject_of
from kitbash.domain.grain import Grain, GrainState
from kitbash.domain.ternary_form import unpack
from kitbash.knowledge import layout
from kitbash.knowledge.grain_files import GrainFiles
from kitbash.knowledge.library import Library
from kitbash.knowledge.relations import relations_of
from tests.integration.cartridge_making import build_text
from tests.twins.memory_grains import MemoryGrains
from tests.unit.cascade_kit import POND, library_in
from tests.unit.grain_kit import grain

ASKED: Final = "is mercury hot when it boils"


@dataclass(frozen=True, slots=True)
class Place:
    """Cartridges in a folder, with grains that are kept in memory."""

    folder: Path
    library: Library
    grains: MemoryGrains

    @property
    def files(self) -> GrainFiles:
        return GrainFiles(self.folder / "grains")

    @property
    def crystals(self) -> Crystalliser:
        return Crystalliser(self.grains, self.library, self.files)

    @property
    def beside_facts(self) -> Path:
        return self.folder / "cartridges" / "pond_general.kbc" / layout.GRAINS

    def locked(self, question: str = ASKED, fact_id: int = 3, **record: Any) -> Grain:
        """Return a grain that is locked on the blackboard."""
        fact = self.library.fact("pond_general", fact_id)
        assert fact is not None
        subject = subject_of(question, fact)
        assert subject is not None
        it = grain(GrainState.LOCKED, subject=subject, **record)
        assert self.grains.restore(it)
        return it


@pytest.fixture
def place(tmp_path: Path) -> Generator[Place]:
    library = library_in(tmp_path, POND)
    yield Place(tmp_path, library, MemoryGrains())
    library.close()


def test_what_crystallises_is_served_and_written_beside_its_fact(place: Place) -> None:
    it = place.locked(confirmed=2, p=1 / 3 + 0.6)
    assert place.crystals.crystallise(it)
    (served,) = place.grains.crystallised()
    assert served == replace(it, state=GrainState.CRYSTALLISED)
    (path,) = place.beside_facts.iterdir()
    assert path.name == f"{it.grain_id}.json"
    record = json.loads(path.read_text())
    assert record["delta"] == {
        "positive": ["mercuri boil at 357 degC"],
        "negative": ["contradicts:pond_general#4"],
        "void": [],
    }
    assert record["weight"] == pytest.approx(2 * 1.585)
    assert unpack(base64.b64decode(record["packed"]), 2) == (1, -1)
    assert record["pointer_map"]["negative_ptrs"] == {"contradicts:pond_general#4": {"bit_position": 1, "value": -1}}
    assert record["pointer_map"]["total_bits"] == 2
    assert (record["cartridge_source"], record["fact_id"], record["form"]) == ("pond_general", 3, it.subject.form)


def test_a_grain_is_read_as_it_was_written(place: Place) -> None:
    it = place.locked(confirmed=2, refuted=1, variance=1 / 7)
    place.crystals.crystallise(it)
    cartridge = place.library.cartridges["pond_general"]
    assert place.files.read(cartridge) == ([replace(it, state=GrainState.CRYSTALLISED)], [])


def test_a_cartridge_with_grains_is_opened_as_before(place: Place) -> None:
    place.crystals.crystallise(place.locked())
    fresh = Library([place.folder / "cartridges"], place.folder / "cache")
    with capture_logs() as logs:
        assert len(list(fresh.cartridges["pond_general"].index.facts())) == 7
    assert logs == []
    fresh.close()


def test_grains_of_a_folder_that_kitbash_replaces_lie_in_the_data_folder(place: Place) -> None:
    files = GrainFiles(place.folder / "grains", (place.folder / "cartridges",))
    it = place.locked()
    assert Crystalliser(place.grains, place.library, files).crystallise(it)
    assert list(place.beside_facts.iterdir()) == []
    assert [path.name for path in (place.folder / "grains" / "pond_general").iterdir()] == [f"{it.grain_id}.json"]
    assert files.read(place.library.cartridges["pond_general"])[0]


def test_grains_of_a_folder_that_takes_nothing_lie_in_the_data_folder(place: Place) -> None:
    place.beside_facts.rmdir()
    place.beside_facts.write_text("in the way")
    it = place.locked()
    assert place.crystals.crystallise(it)
    assert (place.folder / "grains" / "pond_general" / f"{it.grain_id}.json").is_file()


def test_where_no_folder_takes_it_the_grain_is_served_all_the_same(place: Place) -> None:
    place.beside_facts.rmdir()
    place.beside_facts.write_text("in the way")
    (place.folder / "grains").write_text("in the way")
    with capture_logs() as logs:
        assert place.crystals.crystallise(place.locked())
    assert [it["event"] for it in logs] == ["grains.not_written"]
    assert len(place.grains.crystallised()) == 1


def test_what_changed_since_it_was_read_does_not_crystallise_and_leaves_no_file(place: Place) -> None:
    it = place.locked()
    place.grains.promote(it, GrainState.DEAD)
    assert not place.crystals.crystallise(it)
    assert list(place.beside_facts.iterdir()) == []


def test_two_who_crystallise_at_once_leave_one_grain_and_its_file(place: Place) -> None:
    it = place.locked()
    assert [place.crystals.crystallise(it) for _ in range(2)] == [True, False]
    assert len(place.grains.crystallised()) == len(list(place.beside_facts.iterdir())) == 1


@pytest.mark.parametrize("how", ["withdraw", "drop"])
def test_what_is_withdrawn_or_dropped_is_served_no_more_and_its_file_is_gone(place: Place, how: str) -> None:
    place.crystals.crystallise(place.locked())
    (served,) = place.grains.crystallised()
    assert getattr(place.crystals, how)(served)
    assert not getattr(place.crystals, how)(served)
    assert list(place.grains.crystallised()) == list(place.beside_facts.iterdir()) == []
    assert [it.state for it in place.grains.every()] == ([GrainState.DEAD] if how == "withdraw" else [])


def test_a_blackboard_that_lost_its_keys_gets_them_from_the_files(place: Place) -> None:
    place.crystals.crystallise(place.locked())
    (served,) = place.grains.crystallised()
    lost = MemoryGrains()
    crystals = Crystalliser(lost, place.library, place.files)
    assert (crystals.restore(), crystals.restore()) == (1, 0)
    assert list(lost.crystallised()) == [served]


def test_a_cartridge_that_was_built_anew_gets_its_files_again(place: Place) -> None:
    place.crystals.crystallise(place.locked())
    (path,) = place.beside_facts.iterdir()
    build_text(place.folder / "cartridges", POND, file="notes0.md")
    path.unlink(missing_ok=True)
    assert (place.crystals.restore(), place.crystals.restore()) == (1, 0)
    assert path.is_file()


RELATIONS: Final = {
    "relationships": [{"type": "contradicts", "target_fact_id": 4}, {"type": "refines"}, 7],
    "derivations": [{"type": "dependency", "target": "heat\x1b[31m"}],
    "dependencies": [{"cart": "sky_general", "fact_id": 2, "type": "requires"}, {"type": 3, "fact_id": 1}],
}


def test_relations_are_read_in_all_their_spellings_and_what_is_none_is_passed_over(place: Place) -> None:
    folder = place.folder / "cartridges" / "pond_general.kbc"
    path = folder / layout.ANNOTATIONS
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[2] |= RELATIONS
    path.write_text("3, no JSON\n[3]\n" + "".join(json.dumps(line) + "\n" for line in lines))
    found = [f"{it.kind}:{it.target}" for it in relations_of(folder, "pond_general", 3)]
    assert found == ["contradicts:pond_general#4", "dependency:heat[31m", "requires:sky_general#2"]
    assert relations_of(folder, "pond_general", 2) == relations_of(folder, "pond_general", 99) == ()
    path.unlink()
    assert relations_of(folder, "pond_general", 3) == ()
