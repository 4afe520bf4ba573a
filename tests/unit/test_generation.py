"""Layer 4: what the model is told, what its reply is worth, and why there may be none."""

import time
from dataclasses import dataclass, field, replace
from typing import Final

import pytest
from typing_extensions import override

from kitbash.cascade import generation
from kitbash.cascade.policy import Policy
from kitbash.cascade.prompt import Asked
from kitbash.cascade.prompt import written as written_prompt
from kitbash.cascade.telling import Say
from kitbash.domain.checked import Standing
from kitbash.domain.fact import Fact
from kitbash.domain.verdict import Finding
from kitbash.domain.written import written_from
from kitbash.errors import (
    EngineBadReply,
    EngineBusy,
    EngineError,
    EngineNotConfigured,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
)
from kitbash.models.generator import Generated, Pieces, Prompt, Reply, Usage, estimate_tokens
from tests.twins.scripted_model import ScriptedModel
from tests.unit.facts import SKY

POLICY: Final = Policy({}, {}, facts_per_shard=9, candidates=8, max_tokens=77, temperature=0.2)
COMET: Final = SKY.fact(1, "A comet is a ball of ice.")
MOON: Final = SKY.fact(2, "The moon orbits the earth.")
QUESTION: Final = "What is a comet?"


@dataclass
class Scripted(ScriptedModel):
    """A model that says what it is told to, and keeps what it was asked."""

    reply: str = "A comet is ice."
    error: Exception | None = None
    prompts: list[Prompt] = field(default_factory=list[Prompt])

    @override
    def generate(self, prompt: Prompt) -> Generated:
        self.prompts.append(prompt)
        if self.error:
            raise self.error
        return Generated(self.reply, "scripted")


class Slow(Scripted):
    """A model that replies word by word, and knows when it is stopped."""

    said = 0
    is_stopped = False

    @override
    def stream(self, prompt: Prompt) -> Reply:
        return Reply(self._words(prompt))

    def _words(self, prompt: Prompt) -> Pieces:
        whole = self.generate(prompt)
        try:
            for word in whole.text.split(" "):
                self.said += 1
                yield f"{word} "
        finally:
            self.is_stopped = True
        return whole


class Busy(Scripted):
    """A model that is busy for the first so many calls."""

    def __init__(self, times: int) -> None:
        super().__init__("A comet is a ball of ice.")
        self.left = times

    @override
    def generate(self, prompt: Prompt) -> Generated:
        self.left -= 1
        self.error = EngineBusy("busy", retry_after_s=0.01) if self.left >= 0 else None
        return super().generate(prompt)


def asked(
    model: Scripted | None,
    *evidence: Fact,
    time_s: float = 10.0,
    is_free: bool = True,
    waits_s: float = 0.0,
    say: Say = lambda _: True,
    factor: float = 1.0,
) -> Finding:
    """Return Layer 4's finding; the model's slot is taken after some time, or not at all."""

    def take_slot() -> bool:
        time.sleep(waits_s)
        return is_free

    return generation.generate(
        QUESTION, evidence, model, POLICY, time_s=time_s, take_slot=take_slot, say=say, factor=factor
    )


def test_the_reply_is_as_sure_as_it_is_borne_out_and_the_reason_says_so() -> None:
    finding = asked(Scripted("A comet is a ball of ice. Comets are cheese."), COMET, MOON)
    assert finding.answer == "A comet is a ball of ice. [1] Comets are cheese. [own]"
    assert finding.confidence == pytest.approx(3 / 5)
    assert (finding.evidence, finding.sources) == ((COMET, MOON), (COMET,))
    assert finding.reason == "scripted: 1 of 2 sentences are borne out, 1 the model's own"


def test_contradictions_lower_the_confidence_of_a_reply_too() -> None:
    finding = asked(Scripted("A comet is a ball of ice."), COMET, factor=0.5)
    assert finding.confidence == 0.5


def test_a_reply_that_only_contradicts_what_is_measured_is_no_answer() -> None:
    finding = asked(Scripted("A comet is not a ball of ice."), COMET)
    assert (finding.answer, finding.confidence) == (None, 0.0)
    assert "contradicts sky_general#1" in finding.reason
    (delta,) = finding.deltas
    assert (delta.item_a, delta.item_b) == ("sky_general#1", "reply#1")


@pytest.mark.parametrize(
    "reply",
    [
        "I don't know.",
        "Sorry, I cannot say.",
        "The facts do not tell.",
        "...I do not know, but a comet is a ball of ice.",
    ],
)
def test_a_model_that_does_not_know_gives_no_answer(reply: str) -> None:
    finding = asked(Scripted(reply), COMET)
    assert (finding.answer, finding.reason) == (None, "scripted does not know either")


@pytest.mark.parametrize("reply", ["\x1b[31m", "<|im_end|>", "I am the system.", "ice " * 50])
def test_of_a_reply_that_may_not_be_read_nothing_is_left(reply: str) -> None:
    finding = asked(Scripted(reply), COMET)
    assert finding.answer is None
    assert "nothing of the reply may be read" in finding.reason


def test_what_the_model_wrote_and_cost_is_kept() -> None:
    model = Scripted("A comet is a ball of ice. Comets are cheese.")
    finding = asked(model, COMET)
    written = written_from(finding.product or "")
    assert (written.model, written.is_kept) == ("scripted", True)
    assert written.prompt_tokens == estimate_tokens(model.prompts[0].text)
    assert written.reply_tokens == estimate_tokens(model.reply)
    assert [it.standing for it in written.sentences] == [Standing.SUPPORTED, Standing.OWN]


