"""The knowledge that ships: enough of it, each fact sourced, each question asked of one fact only."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from kitbash import assets
from kitbash.cascade import reflex
from kitbash.cascade.policy import ProjectRule
from kitbash.domain.fact import Fact
from kitbash.domain.normal_form import normal_form
from kitbash.knowledge import starter
from kitbash.knowledge.index import forms_of
from kitbash.knowledge.layout import Faction
from kitbash.knowledge.library import Library
from kitbash.knowledge.source.files import recipes
from tests.integration.cartridge_making import snapshot

ALL = ProjectRule(tuple(Faction), kappa=1.0)
GENERAL = ProjectRule(("general", "self"), kappa=1.0)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("starter")
    starter.ensure(folder / "cartridges")
    library = Library([folder / "cartridges"], folder / "cache")
    yield library
    library.close()


@pytest.fixture(scope="module")
def facts(library: Library) -> list[Fact]:
    return [fact for cartridge in library.cartridges.values() for fact in cartridge.index.facts()]


def test_every_shipped_source_is_built(library: Library) -> None:
    sources = sorted(assets.path("cartridges").glob("*.md"))
    assert sources
    assert sorted(library.cartridges) == sorted(str(recipe.name) for recipe in recipes(sources))
    assert library.set_aside == ()


def test_there_are_thirty_facts_in_each_of_ten_general_domains(library: Library) -> None:
    counts = {it.name: it.index.fact_count for it in library.visible(["general"])}
    assert len([name for name, count in counts.items() if count >= 30]) >= 10, counts


def test_each_faction_has_a_cartridge(library: Library) -> None:
    assert {it.faction for it in library.cartridges.values()} == set(Faction)


def test_each_fact_has_a_source_two_to_five_questions_and_a_plausible_confidence(facts: list[Fact]) -> None:
    wrong = [
        (fact.cartridge, fact.fact_id)
        for fact in facts
        if len(fact.sources) < 2 or not 2 <= len(fact.aliases) <= 5 or not 0.3 <= fact.confidence <= 0.99
    ]
    assert wrong == []


def test_each_question_ends_like_one_and_each_fact_is_a_sentence(facts: list[Fact]) -> None:
    assert [alias for fact in facts for alias in fact.aliases if not alias.endswith("?")] == []
    assert [fact.text for fact in facts if not fact.text.endswith((".", '."'))] == []


def test_no_question_form_is_shared_by_two_facts(facts: list[Fact]) -> None:
    askers: defaultdict[str, list[str]] = defaultdict(list)
    for fact in facts:
        for form in forms_of(fact):
            askers[form].append(f"{fact.cartridge}#{fact.fact_id}")
    assert {form: shared for form, shared in askers.items() if len(shared) > 1} == {}


def test_no_fact_asks_the_same_question_twice(facts: list[Fact]) -> None:
    forms = Counter((fact.cartridge, normal_form(alias)) for fact in facts for alias in fact.aliases)
    assert [form for form, count in forms.items() if count > 1] == []


def test_every_question_is_answered_at_layer_0_with_its_fact(library: Library, facts: list[Fact]) -> None:
    certain = [fact for fact in facts if not library.contesting(fact, ALL.factions)]
    assert len(certain) >= len(facts) - 2
    for fact in certain:
        for alias in fact.aliases:
            finding = reflex.answer(alias, ALL, library)
            assert finding.answer == fact.text, alias
            assert finding.confidence >= 0.9


def test_polite_and_shouted_questions_are_answered_like_plain_ones(library: Library, facts: list[Fact]) -> None:
    for fact in facts[::7]:
        asked = f"  PLEASE tell me, {fact.aliases[0].upper()} thanks"
        assert reflex.answer(asked, ALL, library).answer == fact.text, asked


def test_general_questions_are_not_answered_from_fiction(library: Library, facts: list[Fact]) -> None:
    told = [fact for fact in facts if fact.cartridge.endswith("_fiction")]
    assert told
    for fact in told:
        assert reflex.answer(fact.aliases[0], GENERAL, library).answer is None


def test_building_the_starter_knowledge_again_touches_nothing(tmp_path: Path) -> None:
    where = tmp_path / "starter"
    starter.ensure(where)
    before = snapshot(where)
    starter.ensure(where)
    assert snapshot(where) == before


def test_new_starter_knowledge_is_built_over_the_old(tmp_path: Path) -> None:
    where = tmp_path / "starter"
    starter.ensure(where)
    before = {name: seen for name, seen in snapshot(where).items() if "kbc" in name}
    (where / ".starter").write_text("of an older release")
    starter.ensure(where)
    assert {name: seen for name, seen in snapshot(where).items() if "kbc" in name} == before
    assert (where / ".starter").read_text() != "of an older release"
