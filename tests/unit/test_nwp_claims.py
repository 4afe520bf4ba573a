"""Claims as NWP and back, and which statements contradict each other."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kitbash.domain.claim import Claim
from kitbash.domain.normal_form import normal_form
from kitbash.domain.nwp import CONTRADICTION, claim_of, contradicts, of_claim, parse

WORDS = st.text(min_size=1, max_size=12).map(normal_form).filter(bool)
RANGES = st.tuples(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12)).map(lambda it: (min(it), max(it)))
UNITS = st.sampled_from(("", "m", "degC", "kg*m**2/s**3", "1/s", "m/s**2", "%")) | WORDS


@given(WORDS, WORDS, st.booleans(), RANGES, UNITS)
def test_a_claim_with_a_range_comes_back(
    subject: str, attribute: str, affirmed: bool, ends: tuple[float, float], unit: str
) -> None:
    assume(unit != "°C")
    claim = Claim(subject, attribute, affirmed, *ends, unit)
    assert claim_of(parse(str(of_claim(claim)))) == claim


@given(WORDS, WORDS, st.booleans())
def test_a_claim_without_a_range_comes_back(subject: str, attribute: str, affirmed: bool) -> None:
    claim = Claim(subject, attribute, affirmed)
    assert claim_of(parse(str(of_claim(claim)))) == claim


@pytest.mark.parametrize("word", ["snake_case", "ǰ", "ŉ", "mixed Case", "ﬁ"])
def test_words_that_capitals_would_change_are_spelled_as_they_are(word: str) -> None:
    assert claim_of(parse(str(of_claim(Claim(word, word))))) == Claim(word, word)


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        (Claim("water", "boil at", True, 100, 100, "degC"), "⊢ [MAT:WATER] ⇒ [BOIL_AT:100°C]"),
        (Claim("water", "boil at", False, 50, 60, "degC"), "⊢ ¬ [MAT:WATER] ⇒ [BOIL_AT:50-60°C]"),
        (Claim("glass", "conduct electr", False), "⊢ [MAT:GLASS] ∉ [SYS:CONDUCT_ELECTR]"),
        (Claim("sun", "is star"), "⊢ [MAT:SUN] ∈ [SYS:IS_STAR]"),
        (Claim("[x]: y", "is ∩"), "⊢ [MAT:\\[X\\]\\:_Y] ∈ [SYS:IS_∩]"),
    ],
)
def test_a_claim_is_printed_in_a_readable_way(claim: Claim, text: str) -> None:
    assert str(of_claim(claim)) == text


@pytest.mark.parametrize(
    "text",
    [
        "⊢ [MAT:PLA] ⊂ [SYS:SYNTHETIC]",
        "◊ [MAT:PLA] ⇒ [TEMP:60°C]",
        "? [MAT:PLA] ⇒ [TEMP:60°C]",
        "⊢ [SYS:KINETICS] ∉ [LINEAR]",
        "⊢ [MAT:PLA] ∩ [SYS:RARE] ⇒ [TEMP:35-85°C]",
        "⊢ [MAT:PLA] ⇒ ◊ [TEMP:60°C]",
        "⊢ [MAT:PLA] ⇒ ⊥",
        "⊢ [MAT:PLA] ⇒ [60°C]",
        "[MAT:PLA]",
        "[MAT:5°C] ⇒ [TEMP:60°C]",
        "⊥",
    ],
)
def test_what_claims_nothing_plain_is_no_claim(text: str) -> None:
    assert claim_of(parse(text)) is None


@pytest.mark.parametrize(
    ("one", "other", "contrary"),
    [
        ("⊢ [MAT:PLA] ⇒ [TEMP:60±5°C]", "⊢ [MAT:PLA] ⇒ [TEMP:70-80°C]", True),
        ("⊢ [MAT:PLA] ⇒ [TEMP:60±5°C]", "⊢ [MAT:PLA] ⇒ [TEMP:65-80°C]", False),
        ("⊢ [MAT:PLA] ⇒ [TEMP:60±5°C]", "[MAT:PLA] = [TEMP:80-70°C]", True),
        ("⊢ [MAT:PLA] ⇒ [TEMP:60±5°C]", "◊ [MAT:PLA] ⇒ [TEMP:70-80°C]", False),
        ("⊢ [MAT:PLA] ⇒ [TEMP:60±5°C]", "⊢ [MAT:ABS] ⇒ [TEMP:70-80°C]", False),
        ("⊢ [MAT:PLA] ⇒ [TEMP:60±5°C]", "⊢ [MAT:PLA] ⇒ [SIZE:70-80°C]", False),
        ("⊢ [MAT:PLA] ⇒ [TEMP:60±5°C]", "⊢ [MAT:PLA] ⇒ [TEMP:70-80K]", False),
        ("⊢ [MAT:PLA] ⇒ [TEMP:60°C]", "⊢ [MAT:PLA] ∩ [SYS:RARE] ⇒ [TEMP:35°C]", False),
        ("⊢ [MAT:PLA] ∩ [SYS:RARE] ⇒ [TEMP:60°C]", "⊢ [MAT:PLA] ∩ [SYS:RARE] ⇒ [TEMP:35°C]", True),
        ("⊢ [MAT:PLA] ⇒ [TEMP:60°C]", "⊢ ¬ [MAT:PLA] ⇒ [TEMP:50-70°C]", True),
        ("⊢ [MAT:PLA] ⇒ [TEMP:60°C]", "⊢ ¬ [MAT:PLA] ⇒ [TEMP:70°C]", False),
        ("⊢ [SYS:KINETICS] ∉ [LINEAR]", "⊢ [SYS:KINETICS] ∈ [LINEAR]", True),
        ("⊢ [SYS:KINETICS] ∉ [LINEAR]", "⊢ ¬ [SYS:KINETICS] ∈ [LINEAR]", False),
        ("⊢ [SYS:KINETICS] ∉ [LINEAR]", "⊢ ¬ ¬ [SYS:KINETICS] ∈ [LINEAR]", True),
        ("⊢ [A]", "⊢ ¬ [A]", False),
    ],
)
def test_statements_contradict_each_other_only_where_they_cannot_both_hold(
    one: str, other: str, contrary: bool
) -> None:
    for first, second in ((one, other), (other, one)):
        assert contradicts(parse(first), parse(second)) == (CONTRADICTION if contrary else None)
