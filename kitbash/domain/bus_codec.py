"""What stands on the bus as JSON: items in the shape of their level, checks, contradictions, decisions; and back.

An item's claims are `[key, 1 or -1]` or `[key, 1 or -1, low, high]`, which is what the rules on the server read.
"""

import json
import math
from typing import Any, Final, cast

from kitbash.domain.claim import Claim
from kitbash.domain.codec import Json, dumps
from kitbash.domain.coupling import Check, Delta, Mask, Severity
from kitbash.domain.decision import Decision, DecisionKind
from kitbash.domain.item import Item
from kitbash.domain.level import Level
from kitbash.errors import BusError

IDENTS: Final = ("fact_id", "axiom_id", "narrative_event_id", "heuristic_id", "intent_signal", "mask_token")
"""Under which name an item of each level says who it is."""


def item_to(item: Item) -> str:
    """Return an item as JSON. Raises BusError for numbers that JSON cannot hold."""
    record: Json = {IDENTS[item.level]: item.ident} | _of_level(item)
    if item.cartridge or item.confidence != 1:
        record |= {"source_cartridge": item.cartridge, "confidence": item.confidence}
    if item.text:
        record["text"] = item.text
    if item.probability:
        record["p"] = round(item.probability, 4)
    if item.leads:
        record["leads"] = True
    if item.is_fiction:
        record["fiction"] = True
    if item.claims:
        record["claims"] = [_claim_to(claim) for claim in item.claims]
    numbers = (item.confidence, item.probability, *(end for it in item.claims for end in (it.low, it.high)))
    if not all(number is None or math.isfinite(number) for number in numbers):
        message = f"item {item.ident!r} of {item.level.label} holds a number that is not finite; mend the fact"
        raise BusError(message)
    return dumps(record)


def _of_level(item: Item) -> Json:
    match item.level:
        case Level.INTENT:
            return {"allows_folk_wisdom": item.allows_folk_wisdom, "allows_speculation": item.allows_speculation}
        case Level.MASK:
            return {"character_context": item.character_context}
        case Level.NARRATIVE:
            times = (("event_timestamp", item.event_time), ("narrative_timestamp", item.narrative_time))
            return {name: time for name, time in times if time}
        case _:
            return {}


def item_from(level: Level, text: str) -> Item:
    """Return the item that `item_to` wrote. Raises BusError for anything else."""
    try:
        record: Json = json.loads(text)
        return Item(
            level=level,
            ident=str(record[IDENTS[level]]),
            text=str(record.get("text", "")),
            confidence=float(record.get("confidence", 1.0)),
            cartridge=str(record.get("source_cartridge", "")),
            probability=float(record.get("p", 0.0)),
            leads=bool(record.get("leads", False)),
            claims=tuple(_claim_from(claim) for claim in record.get("claims", ())),
            is_fiction=bool(record.get("fiction", False)),
            event_time=str(record.get("event_timestamp", "")),
            narrative_time=str(record.get("narrative_timestamp", "")),
            allows_folk_wisdom=bool(record.get("allows_folk_wisdom", True)),
            allows_speculation=bool(record.get("allows_speculation", True)),
            character_context=str(record.get("character_context", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"an item of {level.label} is not what a spotlight holds ({type(error).__name__}: {error})"
        raise BusError(message) from error


def _claim_to(claim: Claim) -> list[Any]:
    ends = [] if claim.low is None or claim.high is None else [claim.low, claim.high]
    return [claim.key, 1 if claim.affirmed else -1, *ends]


def _claim_from(value: list[Any]) -> Claim:
    key, sign, *ends = value
    subject, *attribute, unit = str(key).split("|")
    low, high = ends or (None, None)
    return Claim(subject, "|".join(attribute), sign > 0, low, high, unit)


def check_to(check: Check) -> Json:
    """Return a check as the bus and the archive hold it."""
    record: Json = {
        "layer_a": f"L{check.a.value}",
        "layer_b": f"L{check.b.value}",
        "passed": not check.deltas,
        "delta_ids": list(check.deltas),
    }
    if check.mask is not None:
        mask = check.mask
        record |= {"propositions": list(mask.propositions), "history": mask.history, "intent": mask.intent}
        record["disagreement"] = mask.disagreement
    return record


def check_from(record: Json) -> Check:
    """Return the check that `check_to` or the server wrote."""
    mask = None
    if "propositions" in record:
        propositions = cast("list[str]", record["propositions"])
        mask = Mask(tuple(propositions), record["history"], record["intent"], record["disagreement"])
    return Check(_level(record["layer_a"]), _level(record["layer_b"]), tuple(record["delta_ids"]), mask)


def _level(name: str) -> Level:
    return Level(int(name.removeprefix("L")))


def delta_to(delta: Delta) -> Json:
    """Return a contradiction as the bus and the archive hold it."""
    return {
        "delta_id": delta.delta_id,
        "layer_a": f"L{delta.a.value}",
        "layer_b": f"L{delta.b.value}",
        "item_a": delta.item_a,
        "item_b": delta.item_b,
        "key": delta.key,
        "size": delta.size,
        "severity": delta.severity.value,
        "resolution": delta.resolution,
    }


def delta_from(record: Json) -> Delta:
    """Return the contradiction that `delta_to` or the server wrote."""
    return Delta(
        delta_id=record["delta_id"],
        a=_level(record["layer_a"]),
        b=_level(record["layer_b"]),
        item_a=record["item_a"],
        item_b=record["item_b"],
        key=record["key"],
        size=record["size"],
        severity=Severity(record["severity"]),
        resolution=record["resolution"],
    )


def decision_to(decision: Decision) -> Json:
    """Return a decision as the bus and the archive hold it."""
    return {
        "decision_id": decision.decision_id,
        "timestamp": decision.at_ms / 1000,
        "type": decision.kind.value,
        "rationale": decision.rationale,
        "input": list(decision.input),
        "output": list(decision.output),
        "confidence": decision.confidence,
    }


def decision_from(record: Json) -> Decision:
    """Return the decision that `decision_to` wrote."""
    return Decision(
        decision_id=record["decision_id"],
        at_ms=round(record["timestamp"] * 1000),
        kind=DecisionKind(record["type"]),
        rationale=record["rationale"],
        input=tuple(record["input"]),
        output=tuple(record["output"]),
        confidence=record["confidence"],
    )
