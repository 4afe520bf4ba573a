"""Grains when facts change under them, files break, and whoever crystallises dies."""

import json
import os
import shutil
import sqlite3
import warnings
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from kitbash.cascade import reflex
from kitbash.cascade.feedback import Asked, give
from kitbash.cascade.grains import judged
from kitbash.cascade.served import ServedGrains
from kitbash.domain.answer import Answer, Status
from kitbash.domain.fact import content_hash
from kitbash.domain.grain import GrainState, Hit
from kitbash.domain.ids import new_query_id
from kitbash.domain.judgement import Judgement
from kitbash.domain.layer import Layer
from kitbash.errors import UsageError
from kitbash.knowledge import layout
from kitbash.knowledge.library import Library
from tests.integration.cartridge_making import build_text
from tests.integration.test_grain_files import ASKED, Place
from tests.twins.memory_grains import MemoryGrains
from tests.unit.cascade_kit import POLICY, POND, WATER, library_in

SWIMS: Final = "how does a frog swim well"
EDITED: Final = POND.replace("A frog swims well.", "A frog swims badly.")
KILLED: Final = 9


@pytest.fixture
def place(tmp_path: Path) -> Generator[Place]:
    library = library_in(tmp_path, POND, WATER)
    yield Place(tmp_path, library, MemoryGrains())
    library.close()


def answered(place: Place, question: str = SWIMS) -> str | None:
    """Return what Layer 0 of a process that just started says."""
    library = Library([place.folder / "cartridges"], place.folder / "cache")
    found = reflex.answer(question, POLICY.projects["default"], library, ServedGrains(place.grains, 0.95))
    library.close()
    return found.answer


def built_anew(place: Place) -> None:
    """Have the fact edited in its source: the new wording is a new fact."""
    build_text(place.folder / "cartridges", EDITED, file="notes0.md")


def edited_in_place(place: Place) -> None:
    """Have the fact edited in the cartridge, under the id it had, as other tools do."""
    path = place.folder / "cartridges" / "pond_general.kbc" / layout.FACTS
    with closing(sqlite3.connect(path)) as connection, connection:
        text = "A frog swims badly."
        connection.execute("UPDATE facts SET content = ?, content_hash = ? WHERE id = 7", (text, content_hash(text)))


@pytest.mark.parametrize("edit", [built_anew, edited_in_place])
def test_a_fact_edited_after_its_grain_was_made_silences_it_at_once(
    place: Place, edit: Callable[[Place], None]
) -> None:
    place.crystals.crystallise(place.locked(SWIMS, 7))
    (served,) = place.grains.crystallised()
    was = place.library.fact("pond_general", 7)
    assert was is not None
    assert answered(place) == "A frog swims well."
    edit(place)
    assert answered(place) is None
    place.library.close()
    assert judged(served, place.library.fact("pond_general", 7)).state is GrainState.DEAD
    asked = Asked(new_query_id(), SWIMS, Answer(Status.ANSWERED, was.text, Layer.REFLEX, 0.9, (was,)))
    with pytest.raises(UsageError, match="no longer says"):
        give(asked, Judgement.RIGHT, place.grains, place.library)
    assert place.crystals.restore() == 0
    assert place.crystals.withdraw(served)
    assert (answered(place), [it.state for it in place.grains.every()]) == (None, [GrainState.DEAD])


def test_the_new_wording_earns_its_grain_from_the_beginning(place: Place) -> None:
    it = place.locked(SWIMS, 7, confirmed=9)
    place.crystals.crystallise(it)
    edited_in_place(place)
    place.library.close()
    again = Place(place.folder, place.library, MemoryGrains()).locked(SWIMS, 7).subject
    assert again.grain_id == it.grain_id
    place.grains.hit(Hit(again, 0.9))
    (found,) = place.grains.every()
    assert (found.state, found.hits, found.confirmed) == (GrainState.CANDIDATE, 1, 0)


def _dies(*_: object, **__: object) -> None:
    os._exit(KILLED)


def killed_in(work: Callable[[], object]) -> None:
    """Run something in a child process that dies in it."""
    with warnings.catch_warnings():
        # Threads of other tests are no part of what the child does.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        work()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED


POINTS: Final = {
    "before-the-file": "tempfile.mkstemp",
    "while-it-is-synced": "kitbash.knowledge.grain_files.os.fsync",
    "before-it-is-in-place": "kitbash.knowledge.grain_files.Path.replace",
    "before-it-is-served": "tests.twins.memory_grains.MemoryGrains.promote",
}


