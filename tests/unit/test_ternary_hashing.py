"""A question's buckets: the same on every machine, since a trained file rests on them."""

from hypothesis import given
from hypothesis import strategies as st

from kitbash.models.ternary.hashing import MAX_WORDS, features

DNA = {34: 8, 45: 3, 59: 3, 57: 3, 42: 3, 22: 3, 2: 3, 51: 3}
SKY = {
    **dict.fromkeys([447, 6063, 5069, 2756, 7786], 8),
    **dict.fromkeys([1044, 5950, 4114, 3336, 8114, 606, 2528, 2572, 7204, 4196, 3623, 8019, 6567, 3537, 3843, 975], 3),
    **dict.fromkeys([3880, 6857], 3),
}


def test_the_buckets_of_a_question_are_those_that_were_trained() -> None:
    # Written down once: a change here needs the network trained again.
    assert features("DNA", 64) == DNA
    assert features("Why is the sky blue?", 8192) == SKY


def test_case_marks_and_contractions_do_not_matter() -> None:
    assert features("WHY is the sky, blue", 8192) == SKY
    assert features("what's DNA", 8192) == features("What is DNA?", 8192)


def test_the_order_of_words_matters() -> None:
    assert features("dog bites man", 8192) != features("man bites dog", 8192)


def test_what_falls_into_one_bucket_is_added() -> None:
    assert features("DNA", 1) == {0: sum(DNA.values())}


def test_a_question_without_words_has_no_features() -> None:
    assert features("", 64) == features("?!", 64) == {}


def test_words_after_the_limit_are_not_read() -> None:
    most = " ".join(["sky"] * MAX_WORDS)
    assert features(f"{most} blue", 8192) == features(most, 8192)


@given(st.text(max_size=300), st.integers(1, 9000))
def test_any_text_has_buckets_within_bounds_and_few_of_them(text: str, buckets: int) -> None:
    found = features(text, buckets)
    assert all(0 <= bucket < buckets and weight > 0 for bucket, weight in found.items())
    assert len(found) <= MAX_WORDS * 60
