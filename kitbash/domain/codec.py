"""Values as JSON, for the blackboard and nothing else: short keys, no secrets, the reverse beside each."""

import json
from typing import Any

from kitbash.domain.answer import Answer, Status
from kitbash.domain.calibration import Origin, Scale
from kitbash.domain.candidate import Candidate, Closeness, Features
from kitbash.domain.claim import Claim
from kitbash.domain.fact import Fact
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.level import Level
from kitbash.domain.plan import Plan
from kitbash.domain.strategy import Strategy
from kitbash.domain.tokens import Tokens, tokens_json
from kitbash.domain.verdict import Verdict

Json = dict[str, Any]


def dumps(value: object) -> str:
    """Return compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def fact_to(fact: Fact, *, is_whole: bool = False) -> Json:
    """Return a fact without its aliases: what evidence needs; a whole one with its claims and times, to be coupled."""
    record: Json = {
        "cartridge": fact.cartridge,
        "fact_id": fact.fact_id,
        "text": fact.text,
        "level": int(fact.level),
        "confidence": fact.confidence,
        "sources": list(fact.sources),
        "topic": fact.topic,
    }
    if is_whole and fact.claims:
        record["claims"] = [[it.subject, it.attribute, it.affirmed, it.low, it.high, it.unit] for it in fact.claims]
    if is_whole and (fact.event_time or fact.narrative_time):
        record["times"] = [fact.event_time, fact.narrative_time]
    return record


def fact_from(value: Json) -> Fact:
    """Return the fact that `fact_to` wrote."""
    event_time, narrative_time = value.get("times", ("", ""))
    return Fact(
        cartridge=value["cartridge"],
        fact_id=value["fact_id"],
        text=value["text"],
        level=Level(value["level"]),
        confidence=value["confidence"],
        sources=tuple(value["sources"]),
        topic=value["topic"],
        claims=tuple(Claim(*claim) for claim in value.get("claims", ())),
        event_time=event_time,
        narrative_time=narrative_time,
    )


def verdict_to(verdict: Verdict) -> str:
    """Return a verdict as JSON."""
    return dumps(
        {
            "stage": verdict.stage.value,
            "layer": int(verdict.layer),
            "confidence": round(verdict.confidence, 6),
            "threshold": verdict.threshold,
            "passed": verdict.passed,
            "reason": verdict.reason,
            "latency_ms": round(verdict.latency_ms, 3),
        }
    )


def verdict_from(text: str) -> Verdict:
    """Return the verdict that `verdict_to` wrote."""
    value: Json = json.loads(text)
    return Verdict(
        stage=Stage(value["stage"]),
        confidence=value["confidence"],
        threshold=value["threshold"],
        passed=value["passed"],
        reason=value["reason"],
        latency_ms=value["latency_ms"],
    )


def answer_to(answer: Answer) -> str:
    """Return an answer as JSON."""
    record: Json = {
        "status": answer.status.value,
        "text": answer.text,
        "layer": None if answer.layer is None else int(answer.layer),
        "confidence": round(answer.confidence, 6),
        "sources": [fact_to(fact) for fact in answer.sources],
    }
    return dumps(record if answer.tokens is None else record | {"tokens": tokens_json(answer.tokens)})


def answer_from(text: str) -> Answer:
    """Return the answer that `answer_to` wrote."""
    value: Json = json.loads(text)
    return Answer(
        status=Status(value["status"]),
        text=value["text"],
        layer=None if value["layer"] is None else Layer(value["layer"]),
        confidence=value["confidence"],
        sources=tuple(fact_from(item) for item in value["sources"]),
        tokens=Tokens(**value["tokens"]) if value.get("tokens") else None,
    )


def plan_to(plan: Plan) -> str:
    """Return a plan as JSON."""
    voting = {} if plan.consensus is Strategy.NONE else {"consensus": plan.consensus.value}
    return dumps(
        {
            "parts": list(plan.parts),
            "shards": [list(shard) for shard in plan.shards],
            "weights": {stem: round(weight, 4) for stem, weight in plan.weights.items()},
            "unknown": sorted(plan.unknown),
            "kappa": plan.kappa,
            "reason": plan.reason,
            "form": plan.form,
            "leans": plan.leans,
        }
        | voting
    )


def plan_from(text: str) -> Plan:
    """Return the plan that `plan_to` wrote."""
    value: Json = json.loads(text)
    return Plan(
        parts=tuple(value["parts"]),
        shards=tuple(tuple(shard) for shard in value["shards"]),
        weights=value["weights"],
        unknown=frozenset(value["unknown"]),
        kappa=value["kappa"],
        reason=value["reason"],
        form=value["form"],
        leans=value["leans"],
        consensus=Strategy(value.get("consensus", "none")),
    )


def candidates_to(candidates: list[Candidate]) -> str:
    """Return candidates as JSON."""
    return dumps(
        [
            {
                "part": it.part,
                "fact": fact_to(it.fact, is_whole=True),
                "features": [round(value, 4) for value in it.features],
                "is_exact": it.is_exact,
                "veto": it.veto,
                "scale": _scale_to(it.scale),
                **({} if it.closeness is None else {"closeness": [round(value, 4) for value in it.closeness]}),
            }
            for it in candidates
        ]
    )


def candidates_from(text: str) -> list[Candidate]:
    """Return the candidates that `candidates_to` wrote."""
    values: list[Json] = json.loads(text)
    return [
        Candidate(
            it["part"],
            fact_from(it["fact"]),
            Features(*it["features"]),
            it["is_exact"],
            it["veto"],
            _scale_from(it["scale"]),
            Closeness(*it["closeness"]) if "closeness" in it else None,
        )
        for it in values
    ]


def _scale_to(scale: Scale) -> list[Any]:
    return [scale.slope, scale.offset, scale.threshold, scale.composed, scale.origin.value]


def _scale_from(value: list[Any]) -> Scale:
    slope, offset, threshold, composed, origin = value
    return Scale(slope, offset, threshold, composed, Origin(origin))
