"""What stands on the bus as JSON, and back: nothing an item says is lost, nothing else is taken for one."""

import json
import math
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitbash.domain import bus_codec, codec
from kitbash.domain.claim import Claim
from kitbash.domain.coupling import Check, Delta, Mask, Severity
from kitbash.domain.decision import Decision, DecisionKind
from kitbash.domain.item import Item
from kitbash.domain.level import Level
from kitbash.errors import BusError

TEXT = st.text(max_size=12)
WORD = TEXT.map(lambda text: text.replace("|", ""))
FINITE = st.floats(allow_nan=False, allow_infinity=False)
CLAIM = st.one_of(
    st.builds(Claim, WORD, TEXT, st.booleans(), unit=WORD),
    st.builds(Claim, WORD, TEXT, st.booleans(), FINITE, FINITE, WORD),
)
SHARE = st.floats(0, 1)
COMMON: Final[dict[str, st.SearchStrategy[Any]]] = {
    "ident": TEXT,
    "text": TEXT,
    "confidence": SHARE,
    "cartridge": TEXT,
    "probability": SHARE.map(lambda share: round(share, 4)),
    "leads": st.booleans(),
    "claims": st.lists(CLAIM, max_size=3).map(tuple),
    "is_fiction": st.booleans(),
}
OF_LEVEL: Final[dict[Level, dict[str, st.SearchStrategy[Any]]]] = {
    Level.NARRATIVE: {"event_time": TEXT, "narrative_time": TEXT},
    Level.INTENT: {"allows_folk_wisdom": st.booleans(), "allows_speculation": st.booleans()},
    Level.MASK: {"character_context": TEXT},
}
ITEM = st.one_of([st.builds(Item, st.just(level), **COMMON, **OF_LEVEL.get(level, {})) for level in Level])
BOILS = Claim("water", "boil at", True, 99.5, 100.5, "degC")


@settings(derandomize=True, deadline=None)
@given(ITEM)
def test_an_item_comes_back_with_everything_its_level_says(item: Item) -> None:
    assert bus_codec.item_from(item.level, bus_codec.item_to(item)) == item


@settings(derandomize=True, deadline=None)
@given(CLAIM)
def test_a_claim_keeps_its_key_whatever_is_in_it(claim: Claim) -> None:
    odd = replace(claim, subject=claim.subject + "|", unit=claim.unit + "|a")
    (back,) = bus_codec.item_from(Level.MASK, bus_codec.item_to(Item(Level.MASK, "", claims=(odd,)))).claims
    assert (back.key, back.affirmed, back.low, back.high) == (odd.key, odd.affirmed, odd.low, odd.high)


def test_each_level_has_its_own_shape() -> None:
    shapes = {
        Item(Level.EMPIRICAL, "sky#1", "it's hot", 0.9, "sky", 0.75001, leads=True, claims=(BOILS,)): {
            "fact_id": "sky#1",
            "source_cartridge": "sky",
            "confidence": 0.9,
            "text": "it's hot",
            "p": 0.75,
            "leads": True,
            "claims": [["water|boil at|degC", 1, 99.5, 100.5]],
        },
        Item(Level.AXIOMATIC, "sky#2", claims=(Claim("sun", "be star", affirmed=False),)): {
            "axiom_id": "sky#2",
            "claims": [["sun|be star|", -1]],
        },
        Item(Level.NARRATIVE, "sky#3", event_time="1969", narrative_time="later", is_fiction=True): {
            "narrative_event_id": "sky#3",
            "event_timestamp": "1969",
            "narrative_timestamp": "later",
            "fiction": True,
        },
        Item(Level.NARRATIVE, "sky#4"): {"narrative_event_id": "sky#4"},
        Item(Level.HEURISTIC, "sky#5"): {"heuristic_id": "sky#5"},
        Item(Level.INTENT, "asks", allows_speculation=False): {
            "intent_signal": "asks",
            "allows_folk_wisdom": True,
            "allows_speculation": False,
        },
        Item(Level.MASK, "bard", character_context="sings"): {"mask_token": "bard", "character_context": "sings"},
    }
    assert [json.loads(bus_codec.item_to(item)) for item in shapes] == list(shapes.values())


