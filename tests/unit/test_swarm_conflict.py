"""Which findings conflict and how gravely, and how sure agreement makes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.swarm.agreement import MOST_SURE, agreements, merged
from kitbash.swarm.conflict import Grade, Kind, clashes, contents_of, fields_of, of_fields, queued
from kitbash.swarm.errors import Invalid
from kitbash.swarm.session import threshold_of
from kitbash.swarm.speech import SpeechAct
from tests.swarms import finding


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("X is true", "X is not true"),
        ("The door is locked", "The door is not locked."),
        ("The valve is open", "The valve is closed"),
        ("Glass conducts electricity", "Glass does not conduct electricity"),
        ("Revenue rose in the third quarter", "Revenue never rose in the third quarter"),
    ],
)
def test_opposite_claims_conflict_however_sure_both_are(one: str, other: str) -> None:
    (clash,) = clashes([finding(one, 0.9), finding(other, 0.9)])
    assert (clash.kind, clash.grade) == (Kind.OPPOSITE, Grade.CRITICAL)


def test_ranges_that_do_not_meet_conflict() -> None:
    (clash,) = clashes([finding("Water boils at 100 °C", 0.9), finding("Water boils at 50 °C", 0.9)])
    assert (clash.kind, clash.size) == (Kind.DISJOINT, pytest.approx(0.45))
    assert clashes([finding("Water boils at 100 °C"), finding("Water boils at 100 °C")]) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The valve is not open", "The valve is closed"),
        ("The lake is deep", "The lake is cold"),
        ("X is true", "Y is not true"),
        ("", ""),
    ],
)
def test_what_agrees_or_is_about_something_else_does_not_conflict(one: str, other: str) -> None:
    assert clashes([finding(one, 0.9), finding(other, 0.8)]) == []


def test_the_original_s_agreeing_pair_is_no_contradiction_but_a_gap() -> None:
    (clash,) = clashes([finding("The lake is deep", 0.95), finding("The lake is deep.", 0.7)])
    assert (clash.kind, clash.grade, clash.size) == (Kind.CONFIDENCE, Grade.LOW, 0.25)


@pytest.mark.parametrize(("gap", "found"), [(0.2, 0), (0.21, 1)])
def test_a_gap_counts_above_the_threshold_only(gap: float, found: int) -> None:
    pair = [finding("The lake is deep", 0.9), finding("The lake is deep", 0.9 - gap)]
    assert len(clashes(pair, 0.2)) == found


@pytest.mark.parametrize(
    ("sure", "grade"), [(0.1, Grade.LOW), (0.2, Grade.MEDIUM), (0.4, Grade.HIGH), (0.7, Grade.CRITICAL)]
)
def test_a_contradiction_is_as_grave_as_its_less_sure_side(sure: float, grade: Grade) -> None:
    (clash,) = clashes([finding("X is true", 0.95), finding("X is not true", sure)])
    assert clash.grade is grade


@pytest.mark.parametrize(("gap", "grade"), [(0.3, Grade.LOW), (0.4, Grade.MEDIUM), (0.6, Grade.HIGH)])
def test_a_gap_is_never_critical(gap: float, grade: Grade) -> None:
    (clash,) = clashes([finding("X is true", 1.0), finding("X is true", 1.0 - gap)])
    assert clash.grade is grade


def test_contradictions_come_first_and_then_the_gravest() -> None:
    found = clashes([finding("X is true", 0.9), finding("X is not true", 0.25), finding("X is not true", 0.95)])
    assert [(it.kind, it.grade) for it in found] == [
        (Kind.OPPOSITE, Grade.CRITICAL), (Kind.OPPOSITE, Grade.MEDIUM), (Kind.CONFIDENCE, Grade.HIGH),
    ]  # fmt: skip


def test_what_was_escalated_asserts_nothing() -> None:
    question = finding("X is not true", 0.9, speech_act=SpeechAct.ESCALATE)
    assert clashes([finding("X is true", 0.9), question]) == []


def test_a_conflict_has_one_id_whoever_finds_it_and_comes_back_from_its_fields() -> None:
    pair = [finding("X is true", task_id="t"), finding("X is not true", task_id="t")]
    one, other = clashes(pair)[0], clashes(pair[::-1])[0]
    assert one.id == other.id
    kept = queued(one)
    assert of_fields(fields_of(kept)) == kept
    assert contents_of(kept)["task_id"] == "t"


def test_the_gravest_is_first_in_the_queue() -> None:
    mild, grave = (queued(clashes([finding("X is true", 0.9), finding("X is not true", it)])[0]) for it in (0.1, 0.9))
    assert float(grave.score) < float(mild.score)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_out_of_range_is_refused(threshold: float) -> None:
    with pytest.raises(Invalid, match="threshold"):
        clashes([], threshold)


def test_the_threshold_has_two_names() -> None:
    assert threshold_of(0.3, None, 0.2) == threshold_of(None, 0.3, 0.2) == threshold_of(0.3, 0.3, 0.2) == 0.3
    assert threshold_of(None, None, 0.2) == 0.2
    with pytest.raises(Invalid, match="are the same thing"):
        threshold_of(0.3, 0.4, 0.2)


def test_independent_workers_are_surer_together() -> None:
    (agreed,) = agreements([finding("X is so", 0.6), finding("X is so", 0.5, worker_id="bob")])
    assert agreed.confidence == pytest.approx(0.8)


def test_a_worker_counts_once_with_its_newest_finding() -> None:
    assert agreements([finding("X is so", 0.6), finding("X is so", 0.6)]) == []
    said = [finding("X is so", 0.9), finding("X is so", 0.5), finding("X is so", 0.5, worker_id="bob")]
    (agreed,) = agreements(said)
    assert agreed.confidence == pytest.approx(0.75)


def test_those_who_contradict_do_not_agree() -> None:
    assert agreements([finding("X is true"), finding("X is not true", worker_id="bob")]) == []
    assert agreements([finding("It boils at 90 °C"), finding("It boils at 50 °C", worker_id="bob")]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_merged_confidence_is_no_less_than_the_surest_and_stays_a_probability(confidences: list[float]) -> None:
    together = merged(confidences)
    assert max(confidences) <= together <= 1
    assert together <= max(MOST_SURE, *confidences)
