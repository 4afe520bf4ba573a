"""What happened on the bus, counted: labels stay few and clean whatever names come from outside."""

import pytest

from kitbash.swarm.tally import CONFIDENCE_BOUNDS, MOST_NAMES, OTHER, Names, Tally


def test_registered_agents_have_their_names_and_nobody_else() -> None:
    names = Names(registered={"ann"})
    assert [names.label(name) for name in ("ann", "bob", "")] == ["ann", OTHER, OTHER]


def test_without_a_registry_the_first_hundred_have_theirs() -> None:
    names = Names()
    labels = [names.label(f"agent-{number}") for number in range(MOST_NAMES + 50)]
    assert len(set(labels)) == MOST_NAMES + 1
    assert labels[-1] == OTHER
    assert names.label("agent-0") == "agent-0"


@pytest.mark.parametrize("name", ["", 'a"b', "a\nb", "a" * 65, "é", "person:ann"])
def test_a_name_that_is_no_name_is_no_label(name: str) -> None:
    assert Names().label(name) == OTHER


def test_findings_are_counted_by_worker_and_act() -> None:
    tally = Tally()
    tally.posted("ann", {"speech_act": "inform", "confidence": "0.9"})
    tally.posted("ann", {"speech_act": "inform", "confidence": "0.05"})
    tally.posted("bob", {"speech_act": "hold", "confidence": "0"})
    assert dict(tally.findings) == {("ann", "inform"): 2, ("bob", "hold"): 1}
    assert dict(tally.acts()) == {"inform": 2, "hold": 1}
    assert tally.confidence[0] == 2
    assert tally.confidence[CONFIDENCE_BOUNDS.index(0.9)] == 1
    assert tally.confidence_sum == pytest.approx(0.95)


@pytest.mark.parametrize("finding", [{}, {"speech_act": "shout", "confidence": "nan"}, {"confidence": "7"}])
def test_a_finding_that_is_gone_or_damaged_is_counted_as_other(finding: dict[str, str | None]) -> None:
    tally = Tally()
    tally.posted("ann", finding)
    assert dict(tally.findings) == {("ann", OTHER): 1}
    assert sum(tally.confidence) == 0


def test_agents_are_active_for_five_minutes() -> None:
    tally = Tally()
    tally.happened("task_posted", "ann", 1000)
    tally.happened("task_claimed", "bob", 200_000)
    tally.happened("task_expired", "", 400_000)
    assert tally.kinds == {"task_posted": 1, "task_claimed": 1, "task_expired": 1}
    assert [tally.active(now_ms) for now_ms in (200_000, 301_001, 500_001)] == [2, 1, 0]
