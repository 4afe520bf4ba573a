"""A cartridge's vectors on disk: near what exact arithmetic says, and never used for what they were not made of."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kitbash.domain.fact import Fact
from kitbash.domain.level import Level
from kitbash.errors import EncoderError, KnowledgeError
from kitbash.knowledge import layout, vectors
from kitbash.knowledge.build import store
from kitbash.knowledge.cartridge import Cartridge
from kitbash.knowledge.layout import name_of
from kitbash.knowledge.library import Library
from kitbash.knowledge.meaning import Meaning
from kitbash.knowledge.vectors import Vectors, told
from tests.encoders import Floats, Given, Synonyms

FACTS = [
    Fact("", 1, "A comet glows near the Sun.", Level.EMPIRICAL, 0.9, aliases=("What is a comet?", "Why glow?")),
    Fact("", 2, "The Moon orbits the Earth.", Level.EMPIRICAL, 0.9),
    Fact("", 3, "Be kind.", Level.INTENT, 0.9, aliases=("What do you want?",)),
    Fact("", 4, "Stars burn.", Level.NARRATIVE, 0.9, aliases=("Do stars burn?",)),
]
ENCODER = Synonyms()
MADE_OF = "ab" * 32


def written(path: Path, facts: list[Fact] = FACTS, encoder: Synonyms = ENCODER) -> Vectors:
    vectors.write(path, facts, MADE_OF, encoder)
    return Vectors(path)


def test_cosines_are_those_of_exact_arithmetic_within_their_bound(tmp_path: Path) -> None:
    chance = np.random.default_rng(5)
    words = [f"w{at}" for at in range(50)]
    facts = [Fact("", at, " ".join(chance.choice(words, 6)), Level.EMPIRICAL, 0.9) for at in range(1, 300)]
    question = ENCODER.encode(["w1 w2 w3"])[0]
    near = written(tmp_path / "it", facts).near(question)
    exact = {it.fact_id: float(ENCODER.encode([told(it)])[0] @ question) for it in facts}
    for fact_id, cosine in exact.items():
        found = near.of(fact_id)
        assert found is not None
        assert found.meaning == pytest.approx(cosine, abs=0.005)
    best = near.best(10)
    assert len(best) == 10
    least = sorted(exact.values())[-10]
    assert all(exact[it] > least - 0.01 for it in best)
    assert [near.of(it) for it in best] == sorted((near.of(it) for it in best), key=lambda it: -max(it or (0.0,)))


def test_a_fact_is_as_near_as_its_text_and_as_its_closest_alias(tmp_path: Path) -> None:
    near = written(tmp_path / "it").near(ENCODER.encode(["Why glow?"])[0])
    assert near.best(1) == [1]
    comet, moon = near.of(1), near.of(2)
    assert comet is not None
    assert moon is not None
    assert comet.alias_meaning == pytest.approx(1, abs=0.01)
    assert comet.meaning < 0.9
    assert moon.meaning == moon.alias_meaning


def test_what_states_no_fact_has_no_vector(tmp_path: Path) -> None:
    near = written(tmp_path / "it").near(ENCODER.encode(["What do you want?"])[0])
    assert near.of(3) is None
    assert near.of(99) is None
    assert set(near.best(9)) == {1, 2, 4}


def test_no_facts_are_no_trouble(tmp_path: Path) -> None:
    assert written(tmp_path / "it", []).near(ENCODER.encode(["comet"])[0]).best(5) == []


def test_a_byte_changed_anywhere_or_a_file_cut_anywhere_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "it"
    written(path)
    whole = path.read_bytes()
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(KnowledgeError, match=str(path)):
            Vectors(path)
        path.write_bytes(whole[:at])
        with pytest.raises(KnowledgeError, match=str(path)):
            Vectors(path)


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "alone" / "it"
    written(path)
    before = path.read_bytes()

    def broken(self: Synonyms, texts: Sequence[str]) -> Floats:
        raise EncoderError(texts[0])

    monkeypatch.setattr(Synonyms, "encode", broken)
    with pytest.raises(EncoderError):
        vectors.write(path, FACTS, MADE_OF, ENCODER)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.fixture
def library(tmp_path: Path) -> Generator[Library]:
    store(name_of("sky"), FACTS, tmp_path / "cartridges")
    library = Library([tmp_path / "cartridges"], tmp_path / "cache")
    yield library
    library.close()


def sky(library: Library) -> Cartridge:
    return library.cartridges["sky_general"]


def meaning(library: Library, encoder: Synonyms | None = ENCODER) -> Meaning:
    return Meaning(Given(encoder), library.cache)


def test_vectors_lie_in_the_cartridge_and_are_found_there(library: Library) -> None:
    assert meaning(library).embed(sky(library)) == sky(library).folder / layout.VECTORS
    asked = meaning(library)
    assert asked.fault(sky(library)) == ""
    question = asked.read("What is a comet?")
    assert question is not None
    near = asked.near(sky(library), question)
    assert near is not None
    assert near.best(1) == [1]


def test_without_vectors_a_cartridge_is_not_asked_and_it_is_said_once(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    asked = meaning(library)
    question = ENCODER.encode(["comet"])[0]
    assert asked.near(sky(library), question) is None
    assert asked.near(sky(library), question) is None
    assert caplog.text.count("vectors.unusable") == 1
    assert "is missing; make its vectors: kitbash cartridge embed sky_general" in asked.fault(sky(library))


def test_vectors_of_facts_that_changed_are_stale_until_made_again(library: Library, tmp_path: Path) -> None:
    asked = meaning(library)
    asked.embed(sky(library))
    kept = (sky(library).folder / layout.VECTORS).read_bytes()
    store(name_of("sky"), [replace(FACTS[0], text="A comet fades.")], tmp_path / "cartridges")
    library.close()
    (sky(library).folder / layout.VECTORS).write_bytes(kept)
    assert "was made of other facts" in asked.fault(sky(library))
    asked.embed(sky(library))
    assert asked.fault(sky(library)) == ""


@pytest.mark.parametrize("other", [Synonyms(dimension=32), Synonyms(groups=(("comet", "snowball"),))])
def test_vectors_of_another_encoder_are_not_used(library: Library, other: Synonyms) -> None:
    meaning(library).embed(sky(library))
    assert "was made by another encoder" in meaning(library, other).fault(sky(library))


def test_damaged_vectors_are_not_used(library: Library) -> None:
    path = meaning(library).embed(sky(library))
    path.write_bytes(path.read_bytes()[:-40])
    assert "is damaged" in meaning(library).fault(sky(library))


def test_where_the_cartridge_cannot_be_written_its_vectors_are_beside_the_indices(library: Library) -> None:
    # A file where the folder should be refuses whoever writes, the superuser too.
    indices = sky(library).folder / layout.INDICES
    indices.rename(indices.with_name("aside"))
    indices.write_text("")
    path = meaning(library).embed(sky(library))
    assert path.parent == library.cache
    assert meaning(library).fault(sky(library)) == ""


def test_vectors_made_by_another_process_are_seen_without_a_restart(library: Library) -> None:
    asked = meaning(library)
    assert asked.fault(sky(library))
    meaning(library).embed(sky(library))
    assert asked.fault(sky(library)) == ""


def test_without_an_encoder_nothing_is_read_or_made(library: Library) -> None:
    asked = meaning(library, None)
    assert asked.read("comet") is None
    assert asked.fault(sky(library)) == "no encoder can be used"
    with pytest.raises(EncoderError, match="kitbash doctor"):
        asked.embed(sky(library))
