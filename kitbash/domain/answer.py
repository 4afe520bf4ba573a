"""How a query ended, and the one object that every surface prints."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypedDict

from kitbash.domain.fact import Fact
from kitbash.domain.layer import Layer
from kitbash.domain.tokens import Tokens, TokensJson, tokens_json
from kitbash.domain.verdict import Verdict

DONT_KNOW: Final = "I don't know."


class Status(StrEnum):
    """The terminal states of a query."""

    ANSWERED = "answered"
    UNKNOWN = "unknown"
    FAILED = "failed"
    EXPIRED = "expired"


class Mode(StrEnum):
    """Where the layers ran."""

    DIRECT = "direct"
    CELERY = "celery"


class AskMode(StrEnum):
    """Where the layers are to run. `auto`: a reflex in the caller, then workers if all queues have one, else here."""

    AUTO = "auto"
    DIRECT = "direct"
    CELERY = "celery"


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of one query, set once.

    `confidence` is the layer's times the least of its sources' (0 to 1): that the fact fits, and that it is so.
    `tokens` is what it cost, None where nobody counted; two answers that cost different things are equal.
    """

    status: Status
    text: str
    layer: Layer | None
    confidence: float
    sources: tuple[Fact, ...] = ()
    tokens: Tokens | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Result:
    """An answer with the path that led to it. `latency_ms` is what the caller waited."""

    query_id: str
    query: str
    answer: Answer
    path: tuple[Verdict, ...]
    mode: Mode
    latency_ms: float


class SourceJson(TypedDict):
    """One source as `--json` prints it."""

    cartridge: str
    fact_id: int
    text: str
    level: str
    confidence: float
    origin: list[str]


class StepJson(TypedDict):
    """One layer's verdict as `--json` prints it."""

    layer: int
    name: str
    confidence: float
    threshold: float
    passed: bool
    reason: str
    latency_ms: float


class ResultJson(TypedDict):
    """What `kitbash ask --json` prints."""

    query_id: str
    query: str
    status: str
    answer: str
    layer: int | None
    confidence: float
    sources: list[SourceJson]
    path: list[StepJson]
    mode: str
    latency_ms: float
    tokens: TokensJson | None


def to_json(result: Result) -> ResultJson:
    """Return the object that every surface prints for one query."""
    answer = result.answer
    return {
        "query_id": result.query_id,
        "query": result.query,
        "status": answer.status.value,
        "answer": answer.text,
        "layer": None if answer.layer is None else int(answer.layer),
        "confidence": round(answer.confidence, 4),
        "sources": [source_json(fact) for fact in answer.sources],
        "path": [step_json(verdict) for verdict in result.path],
        "mode": result.mode.value,
        "latency_ms": round(result.latency_ms, 3),
        "tokens": None if answer.tokens is None else tokens_json(answer.tokens),
    }


def source_json(fact: Fact) -> SourceJson:
    """Return one fact as a source."""
    return {
        "cartridge": fact.cartridge,
        "fact_id": fact.fact_id,
        "text": fact.text,
        "level": fact.level.label,
        "confidence": fact.confidence,
        "origin": list(fact.sources),
    }


def step_json(verdict: Verdict) -> StepJson:
    """Return one layer's verdict."""
    return {
        "layer": int(verdict.layer),
        "name": verdict.layer.label,
        "confidence": round(verdict.confidence, 4),
        "threshold": verdict.threshold,
        "passed": verdict.passed,
        "reason": verdict.reason,
        "latency_ms": round(verdict.latency_ms, 3),
    }
