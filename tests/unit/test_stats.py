"""What is counted of ended queries and what the counts say: shares, percentiles, contradictions, the archive."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.archive.layout import day_of
from kitbash.blackboard.board import Trace
from kitbash.cascade import coupling
from kitbash.cascade.stats import FAILED, LOST, WRITTEN, class_of, counts_of, summary
from kitbash.domain.answer import Answer, Mode, Status
from kitbash.domain.coupling import Severity
from kitbash.domain.ids import new_query_id
from kitbash.domain.layer import Layer
from tests.boards import SPOTLIGHTS

TOOK: Final = st.lists(st.integers(1, 10**9), min_size=1, max_size=60)


def ended(layer: Layer | None, took_us: int, status: Status = Status.ANSWERED) -> Trace:
    """Return a query that ended so."""
    answer = Answer(status, "", layer, 1.0)
    return Trace(new_query_id(), "", "", Mode.DIRECT, status.value, 0, 0, answer, (), (), {}, took_us=took_us)


def counted(*traces: Trace) -> Mapping[str, int]:
    counts: Counter[str] = Counter()
    for trace in traces:
        counts.update(counts_of(trace))
    return counts


def test_nothing_counted_is_nothing_said() -> None:
    found = summary({})
    assert (found.queries, found.archived, found.failed, found.lost) == (0, 0, 0, 0)
    assert set(found.hit_rates.values()) == {0.0}
    assert (found.took.count, found.took.p50_ms, found.took.p99_ms) == (0, 0.0, 0.0)
    assert found.answered.keys() == set(Layer)


def test_a_hit_rate_is_a_share_of_all_queries() -> None:
    some = [ended(Layer.REFLEX, 100), ended(Layer.REFLEX, 100), ended(Layer.KOBOLD, 9), ended(None, 5, Status.EXPIRED)]
    found = summary(counted(*some))
    assert found.queries == 4
    assert (found.answered[Layer.REFLEX], found.hit_rates[Layer.REFLEX]) == (2, 0.5)
    assert (found.hit_rates[Layer.KOBOLD], found.hit_rates[Layer.CARTRIDGE]) == (0.25, 0.0)
    assert found.statuses == {Status.ANSWERED: 3, Status.UNKNOWN: 0, Status.FAILED: 0, Status.EXPIRED: 1}
    assert found.took.count == 4
    assert found.took_by_layer[Layer.REFLEX].count == 2


def test_contradictions_are_counted_by_their_severity() -> None:
    coupled = coupling.couple(SPOTLIGHTS, 1.0, 1)
    trace = replace(ended(None, 5), coupled=coupled)
    expected = Counter(delta.severity for delta in coupled.deltas)
    assert summary(counted(trace, trace)).deltas == {severity: 2 * expected[severity] for severity in Severity}


def test_the_archives_counts_are_not_queries() -> None:
    found = summary({WRITTEN: 3, FAILED: 2, LOST: 1})
    assert (found.queries, found.archived, found.failed, found.lost) == (0, 3, 2, 1)


@given(TOOK)
def test_percentiles_are_at_most_five_percent_off(took: list[int]) -> None:
    found = summary(counted(*(ended(Layer.REFLEX, it) for it in took))).took
    assert found.count == len(took)
    ordered = sorted(took)
    for percent, said_ms in ((50, found.p50_ms), (95, found.p95_ms), (99, found.p99_ms)):
        truth_ms = ordered[math.ceil(len(took) * percent / 100) - 1] / 1000
        assert said_ms == pytest.approx(truth_ms, rel=0.05, abs=0.0001)


def test_percentiles_of_a_hundred_are_the_fiftieth_the_ninety_fifth_and_the_ninety_ninth() -> None:
    found = summary(counted(*(ended(None, number * 1000) for number in range(1, 101)))).took
    assert [found.p50_ms, found.p95_ms, found.p99_ms] == pytest.approx([50, 95, 99], rel=0.05)


@given(st.integers(1, 10**12))
def test_a_longer_time_is_never_in_a_lower_class(took_us: int) -> None:
    assert class_of(took_us) <= class_of(took_us + 1) <= class_of(took_us) + 15
    assert class_of(0) == class_of(-5) == 0 < class_of(took_us)


def test_a_query_that_took_no_time_counts() -> None:
    found = summary(counted(ended(Layer.REFLEX, 0)))
    assert (found.took.count, found.took.p99_ms) == (1, 0.0)


def test_a_day_is_one_of_utc() -> None:
    assert [day_of(ms) for ms in (0, 86_399_999, 86_400_000)] == ["1970-01-01", "1970-01-01", "1970-01-02"]
