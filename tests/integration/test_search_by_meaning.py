"""Questions asked by meaning too: only where words are not sure, the same everywhere, and never in place of words."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from kitbash.cascade.confidence import DENSE_FEATURES, DENSE_NAMES, Weights, load, rank
from kitbash.cascade.search import search
from kitbash.cascade.triage import triage
from kitbash.cascade.veto import Veto
from kitbash.domain import codec
from kitbash.domain.answer import Status
from kitbash.domain.candidate import Candidate
from kitbash.domain.layer import Stage
from kitbash.knowledge.library import Library
from kitbash.knowledge.meaning import Meaning
from tests.encoders import Given, Synonyms
from tests.unit.archive_kit import archived
from tests.unit.cascade_kit import POLICY, WEIGHTS, Cascade, library_in

CELLS = """# Cells

- The mitochondrion is the powerhouse of the cell. | a book | 0.9 | L0
  - What is the mitochondrion?
- The cell membrane lets water pass. | a book | 0.9 | L0
- A cell wall is stiff. | a book | 0.9 | L0
"""
ROCKS = """# Rocks

- Basalt is a rock made by volcanoes. | a book | 0.9 | L0
"""
KILNS = """# Kilns

- Clay is baked in a furnace. | a book | 0.9 | L0
- Glass melts in a furnace. | a book | 0.9 | L0
"""
BY_WORDS = "What is the mitochondrion?"
OTHERWISE = "What is the furnace of a cell?"
ENCODER = Synonyms(groups=(("mitochondrion", "furnace"),))
DENSE = Weights(
    tuple(12.0 if name == "alias_meaning" else 0.0 for name in DENSE_NAMES),
    -7.0,
    tuple(32.0 if name == "alias_meaning" else 0.0 for name in DENSE_FEATURES),
)
BOTH = replace(WEIGHTS, dense=DENSE)
CUT = POLICY.rule(Stage.FUSE).threshold


@pytest.fixture
def library(tmp_path: Path) -> Generator[Library]:
    found = library_in(tmp_path, CELLS, ROCKS)
    yield found
    found.close()


def meaning(library: Library, encoder: Synonyms | None = ENCODER, *, made: bool = True) -> Meaning:
    found = Meaning(Given(encoder), library.cache)
    if made:
        for cartridge in library.cartridges.values():
            found.embed(cartridge)
    return found


def proposed(library: Library, question: str, using: Meaning | None, weights: Weights = BOTH) -> list[Candidate]:
    cartridges = list(library.cartridges.values())
    plan = codec.plan_from(triage(question, cartridges, 1.0, POLICY).product or "")
    found = search(plan, cartridges, 5, weights, meaning=using, cut=CUT)
    return codec.candidates_from(found.product or "[]")


def test_a_fact_that_words_leave_behind_comes_first_by_meaning(library: Library) -> None:
    by_words = rank(proposed(library, OTHERWISE, None), BOTH)
    by_both = rank(proposed(library, OTHERWISE, meaning(library)), BOTH)
    assert by_words[0].probability < CUT
    assert by_both[0].candidate.fact.text.startswith("The mitochondrion")
    assert by_both[0].probability > by_words[0].probability
    assert all(it.candidate.closeness is not None for it in by_both)


def test_a_question_that_words_are_sure_of_is_never_encoded(library: Library) -> None:
    using = meaning(library)
    ENCODER.asked.clear()
    assert proposed(library, BY_WORDS, using) == proposed(library, BY_WORDS, None)
    assert ENCODER.asked == []


@pytest.mark.parametrize("question", [OTHERWISE, BY_WORDS, "Is a rock stiff?"])
def test_where_meaning_cannot_be_asked_everything_is_as_by_words(library: Library, question: str) -> None:
    by_words = proposed(library, question, None)
    assert proposed(library, question, meaning(library, None, made=False)) == by_words
    assert proposed(library, question, meaning(library, made=False)) == by_words
    assert proposed(library, question, meaning(library), replace(BOTH, dense=None)) == by_words


def test_one_cartridge_without_vectors_leaves_the_questions_it_has_words_for_to_words(library: Library) -> None:
    using = meaning(library, made=False)
    using.embed(library.cartridges["notes0_general"])
    both = "What is the furnace of basalt in a cell?"
    assert {it.fact.cartridge for it in proposed(library, both, None)} == set(library.cartridges)
    assert proposed(library, both, using) == proposed(library, both, None)
    assert proposed(library, OTHERWISE, using)[0].closeness is not None


def test_candidates_of_which_one_was_not_asked_by_meaning_are_judged_by_words(library: Library) -> None:
    them = proposed(library, OTHERWISE, meaning(library))
    mixed = [replace(them[0], closeness=None), *them[1:]]
    bare = [replace(it, closeness=None) for it in them]
    assert [it.probability for it in rank(mixed, BOTH)] == [it.probability for it in rank(bare, BOTH)]


def test_a_query_is_answered_by_meaning_and_its_archive_replays_the_same(tmp_path: Path) -> None:
    # A word that no cartridge knows would be a veto.
    library = library_in(tmp_path, CELLS, KILNS)
    by_words = Cascade(library, weights=BOTH).ended(OTHERWISE)
    assert by_words.state == Status.UNKNOWN
    cascade = Cascade(library, weights=BOTH, meaning=meaning(library))
    trace = cascade.ended(OTHERWISE)
    assert trace.state == Status.ANSWERED
    assert trace.answer is not None
    assert trace.answer.text.startswith("The mitochondrion")
    lines = archived(trace, cascade.policy, BOTH)
    assert lines.what() == []
    assert lines.trace["weights"]["dense"]["bias"] == DENSE.bias
    assert lines.what("threshold.cartridge=0.9999") == ["answer", "verdicts"]
    library.close()


def test_what_no_cartridge_knows_is_a_veto_by_meaning_too(library: Library) -> None:
    trace = Cascade(library, weights=BOTH, meaning=meaning(library)).ended(OTHERWISE)
    assert trace.state == Status.UNKNOWN
    found = codec.candidates_from(trace.work[f"{Stage.SEARCH.value}:0"])
    assert found[0].fact.text.startswith("The mitochondrion")
    assert found[0].veto == Veto.UNKNOWN


def test_what_is_archived_of_a_query_that_words_answered_says_nothing_of_meaning(library: Library) -> None:
    cascade = Cascade(library, weights=BOTH, meaning=meaning(library))
    trace = cascade.ended("Is the cell wall stiff?")
    assert trace.coupled is not None
    line = archived(trace, cascade.policy, BOTH).trace
    assert "dense" not in line["weights"]
    assert not any("closeness" in it for it in line["candidates"])


def test_the_weights_that_ship_ask_more_of_a_fact_that_is_far_in_meaning() -> None:
    dense = load().dense
    assert dense is not None
    near = dict.fromkeys(DENSE_FEATURES, 0.3) | {"meaning": 0.9, "alias_meaning": 0.9}
    far = near | {"meaning": 0.1, "alias_meaning": 0.1}
    assert dense.probability(tuple(near.values()), 0.1) > dense.probability(tuple(far.values()), 0.1) + 0.5
    assert dense.strength(tuple(near.values())) > dense.strength(tuple(far.values()))
