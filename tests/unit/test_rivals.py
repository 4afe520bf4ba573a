"""Near ties of cartridges that disagree, and questions too much of which nobody knows, are not answered."""

from dataclasses import replace

import pytest

from kitbash.cascade.confidence import VETOED, rank
from kitbash.cascade.rivals import disagree, tied
from kitbash.cascade.veto import Veto, against
from kitbash.domain.claim import Claim
from kitbash.domain.fact import Fact
from tests.unit.facts import SKY, Fixed, candidate, features
from tests.unit.test_order import SURE

SEA = Fixed("sea_general")
TALL = Claim("tower", "height", affirmed=True, low=30, high=30, unit="m")


def near(one: Fact, other: Fact, share: float = 0.98) -> list[float]:
    """Return how sure each is, the stronger one first, where the other meets the question nearly as well."""
    ranked = rank([candidate(one, coverage=1.0), candidate(other, coverage=share)], SURE)
    return [it.probability for it in ranked]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The tower is 30 metres high.", "The tower is 40 metres high."),
        ("The tower is open.", "The tower is not open."),
    ],
)
def test_texts_that_say_otherwise_of_the_same_disagree(one: str, other: str) -> None:
    assert disagree(SKY.fact(1, one), SEA.fact(1, other))
    assert disagree(SEA.fact(1, other), SKY.fact(1, one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The tower is 30 metres high.", "The tower, 30 metres high, was built in 1900."),
        ("The tower is 30 metres high.", "A ship has 40 cabins below its deck."),
        ("The tower is open.", "The tower is open on Sundays."),
        ("The tower is open.", "The tower is open."),
    ],
)
def test_texts_that_add_or_speak_of_something_else_do_not(one: str, other: str) -> None:
    assert not disagree(SKY.fact(1, one), SEA.fact(1, other))


def test_claims_that_contradict_each_other_disagree_whatever_the_wording() -> None:
    one = replace(SKY.fact(1, "So high is it."), claims=(TALL,))
    other = replace(SEA.fact(1, "Measured last year, quite another figure."), claims=(replace(TALL, low=90, high=90),))
    assert disagree(one, other)
    assert not disagree(one, replace(other, claims=(TALL,)))


def test_facts_of_one_cartridge_are_its_author_s_business() -> None:
    assert not disagree(SKY.fact(1, "The tower is open."), SKY.fact(2, "The tower is not open."))


def test_neither_of_two_near_ties_that_disagree_is_sure() -> None:
    one, other = SKY.fact(1, "The tower is 30 metres high."), SEA.fact(1, "The tower is 40 metres high.")
    assert near(one, other) == [VETOED, VETOED]
    ranked = rank([candidate(one, coverage=1.0), candidate(other, coverage=0.98)], SURE)
    assert ranked[0].candidate.veto == Veto.TIE


def test_a_clear_lead_and_an_agreeing_rival_leave_the_first_sure() -> None:
    one, other = SKY.fact(1, "The tower is 30 metres high."), SEA.fact(1, "The tower is 40 metres high.")
    assert near(one, other, 0.9)[0] > VETOED
    assert near(one, SEA.fact(1, "The tower is near the harbour."))[0] > VETOED
    assert tied(1.0, 0.95)
    assert not tied(1.0, 0.949)
    assert not tied(0.0, 0.0)


def test_a_question_that_is_mostly_unknown_is_not_answered() -> None:
    fact = SKY.fact(1, "Comets hold ice.", "What do comets hold?")
    question = "What do comets hold?"
    assert against(question, fact, features(unknown=0.36)) is Veto.UNKNOWN
    assert against(question, fact, features(unknown=0.35)) is None
