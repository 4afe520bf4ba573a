"""What two wordings must share to be the same question, and what keeps two questions apart."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitbash.domain.normal_form import fold, normal_form, stem, words


@pytest.mark.parametrize(
    "polite",
    [
        "what is DNA",
        "What is DNA?",
        "  what   is dna ??",
        "Please, what is DNA?",
        "What is DNA, please?",
        "Hey Kitbash, what is DNA?",
        "Can you tell me what is DNA?",
        "Could you please explain to me: what is DNA?",
        "I was wondering what is DNA",
        "I would like to know what is DNA",
        "Did you happen to know what is DNA?",
        "So, what is DNA exactly? Thanks!",
        "okay so please tell me what is DNA for me",
    ],
)
def test_polite_filler_and_punctuation_do_not_change_the_question(polite: str) -> None:
    assert normal_form(polite) == "what is dna"


@pytest.mark.parametrize("filler", ["please", "hello", "so", "well", "thank you"])
def test_filler_alone_is_not_stripped_to_nothing(filler: str) -> None:
    assert normal_form(filler)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("What's DNA?", "What is DNA?"),
        ("Who\u2019s Ada Lovelace?", "Who is Ada Lovelace?"),
        ("Why isn't Pluto a planet?", "Why is not Pluto a planet?"),
        ("Why can't fish talk?", "Why cannot fish talk?"),
        ("Why cannot fish talk?", "Why can not fish talk?"),
        ("They're planets", "They are planets"),
        ("Newton's law", "Newton law"),
    ],
)
def test_contractions_and_possessives_read_like_the_long_form(short: str, long: str) -> None:
    assert normal_form(short) == normal_form(long)


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ("\ufb01sh", "fish"),
        ("\uff27\uff4f", "go"),
        ("\uff11\uff12", "12"),
        ("STRASSE", "stra\u00dfe"),
        ("caf\u00e9", "cafe\u0301"),
        ("10,000 metres", "10000 metres"),
        ("1,234,567", "1234567"),
    ],
)
def test_characters_of_the_same_meaning_are_the_same(odd: str, plain: str) -> None:
    assert normal_form(odd) == normal_form(plain)


def test_articles_make_no_difference() -> None:
    assert normal_form("What is the speed of a sound?") == normal_form("What is speed of sound?")


def test_inflection_makes_no_difference() -> None:
    assert normal_form("the orbits of planets") == normal_form("the orbit of a planet") == "orbit of planet"


def test_a_word_with_a_digit_is_never_stemmed() -> None:
    assert stem("planets") == "planet"
    assert stem("1920s") == "1920s"


FLIPPED = [
    ("Turn the lamp on", "Turn the lamp off"),
    ("Who was the first president?", "Who was the last president?"),
    ("trains from London to Paris", "trains from Paris to London"),
    ("the census of 2010", "the census of 2020"),
    ("coffee with milk", "coffee without milk"),
    ("What came before the war?", "What came after the war?"),
    ("Why is Pluto a planet?", "Why is Pluto not a planet?"),
    ("Is gold more dense than lead?", "Is gold less dense than lead?"),
    ("the north pole", "the south pole"),
    ("the max temperature", "the min temperature"),
]


@pytest.mark.parametrize(("one", "other"), FLIPPED)
def test_questions_of_opposite_meaning_stay_apart(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Does the dog bite the man?", "Does the man bite the dog?"),
        ("Who wrote it?", "What wrote it?"),
        ("How is glass made?", "Where is glass made?"),
        ("What is 5 - 3?", "What is 5 + 3?"),
        ("Is 3 < 5?", "Is 3 > 5?"),
        ("Is 5 prime?", "Is -5 prime?"),
        ("What is 10 % of 50?", "What is 10 of 50?"),
        ("1.5 litres", "15 litres"),
        ("a walk in the park", "a walk to the park"),
        ("Why do birds sing?", "Why don't birds sing?"),
    ],
)
def test_order_question_words_signs_numbers_prepositions_and_negation_count(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)


def test_programming_languages_that_share_a_letter_stay_apart() -> None:
    forms = {normal_form(f"What is {name}?") for name in ("C", "C++", "C#")}
    assert len(forms) == 3


def test_a_letter_that_names_a_kind_is_not_an_article() -> None:
    assert normal_form("What is hepatitis A?") != normal_form("What is hepatitis?")


def test_a_long_run_of_signs_takes_no_time() -> None:
    started_s = time.perf_counter()
    normal_form("-" * 10_000)
    assert time.perf_counter() - started_s < 0.4


def test_words_are_folded_and_opened_but_not_stemmed_and_keep_articles() -> None:
    assert words("What's the Planets' mass?") == ["what", "is", "the", "planets", "mass"]


def test_folding_keeps_commas_that_do_not_part_thousands() -> None:
    assert fold("1,234 and 1,23 and 12,3456") == "1234 and 1,23 and 12,3456"


@given(st.text())
def test_any_text_has_a_normal_form_on_one_line(text: str) -> None:
    form = normal_form(text)
    assert form == " ".join(form.split())


@given(st.text(st.characters(codec=None, categories=None)))
def test_any_code_point_even_a_lone_surrogate_is_taken(text: str) -> None:
    normal_form(text)
    words(text)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_upper_and_lower_case_are_the_same(text: str) -> None:
    assert normal_form(text) == normal_form(text.upper()) == normal_form(text.lower())


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_the_same_text_has_the_same_form_whatever_surrounds_it(text: str) -> None:
    assert normal_form(f"  {text} ?") == normal_form(text)


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["comet", "star", "moon", "orbit", "rock"]), min_size=1, max_size=6))
def test_plain_stems_are_their_own_normal_form(some: list[str]) -> None:
    assert normal_form(normal_form(" ".join(some))) == normal_form(" ".join(some))
