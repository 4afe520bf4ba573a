"""Which threshold holds for a fact, and what a target that cannot be promised leaves."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.cascade import calibrated
from kitbash.cascade.fuse import fuse
from kitbash.cascade.scales import Scales
from kitbash.cascade.synthesis import synthesise
from kitbash.domain.calibration import EXACT, NEVER, Calibration, Origin, Promise, Scale, log_odds, moved, promised
from kitbash.domain.layer import Layer
from kitbash.domain.plan import Plan
from kitbash.runtime import policy
from kitbash.settings import Settings
from tests.unit.cascade_kit import WEIGHTS
from tests.unit.facts import SKY, candidate

ASKED = SKY.fact(1, "Comets hold ice.", "What do comets hold?")
BARE = SKY.fact(2, "Stars shine.")
TABLE = tuple(Promise(target, threshold, 0.5, 0.99, target) for target, threshold in ((0.9, 0.5), (0.95, 0.7)))
STRICT = tuple(replace(it, threshold=it.threshold + 0.2) for it in TABLE)
SCALES = Scales(Calibration(alone=TABLE, composed=STRICT), Calibration(alone=STRICT), 0.95, "model")
OWN = Calibration(slope=2.0, offset=0.5, alone=(Promise(0.97, 0.6, 0.5, 0.99, 0.97),), model="model")
SHARES = st.floats(0, 1)


@pytest.mark.parametrize(("target", "threshold"), [(0.5, 0.5), (0.9, 0.5), (0.91, 0.7), (0.95, 0.7)])
def test_a_target_between_two_is_promised_by_the_next_higher_one(target: float, threshold: float) -> None:
    found = promised(TABLE, target)
    assert found is not None
    assert found.threshold == threshold


def test_beyond_the_highest_target_nothing_is_promised() -> None:
    assert promised(TABLE, 0.96) is None
    assert replace(SCALES, target=0.96).of(ASKED, None).threshold == NEVER


def test_a_fact_without_aliases_needs_more() -> None:
    assert SCALES.of(ASKED, None) == Scale(threshold=0.7, composed=0.9, origin=Origin.ALIASES)
    assert SCALES.of(BARE, None) == Scale(threshold=0.9, composed=NEVER, origin=Origin.TEXTS)


def test_a_cartridge_of_its_own_calibration_is_read_by_that() -> None:
    found = SCALES.of(BARE, OWN)
    assert (found.slope, found.offset, found.threshold, found.origin) == (2.0, 0.5, 0.6, Origin.CARTRIDGE)


def test_one_made_for_other_weights_is_not_used() -> None:
    assert SCALES.of(ASKED, replace(OWN, model="older")) == SCALES.of(ASKED, None)


@given(SHARES)
def test_one_that_cannot_promise_the_target_decides_as_what_ships(probability: float) -> None:
    own = replace(OWN, alone=())
    scale = SCALES.of(ASKED, own)
    near = abs(log_odds(probability) - log_odds(0.7)) < 1e-3
    assert near or (scale.moved(probability) >= scale.threshold) is (probability >= 0.7)


@given(SHARES, SHARES, st.floats(0.1, 5), st.floats(-5, 5))
def test_recalibration_keeps_the_order_and_stays_a_probability(
    one: float, other: float, slope: float, offset: float
) -> None:
    low, high = (moved(it, slope, offset) for it in sorted((one, other)))
    assert 0 <= low <= high <= 1
    assert moved(one, 1.0, 0.0) == one


def test_an_exact_form_needs_no_more_than_a_likely_fact_and_promises_no_more_than_it_is() -> None:
    assert SCALES.exact.threshold == 0.7 < EXACT
    assert replace(SCALES, target=0.995).exact.threshold == NEVER


def test_the_facts_own_threshold_holds_where_none_is_set() -> None:
    sure = replace(candidate(ASKED, coverage=0.7), scale=Scale(threshold=0.5))
    assert fuse([sure], WEIGHTS, None).answer == ASKED.text
    strict = replace(sure, scale=Scale(threshold=0.9))
    found = fuse([strict], WEIGHTS, None)
    assert (found.answer, found.threshold) == (None, 0.9)
    assert fuse([strict], WEIGHTS, 0.5).answer == ASKED.text


def test_a_composed_answer_needs_what_its_strictest_fact_needs() -> None:
    both = [
        replace(candidate(ASKED, 1, coverage=1), scale=Scale(composed=0.6)),
        replace(candidate(BARE, 2, coverage=1), scale=Scale(composed=0.8)),
    ]
    plan = Plan(("both", "one", "two"), ())
    assert synthesise(plan, both, WEIGHTS, is_calibrated=True).threshold == 0.8
    assert synthesise(plan, both, WEIGHTS).threshold is None


def test_a_target_picks_the_thresholds_that_nobody_set() -> None:
    low, high = policy(Settings(target_precision=0.8)), policy(Settings(target_precision=0.96))
    for layer in (Layer.REFLEX, Layer.CARTRIDGE, Layer.SYNTHESIS):
        assert low.rules[layer].is_calibrated
        assert low.rules[layer].threshold < high.rules[layer].threshold


def test_a_threshold_that_is_set_by_hand_stays() -> None:
    by_hand = Settings.model_validate({"layers": {"cartridge": {"threshold": 0.42}}})
    rule = policy(by_hand).rules[Layer.CARTRIDGE]
    assert (rule.threshold, rule.is_calibrated) == (0.42, False)


def test_what_ships_promises_the_default_and_asks_more_of_facts_without_aliases() -> None:
    shipped = calibrated.load(0.95)
    assert 0.5 < shipped.usual.threshold < shipped.bare.threshold < NEVER
    assert shipped.usual.composed < NEVER


def test_what_ships_does_not_promise_what_it_cannot() -> None:
    shipped = calibrated.load(0.999)
    assert shipped.usual.threshold == shipped.bare.threshold == shipped.exact.threshold == NEVER
