"""A cartridge's own calibration: kept in its manifest, used while its facts are those it was made of."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from kitbash.cascade import calibrated, confidence, search, triage
from kitbash.cascade.policy import Policy
from kitbash.cascade.training.own import own_questions
from kitbash.domain import codec
from kitbash.domain.calibration import Calibration, Origin, Promise
from kitbash.errors import KnowledgeError
from kitbash.knowledge import calibration_record, layout
from kitbash.knowledge.cartridge import Cartridge
from tests.integration.cartridge_making import ICE, WATER, build_text, opened, snapshot

POLICY: Final = Policy({}, {}, facts_per_shard=20_000, candidates=8, max_tokens=1, temperature=0)
SCALES: Final = calibrated.load(0.95)
FOREIGN: Final = "- Mount Stromboli is a volcano.\n  - What is Stromboli?\n  - Does ice lie on Stromboli?\n"
SWAMP: Final = "- Frogs live in water.\n  - Where do frogs live?\n  - Does ice float?\n"
LACKING: Final = {"slope": 1.0}


@pytest.fixture
def where(tmp_path: Path) -> Path:
    build_text(tmp_path / "cartridges")
    return tmp_path / "cartridges"


def water(where: Path) -> Cartridge:
    with opened(where) as library:
        return library.cartridges["water_general"]


def calibration(where: Path) -> Calibration:
    """Return one that was made of what the cartridge holds now."""
    promise = Promise(0.97, 0.61, 0.4, 0.99, 0.975)
    digest = str(water(where).index.digest)
    return Calibration(2.0, 0.5, (promise,), (), 40, 30, 0.1, 0.05, "2026-01-01", digest, SCALES.model)


def calibrate(where: Path, **other: Any) -> Path:
    folder = water(where).folder
    calibration_record.write(folder, replace(calibration(where), **other))
    return folder


def test_it_comes_back_and_the_rest_of_the_manifest_stays(where: Path) -> None:
    before = json.loads((water(where).folder / layout.MANIFEST).read_text())
    folder = calibrate(where)
    after = json.loads((folder / layout.MANIFEST).read_text())
    assert {**after, "calibration": None} == {**before, "calibration": None}
    assert water(where).calibration == calibration(where)
    assert water(where).uncalibrated == ""
    assert not [name for name in snapshot(folder) if ".building" in name]


def test_a_query_is_read_by_it(where: Path) -> None:
    calibrate(where)
    with opened(where) as library:
        cartridges = library.visible(["general"])
        plan = codec.plan_from(triage.triage("Will ice float?", cartridges, 1.0, POLICY).product or "")
        product = search.search(plan, cartridges, 8, confidence.load(), SCALES).product
    (first, *_) = codec.candidates_from(product or "[]")
    assert (first.scale.slope, first.scale.offset, first.scale.threshold) == (2.0, 0.5, 0.61)
    assert first.scale.origin is Origin.CARTRIDGE


def test_one_of_facts_that_have_changed_is_not_used_and_why_is_said(where: Path) -> None:
    folder = calibrate(where)
    kept = (folder / layout.MANIFEST).read_text()
    build_text(where, WATER + "- Fog is a cloud on the ground.\n")
    assert (water(where).calibration, water(where).uncalibrated) == (None, "")
    (folder / layout.MANIFEST).write_text(kept)
    found = water(where)
    assert found.calibration is None
    assert "its facts have changed since 2026-01-01" in found.uncalibrated
    assert "kitbash cartridge calibrate water_general" in found.uncalibrated


@pytest.mark.parametrize(
    "wrong",
    [
        "a text",
        LACKING,
        {"slope": -1.0},
        {"slope": "NaN"},
        {"offset": 1e9},
        {"alone": [{"target": 2}]},
        {"made": "x" * 100},
        {"questions": -1},
        {"more": 1},
    ],
)
def test_one_that_is_not_what_kitbash_writes_is_named_and_the_cartridge_answers(
    where: Path, wrong: str | dict[str, Any]
) -> None:
    folder = calibrate(where)
    record = json.loads((folder / layout.MANIFEST).read_text())
    kept: dict[str, Any] = record["calibration"]
    record["calibration"] = wrong if isinstance(wrong, str) or wrong == LACKING else kept | wrong
    (folder / layout.MANIFEST).write_text(json.dumps(record))
    with opened(where) as library:
        found = library.cartridges["water_general"]
        assert found.calibration is None
        assert "its calibration is not one that Kitbash writes" in found.uncalibrated
        assert library.asked("Does ice float?")


def test_where_there_is_no_manifest_nothing_is_written(where: Path) -> None:
    folder = water(where).folder
    (folder / layout.MANIFEST).unlink()
    with pytest.raises(KnowledgeError, match="is not a manifest"):
        calibration_record.write(folder, Calibration())
    assert not (folder / layout.MANIFEST).exists()


def test_a_manifest_that_cannot_be_written_is_as_it_was(where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = calibrate(where)
    before = snapshot(folder)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(KnowledgeError, match="cannot be written"):
        calibration_record.write(folder, Calibration())
    assert {name: it.content for name, it in snapshot(folder).items()} == {
        name: it.content for name, it in before.items()
    }


def asked(where: Path, is_mine: Callable[[str], bool] = lambda name: name == "water_general") -> dict[str, Any]:
    with opened(where) as library:
        cartridges = list(library.cartridges.values())
        mine = [it for it in cartridges if is_mine(it.name)]
        return own_questions(mine, [it for it in cartridges if it not in mine], confidence.load())


def test_each_alias_is_asked_once_and_as_many_that_nobody_can_answer(where: Path) -> None:
    build_text(where, FOREIGN, file="fire.md")
    (own,) = asked(where).values()
    texts = [it.text for it in own.asked]
    assert {"Does ice float?", "What does steam do?"} <= set(texts)
    assert "Does ice lie on Stromboli?" in texts
    assert len(texts) == len(set(texts)) <= 6
    assert not next(it for it in own.asked if "Stromboli" in it.text).is_right
    assert asked(where) == asked(where)


def test_an_alias_of_several_facts_is_left_out_and_counted(where: Path) -> None:
    build_text(where, SWAMP, file="swamp.md")
    found = asked(where, lambda _: True)
    assert {name: it.ambiguous for name, it in found.items()} == {"swamp_general": 1, "water_general": 1}
    assert "Does ice float?" not in [it.text for own in found.values() for it in own.asked]


def test_a_cartridge_without_a_single_alias_is_asked_nothing_of_its_own(tmp_path: Path) -> None:
    where = tmp_path / "bare"
    build_text(where, ICE.splitlines()[0] + "\n", file="bare.md")
    (own,) = asked(where, lambda _: True).values()
    assert own.asked == []
