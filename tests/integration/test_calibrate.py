"""Training on cartridges: the same bytes each time, and a file that the cascade can read."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kitbash import assets
from kitbash.cascade import confidence
from kitbash.cascade.confidence import DENSE_FEATURES, DENSE_NAMES, NAMES
from kitbash.cascade.training.examples import Questions, examples
from kitbash.cascade.training.meaning import AskedByMeaning, train_dense
from kitbash.cascade.training.train import train
from kitbash.domain.candidate import FEATURE_NAMES
from kitbash.domain.fact import Fact
from kitbash.domain.level import Level
from kitbash.errors import ConfigError
from kitbash.knowledge.build import store
from kitbash.knowledge.layout import name_of
from tests.encoders import Synonyms
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


def test_weights_for_meaning_are_the_same_each_time_and_name_their_encoder(where: Path) -> None:
    encoder = Synonyms()
    with opened(where / "whole") as whole, opened(where / "bare") as bare:
        cartridges, without = whole.visible(["general"]), bare.visible(["general"])
        text = train_dense(cartridges, without, encoder, 0)
        assert train_dense(cartridges, without, encoder, 0) == text
    record = json.loads(text)
    assert tuple(record["order"]) == DENSE_FEATURES
    assert tuple(record["weights"]) == DENSE_NAMES
    assert record["encoder"] == {"name": "synonyms", "digest": encoder.digest}
    (where / "dense.json").write_text(text)
    found = confidence.load(where / "dense.json")
    assert found.dense is not None
    assert found.dense.bias == record["bias"]
    assert replace(found, dense=None) == replace(confidence.load(), dense=None)


def test_a_question_asked_by_meaning_does_not_find_its_own_alias_or_a_fact_that_was_taken_out(where: Path) -> None:
    with opened(where / "whole") as whole:
        asked = AskedByMeaning(whole.visible(["general"]), Synonyms())
        own = asked.facts[0]
        question = own.aliases[0]
        without = replace(own, aliases=own.aliases[1:])
        rows, facts, right = asked.ask(question, without, keep=True)
        assert right is not None
        assert facts[right].aliases == own.aliases[1:]
        assert rows[right][-1] < 0.99
        _, others, gone = asked.ask(question, without, keep=False)
        assert gone is None
        assert own.fact_id not in {it.fact_id for it in others}


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    shipped = json.loads(assets.path("config/confidence_dense.json").read_text())
    (tmp_path / "it.json").write_text(json.dumps(shipped | {"bias": float("nan")}))
    with pytest.raises(ConfigError, match=r"it\.json holds a weight that is no number"):
        confidence.load(tmp_path / "it.json")


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
