"""Reflex, triage and search over real cartridges."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kitbash.cascade import confidence, fuse, reflex, search, synthesis, triage
from kitbash.cascade.policy import Policy, ProjectRule
from kitbash.domain import codec
from kitbash.domain.candidate import Candidate
from kitbash.domain.plan import Plan
from kitbash.knowledge.library import Library
from tests.integration.cartridge_making import WATER, build_text, opened

SEEN = ("general", "self")
GENERAL = ProjectRule(SEEN, 1.0)
TOLD = ProjectRule((*SEEN, "fiction"), 0.5)
POLICY = Policy({}, {}, facts_per_shard=20_000, candidates=8, max_tokens=1, temperature=0)
TALE = """---
domain: tale
faction: fiction
level: L2
confidence: 0.6
---
- Elves drink rain at night.
  - What do elves drink?
- Steam is the breath of dragons.
  - What does steam do?
"""


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    where = tmp_path / "cartridges"
    build_text(where)
    build_text(where, TALE, file="tale.md")
    with opened(where) as library:
        yield library


def planned(question: str, library: Library, policy: Policy = POLICY, factions: tuple[str, ...] = SEEN) -> Plan:
    finding = triage.triage(question, library.visible(factions), 1.0, policy)
    assert finding.product is not None
    assert finding.answer is None
    return codec.plan_from(finding.product)


def searched(plan: Plan, library: Library, limit: int = 8) -> list[Candidate]:
    finding = search.search(
        plan, library.named(name for shard in plan.shards for name in shard), limit, confidence.load()
    )
    assert finding.product is not None
    return codec.candidates_from(finding.product)


def test_a_question_form_is_answered_by_its_fact(library: Library) -> None:
    found = reflex.answer("please, DOES the ice float??", GENERAL, library)
    assert found.answer == "Ice floats on water."
    assert [fact.fact_id for fact in found.evidence] == [1]
    assert found.reason == "question form of water_general#1"


def test_the_text_of_a_fact_is_a_question_form_too(library: Library) -> None:
    assert reflex.answer("ice floats on water", GENERAL, library).answer == "Ice floats on water."


@pytest.mark.parametrize("question", ["Does ice sink?", "Does water float?", "ice", "Does not ice float?"])
def test_another_question_is_not_answered_by_reflex(library: Library, question: str) -> None:
    found = reflex.answer(question, GENERAL, library)
    assert (found.answer, found.confidence) == (None, 0.0)


def test_a_fact_of_a_faction_that_the_project_does_not_see_never_answers(library: Library) -> None:
    assert reflex.answer("What do elves drink?", GENERAL, library).answer is None
    assert reflex.answer("What do elves drink?", TOLD, library).answer == "Elves drink rain at night."


def test_a_form_of_two_facts_is_ambiguous_unless_only_one_is_visible(library: Library) -> None:
    both = reflex.answer("What does steam do?", TOLD, library)
    assert both.answer is None
    assert both.confidence < 0.9
    assert {fact.cartridge for fact in both.evidence} == {"water_general", "tale_fiction"}
    assert "2 facts have this question form" in both.reason
    assert reflex.answer("What does steam do?", GENERAL, library).answer == "Steam rises in air."


def test_the_same_fact_in_two_cartridges_is_not_ambiguous(tmp_path: Path) -> None:
    where = tmp_path / "cartridges"
    build_text(where)
    build_text(where, WATER, name="lakes")
    with opened(where) as library:
        assert reflex.answer("Does ice float?", GENERAL, library).answer == "Ice floats on water."


def test_triage_names_the_words_that_no_cartridge_knows(library: Library) -> None:
    finding = triage.triage("Does a zorgon float on ice?", library.visible(SEEN), 1.0, POLICY)
    plan = planned("Does a zorgon float on ice?", library)
    assert plan.unknown == {"zorgon"}
    assert "no cartridge knows zorgon" in finding.reason
    assert 0 < finding.confidence < 1
    assert plan.weights["zorgon"] > plan.weights["ice"] > 0


def test_triage_searches_only_cartridges_that_know_a_word(library: Library) -> None:
    every = (*SEEN, "fiction")
    assert planned("Who are elves?", library, factions=every).shards == (("tale_fiction",),)
    assert planned("Where is rain?", library, factions=every).shards == (("tale_fiction", "water_general"),)
    assert planned("What is a quark?", library).shards == ()


def test_triage_spreads_large_cartridges_over_shards(library: Library) -> None:
    policy = Policy({}, {}, facts_per_shard=3, candidates=8, max_tokens=1, temperature=0)
    assert planned("rain", library, policy, (*SEEN, "fiction")).shards == (("tale_fiction",), ("water_general",))


def test_triage_keeps_the_parts_and_the_coupling_of_the_project(library: Library) -> None:
    plan = planned("Does ice float and where does rain come from?", library)
    assert plan.parts[1:] == ("Does ice float", "where does rain come from?")
    assert plan.kappa == 1.0
    assert "2 things" in plan.reason


def test_a_word_weighs_the_same_however_the_cartridges_are_split(library: Library, tmp_path: Path) -> None:
    halves = tmp_path / "halves"
    first, second, third = (f"- {bullet}" for bullet in WATER.split("- ", 1)[1].split("\n- "))
    build_text(halves, f"{first}\n{second}\n", file="one.md")
    build_text(halves, third, file="two.md")
    with opened(halves) as split:
        assert planned("Does ice float in rain?", split).weights == planned("Does ice float in rain?", library).weights


def test_search_proposes_for_each_part_and_tells_an_exact_question(library: Library) -> None:
    found = searched(planned("Does ice float? And what of rain?", library), library)
    assert {(it.part, it.fact.fact_id, it.is_exact) for it in found} == {
        (0, 1, False),
        (0, 3, False),
        (1, 1, True),
        (2, 3, False),
    }


def test_search_proposes_no_more_than_it_may(library: Library) -> None:
    assert len(searched(planned("ice steam rain", library), library, limit=1)) == 1


def test_a_cartridge_that_breaks_while_it_is_searched_is_named_and_the_others_propose(library: Library) -> None:
    plan = planned("rain", library, factions=(*SEEN, "fiction"))
    cartridges = library.named(plan.shards[0])
    cartridges[0].index.close()
    try:
        finding = search.search(plan, cartridges, 8, confidence.load())
    finally:
        library.close()
    assert finding.product is not None
    assert [it.fact.cartridge for it in codec.candidates_from(finding.product)] == ["water_general"]
    assert "tale_fiction.kbc" in finding.reason


def test_a_reworded_question_finds_its_fact_and_an_unknown_one_is_not_answered(library: Library) -> None:
    weights = confidence.load()
    near = fuse.fuse(searched(planned("What does rain fall from?", library), library), weights, 0.0)
    assert near.answer == "Rain falls from clouds."
    far = fuse.fuse(searched(planned("Who invented the rain gauge in 1441?", library), library), weights, 0.8)
    assert far.answer is None


def test_two_questions_in_one_are_composed_from_two_facts(library: Library) -> None:
    question = "Does ice float and where does rain come from?"
    plan = planned(question, library)
    candidates = searched(plan, library)
    weights = confidence.load()
    assert fuse.fuse(candidates, weights, 0.8, parts=len(plan.parts)).answer is None
    found = synthesis.synthesise(plan, candidates, weights)
    assert found.answer == "Ice floats on water. [1] Rain falls from clouds. [2]"
    assert found.confidence > 0.9
