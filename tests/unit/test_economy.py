"""What a query cost in tokens, what it would have cost, which facts a model is shown, and what of the moment."""

from dataclasses import replace
from typing import Final

import pytest

from kitbash.cascade import plain_rag
from kitbash.cascade.chosen import MOST, chosen
from kitbash.cascade.circumstances import circumstances
from kitbash.cascade.economy import economy
from kitbash.domain.context import BLANK, snapshot
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.level import Level
from kitbash.domain.tokens import Tokens
from kitbash.domain.written import Written, written_to
from kitbash.models.generator import estimate_tokens
from tests.unit.cascade_kit import WEIGHTS
from tests.unit.facts import SKY, candidate

FACTS: Final = [SKY.fact(number, f"Fact number {number} says nothing of note.") for number in range(1, 30)]
WROTE: Final = {
    Stage.SYNTHESISE.value: written_to(Written("small", 50, 10, is_kept=False)),
    Stage.GENERATE.value: written_to(Written("large", 100, 20)),
}


def test_what_was_answered_below_layer_4_avoided_a_plain_prompt() -> None:
    found = economy("Why?", FACTS, {}, Layer.CARTRIDGE)
    assert (found.prompt, found.reply) == (0, 0)
    assert found.avoided == found.plain > 0


def test_what_a_small_model_read_was_not_avoided() -> None:
    found = economy("Why?", FACTS, {Stage.SYNTHESISE.value: WROTE[Stage.SYNTHESISE.value]}, Layer.SYNTHESIS)
    assert (found.prompt, found.reply, found.avoided) == (50, 10, found.plain - 50)


@pytest.mark.parametrize("layer", [Layer.KOBOLD, None])
def test_nothing_is_avoided_by_asking_the_large_model_or_by_not_answering(layer: Layer | None) -> None:
    found = economy("Why?", FACTS, WROTE, layer)
    assert found == Tokens(prompt=150, reply=30, plain=found.plain, avoided=0)


def test_a_plain_prompt_is_taken_to_have_twenty_passages_like_those_that_were_found() -> None:
    texts = [fact.text for fact in FACTS]
    whole = estimate_tokens(plain_rag.prompt("Why?", texts[: plain_rag.PASSAGES]))
    assert plain_rag.tokens("Why?", texts[:5], estimate_tokens) == pytest.approx(whole, rel=0.1)
    assert plain_rag.tokens("Why?", [], estimate_tokens) == 0


def test_one_sure_fact_is_shown_alone_and_of_unsure_ones_several() -> None:
    sure = [candidate(FACTS[0], coverage=1.0), *(candidate(fact, coverage=0.3) for fact in FACTS[1:9])]
    assert chosen(sure, WEIGHTS) == (FACTS[0],)
    unsure = [candidate(fact, coverage=0.3) for fact in FACTS[:9]]
    assert len(chosen(unsure, WEIGHTS)) == MOST


def test_each_thing_asked_has_its_facts_and_what_is_not_near_is_not_shown() -> None:
    parts = [
        candidate(FACTS[0], 0, coverage=0.5),
        candidate(FACTS[1], 1, coverage=1.0),
        candidate(FACTS[2], 2, coverage=1.0),
    ]
    assert chosen(parts, WEIGHTS) == (FACTS[1], FACTS[2])
    far = replace(WEIGHTS, bias=-20.0)
    assert chosen([candidate(FACTS[0], coverage=0.1)], far) == ()
    assert chosen([], WEIGHTS) == ()


def test_the_day_is_told_only_to_a_question_that_asks_by_it() -> None:
    at_ms = 1_795_000_000_000
    assert circumstances("How old is Kitbash now?", at_ms=at_ms, leans=False, context=None) == ("Today is 2026-11-18.",)
    assert circumstances("What is a comet?", at_ms=at_ms, leans=False, context=None) == ()


def test_what_was_asked_before_is_told_only_to_a_question_that_leans_on_it() -> None:
    state = {window: {**held, Level.NARRATIVE: 0.9} for window, held in BLANK.items()}
    context = snapshot("thing", state, elapsed_s=1.0, visits=3)
    leaning = circumstances("And then?", at_ms=0, leans=True, context=context)
    assert leaning == ("Earlier questions were mostly about what is told.",)
    assert circumstances("And then?", at_ms=0, leans=False, context=context) == ()
    assert circumstances("And then?", at_ms=0, leans=True, context=replace(context, visits=0)) == ()
