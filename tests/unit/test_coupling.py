"""The rules between levels, one worked example each; every figure is computed by hand."""

import math
from dataclasses import replace

import pytest

from kitbash.cascade import coupling
from kitbash.cascade.coupling import check_kappa, contests, couple, size_of
from kitbash.domain.claim import Claim
from kitbash.domain.coupling import FLAGGED, SEVERITIES, UNRESOLVED, Check, Delta, Health, Mask, Response, Severity
from kitbash.domain.fact import Fact
from kitbash.domain.item import UNOPPOSED, Item, Place, Placement
from kitbash.domain.level import Level
from kitbash.errors import UsageError

L0, L1, L2, L3, L4, L5 = Level


def claim(key: str, *ends: float, affirmed: bool = True) -> Claim:
    low, high = (ends[0], ends[-1]) if ends else (None, None)
    return Claim(key, "", affirmed, low, high)


def item(level: Level, *claims: Claim, name: str = "") -> Item:
    return Item(level, name or f"i{level.value}", claims=claims)


def gap(low: float, high: float, *, levels: tuple[Level, Level] = (L0, L1)) -> list[Item]:
    """Return two items that state two numbers of one thing."""
    return [item(level, claim("k", end)) for level, end in zip(levels, (low, high), strict=True)]


def key_of(claim: Claim) -> str:
    return f"{claim.subject}||"


@pytest.mark.parametrize(
    ("one", "other", "size"),
    [
        ((100,), (50,), 0.5),  # 50 / 100
        ((100, 120), (60, 80), 20 / 120),
        ((60, 80), (100, 120), 20 / 120),
        ((100, 120), (120, 130), 0.0),  # they touch
        ((100, 120), (105, 110), 0.0),  # one lies in the other
        ((1,), (0,), 1.0),
        ((-1,), (1,), 1.0),  # 2 / 1, and no more than 1
        ((-100,), (-50,), 0.5),
        ((-100,), (-70, 1000), 30 / 1000),  # over the largest of all ends
        ((0,), (0,), 0.0),
        ((1e308,), (-1e308,), 1.0),
        ((5e-324,), (0,), 1.0),
    ],
)
def test_two_quantities_are_as_far_apart_as_their_gap_over_their_largest_end(
    one: tuple[float, ...], other: tuple[float, ...], size: float
) -> None:
    key = key_of(claim("k"))
    wanted = (size, key if size else "")
    assert size_of([claim("k", *one)], [claim("k", *other)]) == wanted
    assert size_of([claim("k", *other)], [claim("k", *one)]) == wanted


@pytest.mark.parametrize(
    ("denied", "stated", "size"),
    [
        ((), (), 1.0),
        ((), (100,), 1.0),  # denied altogether
        ((50,), (), 0.0),  # what is stated has no number
        ((50,), (100,), 0.0),  # not at 50, but at 100
        ((50, 100), (100, 120), 1.0),  # they share 100
        ((100, 120), (50, 100), 1.0),
        ((100,), (90, 110), 1.0),
    ],
)
def test_a_denial_is_opposite_unless_it_speaks_of_other_numbers(
    denied: tuple[float, ...], stated: tuple[float, ...], size: float
) -> None:
    no, yes = claim("k", *denied, affirmed=False), claim("k", *stated)
    assert (size_of([no], [yes])[0], size_of([yes], [no])[0], size_of([no], [no])[0]) == (size, size, 0.0)


def test_the_farthest_of_several_claims_counts_and_the_first_of_equals() -> None:
    one = [claim("a", 100), claim("b", 100), claim("c", 100)]
    other = [claim("c", 20), claim("b", 20), claim("a", 50), claim("d", 0)]
    assert size_of(one, other) == (0.8, key_of(claim("b")))
    assert size_of(one, [claim("d", 0)]) == (0.0, "")


@pytest.mark.parametrize(
    ("kappa", "at_most", "above"),
    [(0.5, 40, 39), (1.0, 70, 69), (2.0, 85, 84)],  # 0.3 / kappa: 0.6, 0.3 and 0.15, of 100
)
def test_a_contradiction_counts_above_the_threshold_of_kappa(kappa: float, at_most: float, above: float) -> None:
    assert couple(gap(100, at_most), kappa, 0).deltas == ()
    (delta,) = couple(gap(100, above), kappa, 0).deltas
    assert delta.size == (100 - above) / 100


