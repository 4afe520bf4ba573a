"""What one fact says about one statement."""

import pytest

from kitbash.cascade.bearing import Bearing, bearing, clauses
from kitbash.domain.fact import Fact
from kitbash.domain.level import Level
from kitbash.knowledge.source.claiming import claims_of

ICE = "Ice floats on water, because it is not as dense."
LIGHT = "The speed of light in vacuum is exactly 299,792,458 metres per second."
WATER = "Water boils at 100 °C at sea level."
APOLLO = "Apollo 11 landed on the Moon on 20 July 1969."
GOLDFISH = "A goldfish remembers for at least 3 months."
PARIS = "The capital of France is Paris."
SUN = "The sun is larger than the moon."


def bears(statement: str, text: str, question: str = "") -> Bearing:
    fact = Fact("sky_general", 1, text, Level.EMPIRICAL, 0.9, claims=claims_of(text))
    return bearing(statement, fact, question=question).bearing


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("Ice floats on water.", ICE),
        ("ICE FLOATS ON WATER!", ICE),
        ("Yes, ice is floating on water.", ICE),
        ("The speed of light in vacuum is 300,000 km/s.", LIGHT),
        ("Water boils at 212 °F.", WATER),
        ("Paris is the capital of France.", PARIS),
        ("Paris.", PARIS),
        ("A goldfish remembers for five years.", GOLDFISH),
        ("No, glass is not a liquid.", "Glass is not a liquid at room temperature."),
        ("On water ice floats.", ICE),
        ("According to the facts, ice generally floats on water.", ICE),
        ("In 1969 Apollo 11 landed on the Moon.", APOLLO),
        ("Bob taught Alice.", "Alice was taught by Bob."),
        ("Alice was taught by Bob.", "Bob taught Alice."),
        ("Bob.", "Alice was taught by Bob."),
        ("Bob Dylan.", "The song was written by Bob Dylan in 1962."),
        ("The song was written in 1962.", "The song was written by Bob Dylan in 1962."),
        ("The Normans defeated the English in 1066.", "In 1066 the Normans defeated the English."),
        ("In 1066 the Normans defeated the English.", "The Normans defeated the English in 1066."),
        ("The hottest planet is Venus.", "Venus is the hottest planet."),
        ("It is a myth that bats are blind.", "It is a myth that bats are blind."),
        ("If the valve is open, the pump is off.", "If the valve is open, the pump is off."),
        ("Apollo 11 landed on the Moon in 1969.", APOLLO),
    ],
)
def test_what_stands_in_a_fact_is_supported(statement: str, text: str) -> None:
    assert bears(statement, text, "What is it?") is Bearing.SUPPORTS


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("Ice does not float on water.", ICE),
        ("Glass is a liquid.", "Glass is not a liquid."),
        ("The speed of light in vacuum is 150,000 km/s.", LIGHT),
        ("Water boils at 90 °C.", WATER),
        ("The sun has nine planets.", "The sun has eight planets."),
        ("Apollo 11 landed on the Moon in 1970.", APOLLO),
        ("A goldfish remembers for three seconds.", GOLDFISH),
        ("The hottest planet is Venus.", "Venus is the coldest planet."),
    ],
)
def test_what_a_fact_says_otherwise_is_contradicted(statement: str, text: str) -> None:
    assert bears(statement, text) is Bearing.CONTRADICTS


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("Ice melts on water.", ICE),
        ("The heart pumps cheese through the body.", "The heart pumps blood through the body."),
        ("Paris is the capital of Germany.", PARIS),
        ("The moon is larger than the sun.", SUN),
        ("The dog bites the man.", "The man bites the dog."),
        ("Birds fly.", "Not all birds fly."),
        ("Apollo 12 landed on the Moon.", APOLLO),
        ("It is what it is.", ICE),
        ("", ICE),
        ("Ice floats on water.", ""),
    ],
)
def test_what_a_fact_does_not_say_is_neither(statement: str, text: str) -> None:
    assert bears(statement, text) is Bearing.NEITHER


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("France is the capital of Paris.", "Paris is the capital of France."),
        ("France is the capital of Paris.", PARIS),
        ("Paris is France.", "Paris is the capital of France."),
        ("Mary is the father of John.", "John is the father of Mary."),
        ("The father of John is Mary.", "John is the father of Mary."),
        ("Mary is John.", "John is the father of Mary."),
        ("Bob was taught by Alice.", "Alice was taught by Bob."),
        ("Alice taught Bob.", "Alice was taught by Bob."),
        ("Alice was taught by Bob.", "Alice taught Bob."),
        ("In 1066 the English defeated the Normans.", "In 1066 the Normans defeated the English."),
        ("In 1066 the English defeated the Normans.", "The Normans defeated the English in 1066."),
        ("The English defeated the Normans in 1066.", "In 1066 the Normans defeated the English."),
        ("Mammals are bats.", "Bats are mammals."),
        ("A mammal is the whale.", "The whale is a mammal."),
        ("The house is 3000 cm taller than the tower.", "The tower is 30 m taller than the house."),
        ("The train goes from Paris to London.", "The train goes to Paris from London."),
    ],
)
def test_what_is_said_the_other_way_round_is_not_supported(statement: str, text: str) -> None:
    assert bears(statement, text) is Bearing.NEITHER


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("Bats are blind.", "It is a myth that bats are blind."),
        ("Bats are not blind.", "It is a myth that bats are blind."),
        ("The pump is off.", "If the valve is open, the pump is off."),
        ("The valve is open.", "If the valve is open, the pump is off."),
        ("The valve is open if the pump is off.", "If the valve is open, the pump is off."),
        ("If the valve is open, the pump is off.", "The valve is open, and the pump is off."),
        ("The earth is flat.", "It was once believed that the earth is flat, and that the sky is a dome."),
        ("The sky is a dome.", "It was once believed that the earth is flat, and the sky is a dome."),
    ],
)
def test_no_clause_is_taken_out_of_what_is_not_told_as_so(statement: str, text: str) -> None:
    assert bears(statement, text) is Bearing.NEITHER


def test_a_word_of_the_question_said_back_is_no_answer() -> None:
    asked = "What is the capital of France?"
    assert bears("France.", PARIS, asked) is Bearing.NEITHER
    assert bears("Paris.", PARIS, asked) is Bearing.SUPPORTS
    assert bears("It floats.", ICE, "Does ice float?") is Bearing.SUPPORTS


def test_what_it_is_stands_in_the_question() -> None:
    assert bears("It is 150,000 km/s.", LIGHT, "What is the speed of light?") is Bearing.CONTRADICTS
    assert bears("It is 150,000 km/s.", LIGHT, "How fast is a snail on grass?") is Bearing.NEITHER


def test_a_sentence_is_divided_only_where_each_part_says_something() -> None:
    assert clauses("Ice floats on water and steam rises in air.") == ["Ice floats on water", "steam rises in air."]
    conditional = "If the valve is open, the pump is off."
    assert clauses(conditional) == [conditional]
    assert clauses("Salt and pepper taste well.") == ["Salt and pepper taste well."]
