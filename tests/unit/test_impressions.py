"""What triage does with an impression, and that without a sure one the rules decide."""

from pathlib import Path

import pytest

from kitbash.cascade import impressions, triage
from kitbash.cascade.policy import Policy
from kitbash.domain import codec
from kitbash.domain.impression import FORMS, Impression, asks_for
from kitbash.domain.plan import Plan
from kitbash.knowledge.cartridge import Cartridge
from tests.unit.cascade_kit import POLICY, library_in

ICE = "---\ndomain: ice\n---\n- Ice floats on water.\n- Ice is cold.\n"
LAKE = "---\ndomain: lake\n---\n- A lake holds water.\n- Pike live in a lake.\n"


@pytest.fixture
def cartridges(tmp_path: Path) -> list[Cartridge]:
    return library_in(tmp_path, ICE, LAKE).visible(("general",))


def told(
    form: str = "fact", sure: float = 0.99, outside: float = 0.0, *, ice: float = 0.0, lake: float = 0.0
) -> Impression:
    return Impression(form, sure, {"ice_general": ice, "lake_general": lake}, outside)


def planned(question: str, cartridges: list[Cartridge], impression: Impression | None, policy: Policy = POLICY) -> Plan:
    finding = triage.triage(question, cartridges, 1.0, policy, impression=impression)
    return codec.plan_from(finding.product or "")


def test_a_sure_form_stands_in_the_plan_and_the_reason_says_whose_it_is(cartridges: list[Cartridge]) -> None:
    plan = planned("What is ice?", cartridges, told("definition", 0.97))
    assert plan.form == "definition"
    assert "asks for a definition" in plan.reason
    assert "form by the network (0.97)" in plan.reason


@pytest.mark.parametrize("impression", [None, told("command", impressions.FORM_CUT - 0.01)])
def test_without_a_sure_form_the_rules_decide(cartridges: list[Cartridge], impression: Impression | None) -> None:
    plan = planned("What is ice?", cartridges, impression)
    assert plan.form == triage.form_of("What is ice?") == "thing"
    assert "network" not in plan.reason


@pytest.mark.parametrize(
    ("form", "words"), [("small_talk", "is small talk"), ("command", "is a command"), ("time", "asks for a time")]
)
def test_small_talk_and_commands_are_told_in_the_reason(form: str, words: str) -> None:
    assert asks_for(form) == words


def test_every_form_can_be_said() -> None:
    assert all("_" not in asks_for(form) for form in FORMS)


def test_outside_everything_is_told_and_excludes_nothing(cartridges: list[Cartridge]) -> None:
    sure = planned("Is water wet?", cartridges, told(outside=0.98))
    assert "outside everything the network was trained on (0.98)" in sure.reason
    assert sure.shards == planned("Is water wet?", cartridges, None).shards != ()
    assert "outside" not in planned("Is water wet?", cartridges, told(outside=0.5)).reason


def test_a_sure_domain_is_searched_first(cartridges: list[Cartridge]) -> None:
    assert planned("water", cartridges, None).shards == (("ice_general", "lake_general"),)
    assert planned("water", cartridges, told(lake=0.95, ice=0.05)).shards == (("lake_general", "ice_general"),)
    assert planned("water", cartridges, told(lake=0.85, ice=0.05)).shards == (("ice_general", "lake_general"),)


def test_a_cartridge_that_holds_a_rare_word_is_searched_however_unlikely(cartridges: list[Cartridge]) -> None:
    known = {"ice_general": {"ice": 1, "water": 1}, "lake_general": {"pike": 1, "water": 3}}
    weights = {"ice": 4.0, "pike": 2.0, "water": 1.0}
    found = impressions.opened(cartridges, told(ice=0.999, lake=0.0), known, weights)
    assert [it.name for it in found] == ["ice_general", "lake_general"]
    plan = planned("Do pike live on ice?", cartridges, told(ice=0.999, lake=0.0))
    assert "lake_general" in plan.shards[0]


def test_an_unlikely_cartridge_without_a_rare_word_is_left_out(cartridges: list[Cartridge]) -> None:
    known = {"ice_general": {"ice": 1, "water": 1}, "lake_general": {"water": 3}}
    weights = {"ice": 4.0, "water": 1.0}
    found = impressions.opened(cartridges, told(ice=0.999, lake=0.001), known, weights)
    assert [it.name for it in found] == ["ice_general"]
    kept = impressions.opened(cartridges, told(ice=0.95, lake=0.02), known, weights)
    assert [it.name for it in kept] == ["ice_general", "lake_general"]


def test_a_cartridge_that_the_network_never_saw_is_never_left_out(cartridges: list[Cartridge]) -> None:
    known = {"ice_general": {"ice": 1}, "lake_general": {"water": 3}}
    impression = Impression("fact", 1.0, {"ice_general": 0.999}, 0.0)
    found = impressions.opened(cartridges, impression, known, {"ice": 4.0, "water": 1.0})
    assert [it.name for it in found] == ["ice_general", "lake_general"]


def test_a_domain_that_cannot_be_opened_changes_nothing(cartridges: list[Cartridge]) -> None:
    impression = Impression("fact", 1.0, {"hidden_fiction": 0.999, "lake_general": 0.0, "ice_general": 0.0}, 0.0)
    assert planned("water", cartridges, impression).shards == planned("water", cartridges, None).shards
