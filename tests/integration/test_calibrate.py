"""Training on cartridges: the same bytes each time, and a file that the cascade can read."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kitbash.cascade import confidence
from kitbash.cascade.confidence import NAMES
from kitbash.cascade.training.examples import Questions, examples
from kitbash.cascade.training.train import train
from kitbash.domain.candidate import FEATURE_NAMES
from kitbash.domain.fact import Fact
from kitbash.domain.level import Level
from kitbash.knowledge.build import store
from kitbash.knowledge.layout import name_of
from tests.integration.cartridge_making import opened

PLANETS = ("Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune")
FACTS = [
    Fact(
        "",
        0,
        f"{name} is the planet number {at + 1} from the Sun.",
        Level.EMPIRICAL,
        0.9,
        aliases=(f"Which place has {name} from the Sun?", f"How far out is the planet {name}?"),
    )
    for at, name in enumerate(PLANETS)
]


@pytest.fixture
def where(tmp_path: Path) -> Path:
    """Return a folder with a cartridge, beside it one with the same without aliases."""
    store(name_of("sky"), FACTS, tmp_path / "whole")
    store(name_of("sky"), [replace(fact, aliases=()) for fact in FACTS], tmp_path / "bare")
    return tmp_path


def trained(where: Path, seed: int) -> str:
    with opened(where / "whole") as whole, opened(where / "bare") as bare:
        return train(whole.visible(["general"]), bare.visible(["general"]), seed)


def test_the_same_facts_and_seed_give_the_same_bytes(where: Path) -> None:
    assert trained(where, 0) == trained(where, 0)


def test_what_is_written_names_every_weight_and_where_it_comes_from(where: Path) -> None:
    record = json.loads(trained(where, 7))
    assert tuple(record["order"]) == FEATURE_NAMES
    assert tuple(record["weights"]) == NAMES
    assert record["seed"] == 7
    assert record["fitted_on"] > 0
    assert "ece" in record["held_out"]


def test_what_ships_can_be_read_and_orders_on_a_scale_of_0_to_1() -> None:
    shipped = confidence.load()
    assert sum(weight for weight in shipped.order if weight > 0) <= confidence.UNIT


def test_an_alias_is_asked_as_if_nobody_had_written_it_down(where: Path) -> None:
    with opened(where / "whole") as whole:
        asked = Questions(whole.visible(["general"]))
        found = list(examples(asked, asked.facts, 0, with_shorter=False))
    kept = [it for it in found if it.is_kept]
    assert len(kept) == 16
    for it in kept:
        assert all(it.question not in fact.aliases for fact in it.facts)
        assert it.right is not None
    for it in found:
        if not it.is_kept:
            assert it.right is None
            assert all(it.question not in fact.aliases for fact in it.facts)