def test_a_range_with_one_end_is_none() -> None:
    for half in (Claim("k", "", low=1.0), Claim("k", "", high=1.0)):
        assert json.loads(bus_codec.item_to(Item(Level.EMPIRICAL, "a", claims=(half,))))["claims"] == [["k||", 1]]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("level", Level)
def test_a_number_that_is_not_finite_is_refused_with_the_name_of_its_item(level: Level, number: float) -> None:
    sound = Item(level, "the one", confidence=0.5, probability=0.5, claims=(BOILS, BOILS))
    for item in (
        replace(sound, confidence=number),
        replace(sound, probability=number),
        replace(sound, claims=(BOILS, replace(BOILS, low=number))),
        replace(sound, claims=(BOILS, replace(BOILS, high=number))),
    ):
        with pytest.raises(BusError, match=f"'the one' of {level.label} holds a number that is not finite"):
            bus_codec.item_to(item)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "7",
        "null",
        '"fact_id"',
        '["fact_id"]',
        "{}",
        '{"axiom_id":"a"}',
        '{"fact_id":"a","confidence":"high"}',
        '{"fact_id":"a","p":null}',
        '{"fact_id":"a","claims":7}',
        '{"fact_id":"a","claims":null}',
        '{"fact_id":"a","claims":[["k||"]]}',
        '{"fact_id":"a","claims":[["k||",1,5]]}',
        '{"fact_id":"a","claims":[["k||",1,5,6,7]]}',
        '{"fact_id":"a","claims":[["k||",null]]}',
        '{"fact_id":"a","claims":[["no key",1]]}',
    ],
)
def test_what_is_no_item_is_refused_with_its_level(text: str) -> None:
    with pytest.raises(BusError, match="L0_EMPIRICAL is not what a spotlight holds"):
        bus_codec.item_from(Level.EMPIRICAL, text)


MASK = Mask(("sea|be calm|", 'a "b"|c|d'), "10", "11", "01")
CHECKS = [Check(Level.NARRATIVE, Level.INTENT, ("d1", "d2"), MASK), Check(Level.EMPIRICAL, Level.AXIOMATIC)]
DELTA = Delta("d7", Level.INTENT, Level.MASK, "a\n%s", 'b"', "speculation", 0.333, Severity.LOW, "chosen — by me")
DECISION = Decision("one", 1_700_000_000_123, DecisionKind.FOLK_WISDOM, "why\n", ("a", ""), (), 0.1 + 0.2)


def through_json(record: codec.Json) -> codec.Json:
    return json.loads(codec.dumps(record))


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_comes_back_and_has_passed_if_it_found_nothing(check: Check) -> None:
    record = through_json(bus_codec.check_to(check))
    assert bus_codec.check_from(record) == check
    assert record["passed"] is not bool(check.deltas)
    assert (record["layer_a"], record["layer_b"]) == (f"L{check.a.value}", f"L{check.b.value}")


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("resolution", ["unresolved", "flagged", "", DELTA.resolution])
def test_a_contradiction_comes_back(severity: Severity, resolution: str) -> None:
    delta = replace(DELTA, severity=severity, resolution=resolution)
    assert bus_codec.delta_from(through_json(bus_codec.delta_to(delta))) == delta


@pytest.mark.parametrize("kind", DecisionKind)
@pytest.mark.parametrize("at_ms", [0, 1, 1001, 1_700_000_000_123, 2_164_070_355_292])
def test_a_decision_comes_back_to_the_millisecond(kind: DecisionKind, at_ms: int) -> None:
    decision = replace(DECISION, kind=kind, at_ms=at_ms)
    record = through_json(bus_codec.decision_to(decision))
    assert bus_codec.decision_from(record) == decision
    assert (record["type"], record["timestamp"]) == (kind.value, at_ms / 1000)
