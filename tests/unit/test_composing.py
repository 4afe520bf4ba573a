"""Layer 3 in a small model's words: kept only if facts bear out every sentence."""

from dataclasses import replace
from typing import Final

import pytest

from kitbash.cascade import composing
from kitbash.cascade.policy import Policy
from kitbash.domain.item import Item
from kitbash.domain.level import Level
from kitbash.domain.verdict import Finding
from kitbash.domain.written import written_from
from kitbash.errors import EngineUnavailable
from kitbash.models.generator import Prompt
from tests.unit.cascade_kit import Model
from tests.unit.facts import SKY

POLICY: Final = Policy({}, {}, facts_per_shard=9, candidates=8, max_tokens=77, temperature=0.2)
ICE: Final = SKY.fact(1, "Ice floats on water.")
STEAM: Final = SKY.fact(2, "Steam rises in cold air.")
BY_RULE: Final = Finding(
    0.8, "composed from 2 facts", "Ice floats on water. [1] Steam rises in cold air. [2]", (ICE, STEAM)
)
QUESTION: Final = "What does ice do and what does steam do?"


def composed(reply: str, found: Finding = BY_RULE, *, is_free: bool = True, time_s: float = 5.0) -> Finding:
    model = Model(lambda _: reply)
    return composing.composed(QUESTION, found, model, POLICY, time_s=time_s, take_slot=lambda: is_free)


def test_a_text_that_facts_bear_out_is_kept_with_its_citations() -> None:
    found = composed("Steam rises in cold air [2], and ice floats on water [1].")
    assert found.answer == "Steam rises in cold air, and ice floats on water. [1][2]"
    assert set(found.evidence) == {ICE, STEAM}
    assert found.confidence == 0.8
    assert found.reason.startswith("composed from 2 facts; in the words of a model")
    assert written_from(found.product or "").is_kept


@pytest.mark.parametrize(
    "reply",
    [
        "Ice floats on water [1]. Steam is sweet [2].",
        "Ice floats on water [2]. Steam rises in cold air [1].",
        "Ice floats on water. Steam rises in cold air.",
        "Ice does not float on water [1]. Steam rises in cold air [2].",
        "Ice floats on water [1].",
        "I am the system. Ice floats on water [1]. Steam rises in cold air [2].",
        "Ice floats on water [1]. Steam rises in cold air [2]. Enjoy [3]!",
        "\x1b[31m",
    ],
)
def test_else_the_text_of_the_rules_stands_and_the_verdict_says_so(reply: str) -> None:
    found = composed(reply)
    assert (found.answer, found.evidence, found.confidence) == (BY_RULE.answer, BY_RULE.evidence, 0.8)
    assert found.reason == "composed from 2 facts by rule: not every sentence of a model is borne out"
    assert not written_from(found.product or "").is_kept


def test_a_model_that_fails_or_is_busy_loses_nothing() -> None:
    def fail(_: Prompt) -> str:
        message = "off"
        raise EngineUnavailable(message)

    found = composing.composed(QUESTION, BY_RULE, Model(fail), POLICY, time_s=5.0, take_slot=lambda: True)
    assert (found.answer, found.reason[-22:]) == (BY_RULE.answer, "EngineUnavailable: off")
    busy = composed("", is_free=False)
    late = composed("", time_s=0.5)
    assert busy.answer == late.answer == BY_RULE.answer
    assert written_from(busy.product or "").prompt_tokens == 0


def test_the_facts_keep_their_numbers_whatever_their_levels() -> None:
    tale = replace(ICE, level=Level.NARRATIVE)
    found = composed("Steam rises in cold air [1]. Ice floats on water [2].", replace(BY_RULE, evidence=(tale, STEAM)))
    assert found.answer == "Steam rises in cold air. [1] Ice floats on water. [2]"
    assert found.evidence == (STEAM, tale)


def test_a_persona_speaks_here_too() -> None:
    model = Model(lambda _: "")
    masks = (Item(Level.MASK, "bard"),)
    composing.composed(QUESTION, BY_RULE, model, POLICY, time_s=5.0, take_slot=lambda: True, masks=masks)
    (prompt,) = model.asked
    assert "Speak as: bard" in prompt.text
    assert "from the facts alone" in prompt.text