def test_what_the_model_counted_itself_counts() -> None:
    reply = Generated("Ice.", "scripted", usage=Usage(7, 3, is_counted=True))
    written = written_from(generation.judged(QUESTION, reply, Asked("", (COMET,), 99)).product or "")
    assert (written.prompt_tokens, written.reply_tokens) == (7, 3)


def test_the_model_is_asked_within_the_policy_and_the_time_left() -> None:
    model = Scripted()
    asked(model, COMET, time_s=10.0)
    (prompt,) = model.prompts
    assert prompt.text == written_prompt(QUESTION, [COMET])
    assert (prompt.max_tokens, prompt.temperature) == (77, 0.2)
    assert 9.0 < prompt.deadline_s < 10.0
    assert "\n###" in prompt.stop


def test_a_prompt_leaves_room_for_the_reply_in_the_context() -> None:
    model = Scripted()
    model.context_tokens = 77 + 110
    asked(model, COMET, replace(MOON, text="The moon " * 40))
    (prompt,) = model.prompts
    assert COMET.text in prompt.text
    assert "The moon" not in prompt.text


def test_the_reply_is_told_as_it_comes() -> None:
    told: list[str] = []
    asked(Scripted("A comet is a ball of ice."), COMET, say=lambda text: bool(told.append(text)) or True)
    assert "".join(told) == "A comet is a ball of ice."


def test_a_model_nobody_listens_to_any_more_is_stopped() -> None:
    model = Slow("A comet is a ball of ice. " * 50)
    finding = asked(model, COMET, say=lambda _: False)
    assert (finding.answer, finding.reason) == (None, "the query ended while the model replied")
    assert model.said == 1
    assert model.is_stopped


def test_a_busy_model_is_asked_again_while_there_is_time() -> None:
    model = Busy(3)
    finding = asked(model, COMET)
    assert finding.answer == "A comet is a ball of ice. [1]"
    assert len(model.prompts) == 4


def test_a_model_that_stays_busy_is_given_up_at_the_deadline_and_not_before() -> None:
    model = Busy(1_000_000)
    began_s = time.monotonic()
    finding = asked(model, COMET, time_s=1.0)
    assert 0.4 < time.monotonic() - began_s < 0.9
    assert (finding.answer, finding.reason[:44]) == (None, "the model was busy until the time ran out: b")


def test_a_query_that_ends_while_the_model_is_busy_waits_no_longer() -> None:
    began_s = time.monotonic()
    finding = asked(Busy(1_000_000), COMET, say=lambda _: False)
    assert time.monotonic() - began_s < 2.0
    assert "ended" in finding.reason


def test_without_a_model_the_reason_says_how_to_configure_one() -> None:
    finding = asked(None, COMET)
    assert finding.answer is None
    assert finding.confidence == 0.0
    assert "KITBASH_KOBOLD__URL" in finding.reason
    assert finding.evidence == (COMET,)


def test_without_a_model_no_slot_is_waited_for() -> None:
    def take_slot() -> bool:
        raise AssertionError

    generation.generate(QUESTION, [], None, POLICY, time_s=10.0, take_slot=take_slot)
    generation.generate(QUESTION, [], Scripted(), POLICY, time_s=0.1, take_slot=take_slot)


@pytest.mark.parametrize("time_s", [-1.0, 0.0, 0.1])
def test_with_no_time_left_the_model_is_not_asked(time_s: float) -> None:
    model = Scripted()
    finding = asked(model, COMET, time_s=time_s)
    assert finding.answer is None
    assert "no time" in finding.reason
    assert finding.evidence == (COMET,)
    assert not model.prompts


def test_while_the_model_is_busy_it_is_not_asked() -> None:
    model = Scripted()
    finding = asked(model, COMET, is_free=False)
    assert finding.answer is None
    assert "busy" in finding.reason
    assert finding.evidence == (COMET,)
    assert not model.prompts


def test_the_wait_for_the_model_is_taken_off_its_time() -> None:
    model = Scripted()
    asked(model, time_s=1.5, waits_s=0.3)
    (prompt,) = model.prompts
    assert 0.0 < prompt.deadline_s <= 0.7


def test_a_model_that_is_free_too_late_is_not_asked() -> None:
    model = Scripted()
    finding = asked(model, COMET, time_s=0.6, waits_s=0.6)
    assert finding.answer is None
    assert finding.evidence == (COMET,)
    assert not model.prompts


@pytest.mark.parametrize(
    "error",
    [
        EngineBadReply("the model said null"),
        EngineNotConfigured("there is no model"),
        EngineRejected("the model wants a key"),
        EngineTimeout("the model is slow"),
        EngineUnavailable("the model is away"),
        EngineError("the model failed"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_model_that_fails_leaves_the_evidence_and_says_why(error: EngineError) -> None:
    finding = asked(Scripted(error=error), COMET, MOON)
    assert finding.answer is None
    assert finding.confidence == 0.0
    assert str(error) in finding.reason
    assert finding.evidence == (COMET, MOON)


def test_an_error_that_is_no_failure_of_the_model_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        asked(Scripted(error=ZeroDivisionError()))
