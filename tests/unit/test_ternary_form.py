"""The ternary form of a fact: from claims and relations, each entry in one set, packed and weighed."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.domain.claim import Claim
from kitbash.domain.ternary_form import MOST_ENTRIES, Neighbour, Relation, TernaryForm, pack, ternary_form, unpack
from tests.boards import boils_at
from tests.unit.grain_kit import FACT

BOILS = replace(FACT, claims=(boils_at(100), Claim("water", "be sweet", affirmed=False)))


def test_what_a_fact_claims_it_asserts_or_denies() -> None:
    assert ternary_form(BOILS) == TernaryForm(("water boil at 100 degC",), ("water be sweet",), ())


def test_a_range_is_told_by_both_ends() -> None:
    form = ternary_form(replace(FACT, claims=(boils_at(99.5, 100),)))
    assert form.plus == ("water boil at 99.5 to 100 degC",)


def test_what_others_claim_of_its_subject_is_agreed_with_denied_or_left_open() -> None:
    form = ternary_form(
        BOILS,
        neighbours=(
            Neighbour("sea#1", boils_at(100)),
            Neighbour("sea#2", boils_at(50)),
            Neighbour("sea#3", Claim("water", "be sweet")),
            Neighbour("sea#4", Claim("water", "freeze at", low=0, high=0, unit="degC")),
        ),
    )
    assert form.plus == ("water boil at 100 degC", "agrees:sea#1")
    assert form.minus == ("water be sweet", "contradicts:sea#2", "contradicts:sea#3")
    assert form.void == ("water freeze at 0 degC",)


@pytest.mark.parametrize(
    ("kind", "trits"), [("requires", (1,)), ("Refines ", (1,)), ("contradicts", (-1,)), ("analogous", (0,)), ("", (0,))]
)
def test_a_relation_counts_by_its_kind(kind: str, trits: tuple[int, ...]) -> None:
    assert ternary_form(FACT, (Relation(kind, "sea#1"),)).trits == trits


def test_words_of_the_text_are_no_relations() -> None:
    """The first Kitbash took "another" for a denial."""
    form = ternary_form(replace(FACT, text="Another cause enables independent waves, not storms."))
    assert (form.trits, form.weight_bits, form.packed) == ((), 0.0, b"")


def test_an_entry_stands_in_one_set_only() -> None:
    twice = replace(FACT, claims=(Claim("water", "be wet"), Claim("water", "be wet", affirmed=False)))
    form = ternary_form(twice, neighbours=(Neighbour("sea#1", Claim("water", "be wet")),))
    assert form.plus == ("water be wet",)
    assert form.minus == ("contradicts:sea#1",)
    assert form.void == ()


def test_sets_are_bounded_with_the_facts_own_first() -> None:
    many = tuple(Neighbour(f"sea#{number}", boils_at(100)) for number in range(2 * MOST_ENTRIES))
    form = ternary_form(BOILS, neighbours=many)
    assert len(form.plus) == MOST_ENTRIES
    assert form.plus[0] == "water boil at 100 degC"


@given(st.lists(st.sampled_from([-1, 0, 1]), max_size=40))
def test_packed_trits_come_back_five_to_a_byte(trits: list[int]) -> None:
    data = pack(trits)
    assert len(data) == math.ceil(len(trits) / 5)
    assert all(byte < 3**5 for byte in data)
    assert unpack(data, len(trits)) == tuple(trits)


def test_the_first_trit_is_the_lowest_digit() -> None:
    assert pack((1, -1, 0, 0, 0)) == bytes([2 + 0 * 3 + 9 + 27 + 81])


@pytest.mark.parametrize("trits", [(2,), (0, -2), (1, 3)])
def test_what_is_no_trit_is_refused(trits: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="trits"):
        pack(trits)


@pytest.mark.parametrize(("data", "count"), [(b"", 1), (bytes([243]), 5), (bytes([0]), 4), (bytes([121, 121]), 5)])
def test_bytes_that_hold_something_else_are_refused(data: bytes, count: int) -> None:
    with pytest.raises(ValueError, match="do not hold"):
        unpack(data, count)


def test_an_entry_weighs_the_bits_of_a_trit() -> None:
    assert TernaryForm(("a", "b"), ("c",), ()).weight_bits == pytest.approx(3 * math.log2(3), abs=0.001)
