"""The index of a large cartridge: quick where it is whole, and never missed where it is not."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from kitbash.domain.fact import Fact
from kitbash.domain.level import Level
from kitbash.errors import KnowledgeError
from kitbash.knowledge import cartridge, index, terms
from kitbash.knowledge.build import store
from kitbash.knowledge.layout import name_of
from kitbash.knowledge.terms import Entry, Terms
from tests.integration.cartridge_making import opened, snapshot

WORDS = ("basalt", "granite", "river", "delta", "glacier", "moraine", "canyon", "dune")
DIGEST = "d" * 64


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms, "LARGE", 8)


def large(where: Path, count: int = 40) -> Path:
    """Store facts of two words each, so that every pair of neighbours in `WORDS` is there."""
    facts = [
        Fact("", 0, f"A {WORDS[n % 8]} lies near the {WORDS[(n + 1) % 8]} number {n}.", Level.EMPIRICAL, 0.9)
        for n in range(count)
    ]
    return store(name_of("land"), facts, where).folder


def proposed(where: Path, *stems: str) -> list[int]:
    with opened(where) as library:
        return [fact.fact_id for fact in library.cartridges["land_general"].index.propose(stems, 5)]


def fault(where: Path) -> str:
    with opened(where) as library:
        land = library.cartridges["land_general"].index
        land.propose(["basalt"], 5)
        return land.fault


def forget_cache(where: Path) -> None:
    shutil.rmtree(where.with_name("cache"), ignore_errors=True)


def test_a_large_cartridge_gets_its_folder_and_a_small_one_does_not(tmp_path: Path) -> None:
    assert index.terms_of(large(tmp_path / "a") / "indices" / "lexical.db").is_dir()
    assert not index.terms_of(large(tmp_path / "b", 7) / "indices" / "lexical.db").exists()


def test_both_ways_propose_facts_that_hold_the_rarest_words(tmp_path: Path) -> None:
    folder = large(tmp_path / "c")
    by_terms = proposed(tmp_path / "c", "17", "granit")
    shutil.rmtree(folder / "indices" / "lexical.terms")
    assert by_terms[0] == 18
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cartridge, "_cached", _refuse)
        assert proposed(tmp_path / "c", "17", "granit")[0] == 18


def test_equal_facts_are_proposed_in_order_of_their_ids(tmp_path: Path) -> None:
    terms.write(tmp_path / "t", [Entry(n, "same stems") for n in (3, 1, 2)], DIGEST)
    assert Terms(tmp_path / "t").propose(["same"], 3) == [1, 2, 3]


def test_what_no_fact_holds_proposes_nothing(tmp_path: Path) -> None:
    terms.write(tmp_path / "t", [Entry(1, "one")], DIGEST)
    assert Terms(tmp_path / "t").propose(['"', "two", "*", "body:one"], 3) == []


def test_asking_writes_nothing_into_the_cartridge(tmp_path: Path) -> None:
    folder = large(tmp_path / "c")
    before = snapshot(folder)
    assert proposed(tmp_path / "c", "basalt")
    assert snapshot(folder) == before


MISHAPS: dict[str, Callable[[Path], object]] = {
    "missing": shutil.rmtree,
    "without its stamp": lambda folder: (folder / "made_of.json").unlink(),
    "with a stamp that is no JSON": lambda folder: (folder / "made_of.json").write_text("{"),
    "with a stamp that is a list": lambda folder: (folder / "made_of.json").write_text("[]"),
    "with a stamp nested too deep": lambda folder: (folder / "made_of.json").write_text("[" * 100_000),
    "made of other facts": lambda folder: (folder / "made_of.json").write_text('{"digest": "x", "sizes": {}}'),
    "without one of its files": lambda folder: next(folder.glob("*.idx")).unlink(),
    "with a file cut short": lambda folder: os.truncate(next(folder.glob("*.term")), 10),
    "without the file that is locked": lambda folder: (folder / ".tantivy-meta.lock").unlink(),
}


@pytest.mark.parametrize("what", MISHAPS)
def test_an_index_that_is_not_whole_is_built_again_in_the_cache(tmp_path: Path, what: str) -> None:
    folder = large(tmp_path / "c")
    before = proposed(tmp_path / "c", "basalt", "granit")
    MISHAPS[what](folder / "indices" / "lexical.terms")
    forget_cache(tmp_path / "c")
    assert proposed(tmp_path / "c", "basalt", "granit") == before
    assert fault(tmp_path / "c") == ""
    assert list((tmp_path / "cache").glob("land_general-*.terms"))


def _refuse(*_: object) -> None:
    message = "the cache cannot be written"
    raise OSError(message)


@pytest.mark.parametrize("what", MISHAPS)
def test_where_the_cache_cannot_be_written_the_slower_way_answers_and_says_why(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = large(tmp_path / "c")
    MISHAPS[what](folder / "indices" / "lexical.terms")
    monkeypatch.setattr(cartridge, "_cached", _refuse)
    assert proposed(tmp_path / "c", "17")[0] == 18
    assert "lexical.terms" in fault(tmp_path / "c")


@pytest.mark.parametrize("seed", range(12))
def test_noise_in_any_file_is_answered_the_slower_way_or_from_facts_that_are_there(tmp_path: Path, seed: int) -> None:
    folder = large(tmp_path / "c") / "indices" / "lexical.terms"
    random = Random(seed)
    file = random.choice(
        [path for path in sorted(folder.iterdir()) if path.stat().st_size and path.name != "made_of.json"]
    )
    noise = bytearray(file.read_bytes())
    for _ in range(32):
        noise[random.randrange(len(noise))] = random.randrange(256)
    file.write_bytes(noise)
    with opened(tmp_path / "c") as library:
        land = library.cartridges["land_general"].index
        known = {fact.fact_id: fact for fact in land.facts()}
        assert all(known[fact.fact_id] == fact for fact in land.propose(["basalt", "17"], 5))


def test_files_of_another_engine_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "meta.json").write_text("{}")
    with pytest.raises(KnowledgeError, match="cannot be read"):
        Terms(tmp_path / "t")