@pytest.mark.parametrize("kappa", [0, -0.1, math.nan, math.inf, -math.inf])
def test_a_kappa_that_is_no_number_above_zero_is_refused(kappa: float) -> None:
    with pytest.raises(UsageError, match=f"kappa {kappa} "):
        check_kappa(kappa)
    with pytest.raises(UsageError, match="cannot couple"):
        couple([], kappa, 0)
    assert check_kappa(5e-324) == 5e-324


@pytest.mark.parametrize(
    ("size", "thousandths"),
    [(0.5, 0.5), (0.5994, 0.599), (0.5996, 0.6), (1 / 3, 0.333), (2 / 3, 0.667), (0.9995, 1.0)],
)
def test_a_size_is_in_thousandths(size: float, thousandths: float) -> None:
    (delta,) = couple(gap(1, 1 - size), 1.0, 0).deltas
    assert delta.size == thousandths


@pytest.mark.parametrize(
    ("levels", "severity", "place"),
    [
        ((L0, L1), "critical", Place.BLOCKED),
        ((L0, L2), "high", Place.BLOCKED),
        ((L1, L2), "high", Place.BLOCKED),
        ((L2, L4), "medium", Place.MASKED),
    ],
)
def test_a_contradiction_is_as_severe_as_its_pair_and_the_higher_level_gives_way(
    levels: tuple[Level, Level], severity: str, place: Place
) -> None:
    a, b = levels
    coupled = couple(gap(100, 50, levels=levels), 1.0, 7)
    key = key_of(claim("k"))
    wanted = Delta("d1", a, b, f"i{a.value}", f"i{b.value}", key, 0.5, Severity(severity), UNRESOLVED)
    assert coupled.deltas == (wanted,)
    assert coupled.placements == {f"i{b.value}": Placement(place, f"contradicts i{a.value} (d1)")}
    assert coupled.placement(f"i{a.value}") == UNOPPOSED
    ((check),) = coupled.checks
    assert (check.a, check.b, check.deltas, coupled.at_ms) == (a, b, ("d1",), 7)


@pytest.mark.parametrize("a", Level)
@pytest.mark.parametrize("b", Level)
def test_no_other_pair_contradicts(a: Level, b: Level) -> None:
    items = [item(a, claim("k"), name="one"), item(b, claim("k", affirmed=False), name="other")]
    coupled = couple(items, 1.0, 0)
    by_claims = {pair for pair in SEVERITIES if pair[1] not in {L3, L5}}
    assert len(coupled.deltas) == bool({(a, b), (b, a)} & by_claims)
    assert [(it.a, it.b) for it in coupled.checks] == [pair for pair in SEVERITIES if set(pair) == {a, b}]


def test_levels_are_coupled_in_the_order_of_the_rules_and_only_if_both_have_items() -> None:
    coupled = couple([item(level) for level in reversed(Level)], 1.0, 0)
    assert [(it.a, it.b) for it in coupled.checks] == [(L0, L1), (L0, L2), (L1, L2), (L2, L4), (L4, L3), (L4, L5)]
    assert all(it.deltas == () for it in coupled.checks)
    assert (coupled.deltas, coupled.placements) == ((), {})
    assert couple([item(L0), item(L3), item(L5)], 1.0, 0).checks == ()


def test_what_is_blocked_constrains_nothing() -> None:
    # L0 says 100; L1 says 50 and is blocked, so that L2, which says 100 too, is not held against it.
    items = [item(L0, claim("k", 100)), item(L1, claim("k", 50)), item(L2, claim("k", 100))]
    coupled = couple(items, 1.0, 0)
    assert [(it.a, it.b, it.deltas) for it in coupled.checks] == [(L0, L1, ("d1",)), (L0, L2, ()), (L1, L2, ())]
    assert set(coupled.placements) == {"i1"}
    assert len(couple(items[1:], 1.0, 0).deltas) == 1


def test_what_is_blocked_twice_says_the_first_reason() -> None:
    items = [item(L0, claim("k", 100)), item(L1, claim("k", 100)), item(L2, claim("k", 50))]
    coupled = couple(items, 1.0, 0)
    assert [(it.item_a, it.item_b) for it in coupled.deltas] == [("i0", "i2"), ("i1", "i2")]
    assert coupled.placements == {"i2": Placement(Place.BLOCKED, "contradicts i0 (d1)")}


def test_every_two_items_are_held_against_each_other_in_their_order() -> None:
    lows = [item(L0, claim("k", 100), name=f"a{number}") for number in range(2)]
    highs = [item(L1, claim("k", 50), name=f"b{number}") for number in range(2)]
    coupled = couple([*highs, *lows], 1.0, 0)
    assert [(it.delta_id, it.item_a, it.item_b) for it in coupled.deltas] == [
        ("d1", "a0", "b0"),
        ("d2", "a0", "b1"),
        ("d3", "a1", "b0"),
        ("d4", "a1", "b1"),
    ]


