"""What a person is asked to decide."""

from dataclasses import replace
from typing import Final

import pytest

from kitbash.domain.fact import Fact
from kitbash.domain.grain import Grain, GrainState, Subject
from kitbash.domain.homeostasis import Balance, Tension
from kitbash.domain.level import Level
from kitbash.domain.metabolism import Proposal, ProposalKind, Settled
from kitbash.domain.resonance import Resonance
from kitbash.metabolism import proposing
from kitbash.metabolism.growing import in_order

RULE: Final = Fact("sky_general", 1, "Red sky at night.", Level.HEURISTIC, 0.5, ("a sailor",))


def grain(form: str, right: int, wrong: int, *, mean: float = 0.8, cartridge: str = "sky_general") -> Grain:
    subject = Subject(form, cartridge, 1, "sha256:0")
    return Grain(subject, hits=5, measured=5, mean=mean, confirmed=right, refuted=wrong)


def find(cartridge: str, fact_id: int) -> Fact | None:
    return replace(RULE, cartridge=cartridge) if fact_id == 1 else None


def test_votes_on_all_questions_about_a_fact_speak_for_its_level() -> None:
    (found,) = proposing.levels([grain("a", 6, 0), grain("b", 4, 0)], find, 7)
    assert (found.kind, found.about, found.cycle) == (ProposalKind.LEVEL, "sky_general#1", 7)
    assert found.action == "promote from L3_HEURISTIC to L2_NARRATIVE"
    assert found.reason == "10 of 10 votes say right: a confidence of 0.75"


def test_fiction_never_rises_but_may_fall() -> None:
    assert proposing.levels([grain("a", 20, 0, cartridge="tale_fiction")], find, 1) == []
    (fallen,) = proposing.levels([grain("a", 0, 20, cartridge="tale_fiction")], find, 1)
    assert fallen.action == "archive from L3_HEURISTIC to the archive"


def test_what_nobody_judged_or_is_gone_is_not_proposed() -> None:
    gone = replace(grain("b", 20, 0), subject=Subject("b", "sky_general", 2, "sha256:0"))
    assert proposing.levels([grain("a", 0, 0), gone], find, 1) == []


def test_calibration_compares_how_sure_search_was_with_what_was_right() -> None:
    found = proposing.calibration([grain("a", 3, 1, mean=0.9), grain("b", 0, 4, mean=0.7)])
    assert found is not None
    assert (found.judged, found.confidence, found.right) == (8, pytest.approx(0.8), 0.375)
    assert found.gap == pytest.approx(0.425)
    unmeasured = replace(grain("a", 9, 9), measured=0)
    assert proposing.calibration([unmeasured]) is None


def test_a_higher_threshold_is_proposed_when_what_lies_just_above_it_is_often_wrong() -> None:
    judged = [grain("sure", 200, 1, mean=0.95), grain("unsure", 30, 30, mean=0.7)]
    (found,) = proposing.threshold(judged, 0.68, 0.95, 3)
    assert (found.about, found.action) == ("layers.cartridge.threshold", "raise it from 0.68 to 0.950")
    assert proposing.threshold(judged, 0.95, 0.95, 3) == []


def test_while_all_that_was_judged_is_right_often_enough_no_threshold_is_proposed() -> None:
    judged = [grain("sure", 100, 1, mean=0.95), grain("unsure", 100, 2, mean=0.7)]
    assert proposing.threshold(judged, 0.68, 0.95, 3) == []


def test_where_calibration_picks_thresholds_a_higher_target_is_proposed() -> None:
    judged = [grain("a", 400, 0, mean=0.9), grain("b", 0, 60, mean=0.7)]
    by_hand = proposing.threshold(judged, 0.68, 0.95, 3)
    calibrated = proposing.threshold(judged, 0.68, 0.95, 3, is_calibrated=True)
    assert [it.about for it in (*by_hand, *calibrated)] == ["layers.cartridge.threshold", "target_precision"]
    assert "raise it from 0.95" in calibrated[0].action


def test_few_votes_propose_no_threshold() -> None:
    assert proposing.threshold([grain("a", 5, 5, mean=0.7)], 0.68, 0.95, 1) == []
    assert proposing.threshold([], 0.68, 0.95, 1) == []


def test_a_contradiction_that_was_given_up_on_is_for_a_person() -> None:
    balance = Balance({"a#1|b#2": Tension(0.9, 5, 1), "c#1|d#2": Tension(0.9, 1, 1)})
    assert [it.about for it in proposing.contradictions(balance, 1)] == ["a#1|b#2"]


def test_when_stagnant_what_is_asked_again_and_never_answered_is_a_gap() -> None:
    resonance = Resonance().after(["open", "once", "open", "known", "known"])
    settled = [Settled("q3", "open", None, 0.0, 3), Settled("q1", "open", None, 0.0, 1)]
    recent = [*settled, Settled("q2", "once", None, 0.0, 2)]
    stagnant = Balance(stagnant_turns=10)
    (found,) = proposing.gaps(stagnant, resonance, recent, 1)
    assert (found.kind, found.about) == (ProposalKind.GAP, "query q3")
    assert "asked 2 times" in found.reason
    assert proposing.gaps(Balance(stagnant_turns=9), resonance, recent, 1) == []


def test_what_is_still_proposed_keeps_the_cycle_it_was_first_proposed_in() -> None:
    old = Proposal(ProposalKind.LEVEL, "a#1", "up", "5 votes", 3)
    again, new = replace(old, reason="6 votes", cycle=9), replace(old, about="b#1", cycle=9)
    assert proposing.merged([old, replace(old, about="gone")], [again, new]) == (replace(again, cycle=3), new)


def test_validation_begins_with_what_is_served_and_when_dissonant_with_kitbashs_own() -> None:
    own = grain("own", 0, 0, cartridge="kitbash_self")
    served = replace(grain("served", 0, 0), state=GrainState.CRYSTALLISED)
    strong, often, dead = grain("strong", 0, 0), replace(grain("often", 0, 0), hits=50), grain("dead", 0, 0)
    everyone = [own, often, strong, replace(dead, state=GrainState.DEAD), served]
    calm = in_order(everyone, {strong.grain_id}, own_first=False)
    assert [it.subject.form for it in calm] == ["served", "strong", "often", "own"]
    dissonant = in_order(everyone, {strong.grain_id}, own_first=True)
    assert [it.subject.form for it in dissonant] == ["own", "served", "strong", "often"]
