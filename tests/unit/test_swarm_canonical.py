"""Canonical bytes: one form for each JSON value, the examples of RFC 8785, and what has no form."""

import json
import math
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.swarm.errors import Invalid
from kitbash.swarm.trust.canonical import GREATEST_EXACT, canonical_bytes

_FLOATS: Final = st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda it: not (it.is_integer() and GREATEST_EXACT < abs(it) < 1e21)
)
_LEAVES: Final = (
    st.none()
    | st.booleans()
    | st.integers(-GREATEST_EXACT, GREATEST_EXACT)
    | _FLOATS
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES: Final = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_read_from_them_has_the_same_bytes(value: Any) -> None:
    written = canonical_bytes(value)
    assert canonical_bytes(json.loads(written)) == written
    assert json.loads(written) == value


@given(st.dictionaries(st.text("abcdé🜁", max_size=3), st.integers(0, 9), min_size=2))
def test_the_order_of_names_does_not_matter(value: dict[str, int]) -> None:
    assert canonical_bytes(dict(reversed(value.items()))) == canonical_bytes(value)


def test_numbers_and_texts_are_written_as_in_the_rfc() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    assert canonical_bytes(value).decode() == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_names_are_sorted_by_their_utf_16_units_as_in_the_rfc() -> None:
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    assert list(json.loads(canonical_bytes(dict.fromkeys(names)))) == [
        "\r",
        "1",
        "\u0080",
        "\u00f6",
        "\u20ac",
        "\U0001f600",
        "\ufb33",
    ]


def test_whole_floats_are_as_integers() -> None:
    assert canonical_bytes([1.0, -0.0, 2**53 - 1]) == b"[1,0,9007199254740991]"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (math.nan, "not finite"),
        (-math.inf, "not finite"),
        (2**53, "2\\^53"),
        (-(2**53), "2\\^53"),
        ({"deep": [{"a": 1e20}]}, "2\\^53"),
        ("\ud800", "cannot be signed"),
        ({1: "a"}, "cannot be signed"),
        (b"bytes", "cannot be signed"),
        ({"a", "b"}, "cannot be signed"),
    ],
)
def test_what_has_no_such_bytes_is_refused(value: Any, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        canonical_bytes({"contents": value})


def test_nesting_beyond_what_can_be_walked_is_refused() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(Invalid, match="nested"):
        canonical_bytes(value)