def test_one_permission_that_is_not_given_forbids_all_of_a_level_and_the_first_who_forbids_is_named() -> None:
    intents = [
        Item(L4, "allows"),
        Item(L4, "forbids", allows_folk_wisdom=False),
        Item(L4, "forbids too", allows_folk_wisdom=False),
    ]
    sayings, masks = [item(L3, name="s1"), item(L3, name="s2")], [item(L5)]
    coupled = couple([*intents, *sayings, *masks], 1.0, 0)
    assert coupled.checks == (Check(L4, L3, ("d1", "d2")), Check(L4, L5))
    assert coupled.deltas == (
        Delta("d1", L4, L3, "forbids", "s1", "folk_wisdom", 1.0, Severity.LOW),
        Delta("d2", L4, L3, "forbids", "s2", "folk_wisdom", 1.0, Severity.LOW),
    )
    assert coupled.placements == {
        "s1": Placement(Place.BLOCKED, "forbidden by forbids (d1)"),
        "s2": Placement(Place.BLOCKED, "forbidden by forbids (d2)"),
    }


def test_speculation_that_is_not_allowed_blocks_masks_alone() -> None:
    coupled = couple([Item(L4, "asks", allows_speculation=False), item(L3), item(L5)], 1.0, 0)
    assert [(it.key, it.item_b) for it in coupled.deltas] == [("speculation", "i5")]
    assert set(coupled.placements) == {"i5"}


@pytest.mark.parametrize("kappa", [0.1, 1.0, 10.0])
def test_a_gate_knows_no_kappa_and_stands_when_its_intent_is_masked(kappa: float) -> None:
    forbids = replace(item(L4, claim("k", affirmed=False)), allows_folk_wisdom=False)
    coupled = couple([item(L2, claim("k")), forbids, item(L3)], kappa, 0)
    assert coupled.placement("i3") == Placement(Place.BLOCKED, f"forbidden by i4 (d{len(coupled.deltas)})")
    assert ("i4" in coupled.placements) == (kappa > 0.3)


@pytest.mark.parametrize("is_lower", [True, False])
def test_fiction_is_flagged_below_kappa_1_and_blocked_from_it_on(is_lower: bool) -> None:
    law, rival = gap(100, 20)
    told = [replace(law, is_fiction=is_lower), replace(rival, is_fiction=not is_lower)]
    found: list[tuple[str, set[str]]] = []
    for kappa in (math.nextafter(1, 0), 1.0):
        coupled = couple(told, kappa, 0)
        found.append((coupled.deltas[0].resolution, set(coupled.placements)))
    assert found == [(FLAGGED, set()), (UNRESOLVED, {"i1"})]
    (fact,) = couple([law, rival], 0.9, 0).deltas
    assert fact.resolution == UNRESOLVED


def test_fiction_that_is_only_flagged_goes_on_constraining() -> None:
    items = [item(L0, claim("k", 100)), replace(item(L1, claim("k", 20)), is_fiction=True), item(L2, claim("k", 100))]
    coupled = couple(items, 0.9, 0)
    assert [(it.item_a, it.item_b, it.resolution) for it in coupled.deltas] == [
        ("i0", "i1", FLAGGED),
        ("i1", "i2", FLAGGED),
    ]
    assert coupled.placements == {}


def test_fiction_forbidden_by_an_intent_is_blocked_in_a_fluid_project_too() -> None:
    saying = replace(item(L3), is_fiction=True)
    coupled = couple([Item(L4, "asks", allows_folk_wisdom=False), saying], 0.5, 0)
    assert (coupled.deltas[0].resolution, set(coupled.placements)) == (UNRESOLVED, {"i3"})


def test_history_and_intent_differ_in_the_bits_of_their_xor() -> None:
    # a: both say yes; b: history yes, intent no; c: history no, intent yes; d: history alone, no; e: intent alone, yes;
    # f: 100 against 20, both say yes of other numbers.
    history = [
        item(L2, claim("a"), claim("b"), claim("c", affirmed=False), name="h1"),
        item(L2, claim("d", affirmed=False), claim("f", 100), name="h2"),
    ]
    intents = [
        item(L4, claim("c"), claim("e"), name="t1"),
        item(L4, claim("b", affirmed=False), claim("a"), claim("f", 20), name="t2"),
    ]
    coupled = couple([*history, *intents], 1.0, 0)
    names = tuple(key_of(claim(name)) for name in "abcdfe")
    assert coupled.checks == (
        Check(L2, L4, ("d1", "d2", "d3"), Mask(names, history="110011", intent="101001", disagreement="011010")),
    )
    assert [(it.item_a, it.item_b, it.key[0], it.size) for it in coupled.deltas] == [
        ("h1", "t1", "c", 1.0),
        ("h1", "t2", "b", 1.0),
        ("h2", "t2", "f", 0.8),
    ]


