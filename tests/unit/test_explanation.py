"""What made a confidence: the terms add up to it."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.cascade import confidence
from kitbash.cascade.confidence import NAMES, VETOED, rank
from kitbash.cascade.explanation import explain, to_json
from kitbash.domain.calibration import EXACT, Origin, Scale
from kitbash.domain.candidate import FEATURE_NAMES, Candidate, Features
from tests.unit.facts import SHARE, SKY, candidate

SHIPPED = confidence.load()
FEATURES = st.builds(Features, *[SHARE] * len(FEATURE_NAMES)).map(lambda it: it._replace(negation=0.0))


@given(st.lists(FEATURES, min_size=1, max_size=4), st.floats(0.2, 3), st.floats(-2, 2))
def test_the_terms_and_the_bias_add_up_to_the_probability(some: list[Features], slope: float, offset: float) -> None:
    scale = Scale(slope, offset, origin=Origin.CARTRIDGE)
    candidates = [Candidate(0, SKY.fact(at, f"text {at}"), it, scale=scale) for at, it in enumerate(some, start=1)]
    (found,) = explain(candidates, SHIPPED)
    total = found.bias + sum(it.contribution for it in found.terms)
    assert found.log_odds == pytest.approx(total)
    assert found.probability == rank(candidates, SHIPPED)[0].probability
    assert found.probability == pytest.approx(1 / (1 + math.exp(-slope * total - offset)), abs=1e-6)
    assert [it.name for it in found.terms] == list(NAMES)


def test_a_veto_and_an_exact_form_are_told() -> None:
    vetoed = replace(
        candidate(SKY.fact(1, "one"), **dict.fromkeys(("coverage", "text", "exact", "kin"), 1.0)), veto="no"
    )
    exact = replace(candidate(SKY.fact(2, "two"), 1), is_exact=True)
    first, second = explain([vetoed, exact], SHIPPED)
    assert (first.part, first.veto, first.probability <= VETOED) == (0, "no", True)
    assert (second.part, second.is_exact, second.probability) == (1, True, EXACT)


def test_as_json_it_names_every_feature_and_what_it_needs() -> None:
    scaled = replace(candidate(SKY.fact(1, "one"), coverage=0.5), scale=Scale(1.5, 0.25, 0.7, 0.8, Origin.ALIASES))
    (record,) = map(to_json, explain([scaled], SHIPPED))
    assert tuple(record["features"]) == NAMES
    coverage = record["features"]["coverage"]
    assert coverage == {"value": 0.5, "contribution": round(0.5 * SHIPPED.values[0], 4)}
    assert (record["fact"], record["threshold"], record["chosen_on"]) == ("sky_general#1", 0.7, Origin.ALIASES.value)
    assert record["recalibration"] == {"slope": 1.5, "offset": 0.25}


def test_nothing_proposed_is_nothing_to_explain() -> None:
    assert explain([], SHIPPED) == []
