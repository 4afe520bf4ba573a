"""How engines vote: who agrees with whom, how sure they are together, and who speaks for them."""

from dataclasses import replace
from typing import Final

import pytest

from kitbash.cascade.consensus import agree, vote
from kitbash.domain.answer import Answer, Status
from kitbash.domain.fact import Fact
from kitbash.domain.layer import Layer
from kitbash.domain.level import Level
from kitbash.domain.strategy import Strategy

BOOK: Final = Fact("water", 1, "Ice floats on water.", Level.EMPIRICAL, 0.9)
TALE: Final = Fact("tale", 1, "Ice sinks in the lake of tears.", Level.NARRATIVE, 0.9)
SIMPLE, WEIGHTED, TYPED = Strategy.SIMPLE, Strategy.WEIGHTED, Strategy.TYPED


def said(layer: Layer, text: str, confidence: float, *sources: Fact) -> Answer:
    return Answer(Status.ANSWERED, text, layer, confidence, sources)


CARTRIDGE: Final = said(Layer.CARTRIDGE, "Ice floats on water.", 0.72, BOOK)
SYNTHESIS: Final = said(Layer.SYNTHESIS, "Ice floats on water. [1]", 0.78, BOOK)
KOBOLD: Final = said(Layer.KOBOLD, "Ice floats on water. [1] It is rather pretty. [own]", 0.91, BOOK)
DENIES: Final = said(Layer.KOBOLD, "Ice does not float on water. [own]", 0.99)
ELSE: Final = said(Layer.KOBOLD, "Penguins are birds. [own]", 0.99)


def test_those_that_agree_are_as_sure_as_their_mean_and_not_as_the_longest() -> None:
    found = vote([KOBOLD, CARTRIDGE, SYNTHESIS], SIMPLE)
    assert found is not None
    assert found.answer.confidence == pytest.approx(0.803333, abs=1e-6)
    assert (found.agree, found.differ, found.is_uncertain) == (
        (Layer.CARTRIDGE, Layer.SYNTHESIS, Layer.KOBOLD), (), False
    )  # fmt: skip
    assert found.reason() == "cartridge and synthesis and kobold agree"


@pytest.mark.parametrize("dissent", [DENIES, ELSE])
def test_who_differs_makes_the_others_uncertain_however_sure_or_long(dissent: Answer) -> None:
    long = replace(dissent, text=f"{dissent.text} {'Cats are mammals. ' * 20}")
    for other in (dissent, long):
        found = vote([CARTRIDGE, SYNTHESIS, other], SIMPLE)
        assert found is not None
        assert found.answer.text == CARTRIDGE.text
        assert found.answer.confidence == pytest.approx(0.75 * 2 / 3, abs=1e-6)
        assert found.reason() == "uncertain: cartridge and synthesis against kobold"


def test_one_against_one_is_half_as_sure() -> None:
    found = vote([CARTRIDGE, DENIES], SIMPLE)
    assert found is not None
    assert found.is_uncertain
    assert found.answer.confidence == pytest.approx(0.99 / 2)


def test_one_alone_is_as_sure_as_it_is() -> None:
    found = vote([CARTRIDGE], WEIGHTED)
    assert found is not None
    assert (found.answer, found.reason()) == (CARTRIDGE, "only cartridge answered")


def test_nobody_has_no_vote() -> None:
    assert vote([], SIMPLE) is None


def test_an_engine_counts_as_much_as_it_was_right() -> None:
    weights = {Layer.CARTRIDGE: 0.9, Layer.KOBOLD: 0.3}
    found = vote([CARTRIDGE, DENIES], WEIGHTED, weights=weights)
    assert found is not None
    assert found.answer.layer is Layer.CARTRIDGE
    assert found.answer.confidence == pytest.approx(0.72 * 0.75)
    together = vote([CARTRIDGE, KOBOLD], WEIGHTED, weights=weights)
    assert together is not None
    assert together.answer.confidence == pytest.approx((0.72 * 0.9 + 0.91 * 0.3) / 1.2)
    simple = vote([CARTRIDGE, KOBOLD], SIMPLE, weights=weights)
    assert simple is not None
    assert simple.answer.confidence == pytest.approx(0.815)


def test_an_engine_of_which_nothing_is_known_counts_as_the_known_do_on_average() -> None:
    found = vote([CARTRIDGE, DENIES], WEIGHTED, weights={Layer.CARTRIDGE: 0.99})
    assert found is not None
    # Equals: the surer one speaks, as where nothing is known.
    assert found == vote([CARTRIDGE, DENIES], WEIGHTED)
    good = vote([CARTRIDGE, DENIES], WEIGHTED, weights={Layer.CARTRIDGE: 0.99, Layer.SYNTHESIS: 0.5})
    assert good is not None
    assert good.answer.layer is Layer.CARTRIDGE
    assert good.answer.confidence == pytest.approx(0.72 * 0.99 / (0.99 + 0.745))


def test_engines_that_were_never_right_leave_an_even_chance() -> None:
    nothing = dict.fromkeys(Layer, 0.0)
    found = vote([CARTRIDGE, KOBOLD], WEIGHTED, weights=nothing)
    assert found is not None
    assert found.answer.confidence == 0.5
    apart = vote([CARTRIDGE, DENIES], WEIGHTED, weights=nothing)
    assert apart is not None
    assert apart.answer.confidence == 0.25


def test_what_was_measured_counts_more_for_a_factual_question_only() -> None:
    told = said(Layer.KOBOLD, "Ice sinks in the lake of tears. [1]", 0.99, TALE)
    factual = vote([CARTRIDGE, told], TYPED, form="thing")
    assert factual is not None
    assert factual.answer.text == CARTRIDGE.text
    assert factual.answer.confidence == pytest.approx(0.72 * 1.5 / 2.5)
    open_ended = vote([CARTRIDGE, told], TYPED, form="reason")
    assert open_ended is not None
    assert open_ended.answer.confidence == pytest.approx(0.99 * 0.9 / 2)


def test_a_models_words_are_worth_less_where_there_is_room_for_opinions() -> None:
    found = vote([CARTRIDGE, KOBOLD], TYPED, form="reason")
    assert found is not None
    assert found.answer.confidence == pytest.approx((0.72 + 0.91 * 0.9) / 2)


def test_the_order_in_which_engines_answer_does_not_matter() -> None:
    assert vote([CARTRIDGE, SYNTHESIS, DENIES], SIMPLE) == vote([DENIES, SYNTHESIS, CARTRIDGE], SIMPLE)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("The Moon is 384,400 km away.", "The Moon is 384,400 km away. [own]", True),
        ("The Moon is 384,400 km away.", "The Moon is 12 km away. [own]", False),
        ("Bats are blind.", "Bats are not blind.", False),
        ("Bats are not blind. [1] They hear well. [own]", "Bats are not blind.", True),
        ("Bats are not blind. [1] Bats are blind. [own]", "Bats are not blind.", False),
        ("Ice sinks in the lake. [against 1]", "Ice sinks in the lake.", False),
        ("Yes.", "Yes.", True),
        ("Yes. [1]", "yes [own]", True),
        ("Yes.", "No.", False),
        ("", "", False),
    ],
)
def test_answers_agree_by_what_they_say(one: str, other: str, *, is_same: bool) -> None:
    mine, yours = said(Layer.CARTRIDGE, one, 0.9), said(Layer.KOBOLD, other, 0.9)
    assert agree(mine, yours) is is_same
    assert agree(yours, mine) is is_same
