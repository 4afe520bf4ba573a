"""What sentences claim: the same for paraphrases, different for different things, nothing if they are not simple."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.domain.claim import Claim, apart
from kitbash.knowledge.source.claiming import claims_of


def claim(text: str) -> Claim:
    (found,) = claims_of(text)
    return found


PARAPHRASES = (
    ("Water boils at 100 °C at sea level.", "Water boils at 212 °F."),
    ("Water boils at 100 °C.", "The boiling point of water is 373.15 K."),
    ("Water boils at 100 °C.", "At sea level, water boils at about 100 degrees Celsius."),
    ("Water boils at 100 °C.", "Water boils at 100 °C (212 °F) at normal sea-level air pressure, because it does."),
    ("Water boils at 100 °C.", "On average, water normally boils at 99-101 °C."),
    ("The Earth has a mass of 5.97e24 kg.", "Earth's mass is 5.97 × 10^24 kg."),
    ("The Earth has a mass of 5.97e24 kg.", "The mass of the Earth is about 6×10²⁴ kg."),
    ("The Eiffel Tower is 330 m tall.", "The Eiffel Tower is between 300 and 340 metres tall."),
    ("A goldfish's memory lasts 3 months.", "The memory of a goldfish lasts for at least 3 months."),
    ("A year has 365 days.", "A year has about 12 months."),
    ("An insect has six legs.", "Insects have 6 legs, which is few."),
    ("Gold has the atomic number 79.", "The atomic number of gold is 79."),
    ("The Moon is on average about 384,400 kilometres from the Earth.", "The Moon is 384,400,000 m from the Earth."),
    ("Kitbash has five layers.", "Kitbash has five layers, numbered from 0 to 4: reflex, bitnet and others."),
    ("Light has a speed of 299,792,458 m/s.", "Light's speed is exactly 299,792,458 m/s, or about 3e8 m/s."),
    ("Pluto is a planet.", "Pluto is a planet in the outer dark."),
    ("A bird has feathers.", "Birds have feathers."),
    ("Glass conducts electricity.", "Glasses conduct electricity."),
)
CONTRADICTIONS = (
    ("Water boils at 100 °C.", "Water boils at 50 °C."),
    ("Water boils at 100 °C.", "Water does not boil at 100 °C."),
    ("A goldfish's memory lasts three seconds.", "A goldfish's memory lasts at least 3 months."),
    ("The film lasts at most 2 hours.", "The film lasts for 4 h."),
    ("Glass conducts electricity.", "Glass does not conduct electricity."),
    ("Glass conducts electricity.", "Glass doesn't conduct electricity."),
    ("Water burns.", "Water never burns."),
    ("Glass is a conductor.", "Glass is not a conductor."),
    ("Pluto is a planet.", "Pluto is no longer a planet."),
    ("Paris is the capital of France.", "Paris isn't the capital of France."),
    ("Fish have feathers.", "Fish have no feathers."),
    ("Fish have feathers.", "Fish do not have feathers."),
    ("Salt is soluble in water.", "Salt is not soluble in water."),
    ("Insects have six legs.", "Insects have twelve legs."),
)
DIFFERENT = (
    ("Water boils at 100 °C.", "Water boils at 70 °C on Mount Everest."),
    ("Water boils at 100 °C.", "Water freezes at 0 °C."),
    ("Water boils at 100 °C.", "Salt water boils at 102 °C."),
    ("Well water is salty.", "Water is not salty."),
    ("The tower is 300 m tall.", "The tower is 100 m wide."),
    ("The film lasts 2 hours.", "The film lasts 3 hours on Monday."),
    ("A goldfish is 10 cm long.", "A goldfish was 30 cm long."),
    ("Kitbash has five layers.", "Kitbash has four factions."),
    ("Sound has a speed of 343 m/s.", "Sound has a speed of 1,480 m/s in water."),
)


PIECES = (
    "a", "the", "water", "is", "are", "not", "has", "5", "km", "°C", "boils", "at", "about", "3-5", ",", "(of)",
    "because", "never", "can't", "’s", "^", "±", "m/s", "no", "six", "legs",
)  # fmt: skip


@pytest.mark.parametrize(("one", "other"), PARAPHRASES)
def test_paraphrases_agree_on_one_key(one: str, other: str) -> None:
    assert claim(one).key == claim(other).key
    assert apart(claim(one), claim(other)) < 0.01


@pytest.mark.parametrize(("one", "other"), CONTRADICTIONS)
def test_contradictions_are_apart_on_one_key(one: str, other: str) -> None:
    assert claim(one).key == claim(other).key
    assert apart(claim(one), claim(other)) > 0.3


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_things_have_different_keys(one: str, other: str) -> None:
    assert claim(one).key != claim(other).key


def test_what_cannot_be_is_not_so_either_but_what_can_be_need_not_be() -> None:
    assert claims_of("Penguins cannot fly.") == (
        Claim("penguin", "can fli", affirmed=False),
        Claim("penguin", "fli", affirmed=False),
    )
    assert claims_of("Penguins can fly.") == (Claim("penguin", "can fli"),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Water.",
        "Is water wet?",
        "If water is pure, it boils at 100 °C.",
        "Water boils at 100 °C, but salt water boils at 102 °C.",
        "Water boils at 100 °C and freezes at 0 °C.",
        "Water may boil at 90 °C.",
        "In popular legend, the memory of a goldfish lasts three seconds.",
        "Some people say that water boils at 50 °C.",
        "Scientists think water boils at 100 °C.",
        "It boils at 100 °C.",
        "Most birds are small.",
        "Birds usually have feathers.",
        "At sea level, water is wet.",
        "Both towers are 100 m tall.",
        "An insect has six legs and a body in three parts.",
        "Stratus is a low, grey cloud layer.",
        "Air pressure is measured with a barometer.",
        "Pluto has been classed as a dwarf planet.",
        "The heart has to beat.",
        "The sky has more stars than the sea has fish.",
        "A tomato is a fruit or a vegetable.",
        "A whale is a kind of fish.",
        "Sea water sink.",
        "The number of planets is eight.",
        "The tower is 100 m taller.",
        "The tower is 100 m, or 3 kg.",
        "The tower is 100 m. The tree is 3 m.",
        'He said: "Water is dry."',
        "Six birds are blue.",
        "Water does not last at least 3 days.",
        "Dogs nearly always bark; cats are quiet.",
        "x " * 300 + "is blue.",
    ],
)
def test_what_is_no_simple_clause_claims_nothing(text: str) -> None:
    assert claims_of(text) == ()


@given(st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join))
def test_any_sentence_gives_sound_claims(text: str) -> None:
    for found in claims_of(text):
        assert found.subject
        assert found.attribute
        assert (found.low is None) == (found.high is None)
        assert found.low is None or found.high is None or found.low <= found.high


@pytest.mark.parametrize(
    "piece", ["a", "is ", "'s ", "( ", "5 ", "of ", "on average, ", "at sea level ", "a-", "can't "]
)
def test_a_long_sentence_takes_no_long_time(piece: str) -> None:
    for text in ("Water is 5 m " + piece * 2000, piece * 2000, "The " + piece * 60 + "is 5 m " + piece * 60):
        claims_of(text[:4000])