@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS)
def test_who_dies_while_crystallising_leaves_what_was_and_the_next_one_finishes(
    place: Place, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = place.locked()
    with monkeypatch.context() as patched:
        patched.setattr(point, _dies)
        killed_in(lambda: place.crystals.crystallise(it))
    assert (answered(place, ASKED), list(place.grains.crystallised())) == (None, [])
    with capture_logs() as logs:
        assert place.crystals.restore() == 0
    assert logs == []
    assert place.crystals.crystallise(it)
    assert [path.name for path in place.beside_facts.iterdir()] == [f"{it.grain_id}.json"]
    assert [grain.grain_id for grain in place.grains.crystallised()] == [it.grain_id]


@pytest.mark.parametrize("point", list(POINTS.values())[:3], ids=list(POINTS)[:3])
def test_who_dies_while_writing_anew_leaves_the_old_file(
    place: Place, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = place.locked()
    place.crystals.crystallise(it)
    (path,) = place.beside_facts.iterdir()
    before = path.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(point, _dies)
        killed_in(lambda: place.crystals.crystallise(it))
    assert path.read_bytes() == before
    assert place.crystals.restore() == 0
    assert list(place.beside_facts.iterdir()) == [path]


def _without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda record: {key: value for key, value in record.items() if key != name}


def _with(name: str, value: object) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda record: record | {name: value}


DAMAGED: Final[dict[str, Callable[[dict[str, Any]], object]]] = {
    "no-object": lambda _: [],
    "nothing-in-it": lambda _: {},
    "no-form": _without("form"),
    "no-evidence": _without("evidence"),
    "another-version": _with("version", 2),
    "another-question": _with("form", "who is there"),
    "another-fact": _with("fact_id", 4),
    "another-cartridge": _with("cartridge_source", "water_general"),
    "a-way-out": _with("cartridge_source", "../../etc"),
    "no-hash": _with("fact_hash", "sha256:x"),
    "half-a-character": _with("form", "\ud800"),
    "an-endless-form": _with("form", "x" * 10**4),
    "a-confidence-of-two": lambda it: it | {"evidence": it["evidence"] | {"mean": 2}},
    "no-number": lambda it: it | {"evidence": it["evidence"] | {"spread": float("nan")}},
    "counts-below-zero": lambda it: it | {"evidence": it["evidence"] | {"confirmed": -1}},
    "endless": lambda it: it | {"note": "x" * 10**5},
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_passed_over_and_the_others_are_read(
    place: Place, damage: Callable[[dict[str, Any]], object]
) -> None:
    place.crystals.crystallise(place.locked(SWIMS, 7))
    place.crystals.crystallise(place.locked())
    path = place.beside_facts / f"{place.grains.crystallised()[0].grain_id}.json"
    path.write_text(json.dumps(damage(json.loads(path.read_text()))))
    assert_passed_over(place, path)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 10**4], ids=["empty", "torn", "no-text", "deep"])
def test_a_file_that_is_no_json_is_passed_over(place: Place, data: bytes) -> None:
    place.crystals.crystallise(place.locked(SWIMS, 7))
    place.crystals.crystallise(place.locked())
    path = place.beside_facts / f"{place.grains.crystallised()[0].grain_id}.json"
    path.write_bytes(data)
    assert_passed_over(place, path)


def assert_passed_over(place: Place, path: Path) -> None:
    lost = Place(place.folder, place.library, MemoryGrains())
    with capture_logs() as logs:
        assert lost.crystals.restore() == 1
    assert [(it["event"], it["path"]) for it in logs] == [("grains.file_skipped", str(path))]
    assert path.stem not in [it.grain_id for it in lost.grains.every()]


def test_a_file_carried_into_another_cartridge_is_passed_over(place: Place) -> None:
    place.crystals.crystallise(place.locked())
    other = place.folder / "cartridges" / "water_general.kbc" / "grains"
    shutil.copytree(place.beside_facts, other, dirs_exist_ok=True)
    shutil.rmtree(place.beside_facts)
    lost = Place(place.folder, place.library, MemoryGrains())
    with capture_logs() as logs:
        assert lost.crystals.restore() == 0
    assert [it["event"] for it in logs] == ["grains.file_skipped"]
    assert list(lost.grains.every()) == []
