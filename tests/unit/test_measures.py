"""Quantities in sentences, and whether two can be the same."""

import pytest

from kitbash.cascade.measures import measures, nearest


def test_quantities_are_read_where_they_stand_and_the_rest_is_kept() -> None:
    found = measures("The Sun is 4.6 billion years old and 1.4 million km wide.")
    assert [(it.unit, it.low) for it in found.quantities] == [("s", pytest.approx(1.4516e17, rel=1e-3)), ("m", 1.4e9)]
    assert found.rest == "The Sun is old and wide."[:-1]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("It is 300,000 km/s.", "It is 299,792,458 metres per second.", True),
        ("It is 212 °F.", "It is 100 °C.", True),
        ("It is 90 °C.", "It is 100 °C.", False),
        ("It lasts five years.", "It lasts at least 3 months.", True),
        ("It lasts three seconds.", "It lasts at least 3 months.", False),
        ("It happened in 1970.", "It happened in 1969.", False),
        ("It happened in 1969.", "It happened on 20 July 1969.", True),
        ("It has nine planets.", "It has eight planets.", False),
    ],
)
def test_what_is_measured_may_be_rounded_and_what_is_counted_may_not(one: str, other: str, *, is_same: bool) -> None:
    (said,) = measures(one).quantities
    distance = nearest(said, measures(other).quantities)
    assert distance is not None
    assert (distance == 0) is is_same


def test_quantities_of_other_units_are_not_compared() -> None:
    (said,) = measures("It weighs 5 kg.").quantities
    assert nearest(said, measures("It is 5 m long.").quantities) is None


@pytest.mark.parametrize("text", ["Apollo 11 landed.", "Boeing 747 jets fly.", "It is so.", "", "v1.2.3", "1" * 400])
def test_what_measures_nothing_has_no_quantities(text: str) -> None:
    assert measures(text).quantities == ()


def test_a_text_of_numbers_alone_has_an_end() -> None:
    assert len(measures("1 m " * 10_000).quantities) <= 12