def test_a_bit_differs_only_above_the_threshold() -> None:
    for kappa, disagreement in ((0.3, "0"), (0.6, "1")):  # 0.6 against 1 and 0.5
        (check,) = couple(gap(100, 40, levels=(L2, L4)), kappa, 0).checks
        assert check.mask == Mask((key_of(claim("k")),), "1", str(1 - int(disagreement)), disagreement)


def test_of_two_propositions_only_the_one_above_the_threshold_differs() -> None:
    items = [item(L2, claim("a", 100), claim("b", 100)), item(L4, claim("a", 90), claim("b", 50))]
    (check,) = couple(items, 1.0, 0).checks
    assert check.mask == Mask((key_of(claim("a")), key_of(claim("b"))), "11", "10", "01")


def test_history_that_is_blocked_has_no_bits() -> None:
    items = [item(L0, claim("k", 100)), item(L2, claim("k", 50), claim("h")), item(L4, claim("k", 50))]
    *_, check = couple(items, 1.0, 0).checks
    assert check == Check(L2, L4, (), Mask((key_of(claim("k")),), "1", "1", "0"))


def test_history_and_intent_without_propositions_have_no_bits() -> None:
    (check,) = couple([item(L2), item(L4)], 1.0, 0).checks
    assert check.mask == Mask((), "", "", "")


def found(severity: str, resolution: str = UNRESOLVED) -> Delta:
    return Delta("d", L0, L1, "a", "b", "k", 1.0, Severity(severity), resolution)


@pytest.mark.parametrize(
    ("severities", "response"),
    [
        ("", "none"),
        ("low", "lower"),
        ("medium", "lower"),
        ("medium low low", "lower"),
        ("high", "ask"),
        ("low medium high", "ask"),
        ("critical", "refuse"),
        ("high low critical medium", "refuse"),
    ],
)
def test_the_worst_contradiction_says_what_follows(severities: str, response: str) -> None:
    assert coupling.health(map(found, severities.split()), 9).response == Response(response)


def test_contradictions_are_counted_by_severity_and_those_resolved_apart() -> None:
    deltas = [
        *map(found, ["critical", "high", "high", "medium", "medium", "medium", "low", "low", "low", "low"]),
        found("critical", FLAGGED),
        found("high", "chosen by a person"),
        found("low", ""),
    ]
    assert coupling.health(deltas, 2) == Health(1, 2, 3, 4, 3, is_coherent=False, response=Response.REFUSE)
    assert coupling.health(deltas, 3).is_coherent


@pytest.mark.parametrize(("threshold", "is_coherent"), [(0, False), (1, False), (2, True), (3, True)])
def test_critical_and_high_ones_together_may_be_as_many_as_the_threshold(threshold: int, is_coherent: bool) -> None:
    deltas = [found("critical"), found("high"), *[found("medium")] * 9, *[found("low")] * 9]
    assert coupling.health(deltas, threshold).is_coherent is is_coherent


def test_all_that_is_settled_is_healthy() -> None:
    settled = [found("critical", FLAGGED)] * 2
    assert coupling.health(settled, 0) == Health(0, 0, 0, 0, 2, is_coherent=True, response=Response.NONE)
    assert coupling.health([], 0) == Health(0, 0, 0, 0, 0, is_coherent=True, response=Response.NONE)


def fact(level: Level, end: float, cartridge: str = "sky_general") -> Fact:
    return Fact(cartridge, 1, "", level, 1.0, claims=(claim("k", end),))


def test_two_facts_contest_each_other_when_something_would_follow() -> None:
    law, rival = fact(L0, 100), fact(L1, 50)
    assert contests(law, rival, 1.0)
    assert contests(rival, law, 1.0)
    assert not contests(law, rival, 0.6)  # 0.5 is not above 0.5
    assert not contests(law, fact(L0, 50), 1.0)
    assert not contests(rival, fact(L3, 100), 1.0)


def test_fiction_contests_nothing_in_a_fluid_project() -> None:
    law, tale = fact(L0, 100), fact(L1, 20, "tales_fiction")
    assert contests(law, tale, 1.0)
    assert not contests(law, tale, 0.9)
    assert not contests(tale, law, 0.9)
