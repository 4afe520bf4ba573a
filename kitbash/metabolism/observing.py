"""What is noted of a query that has ended, and what the last hundred of them say together."""

from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

from kitbash.blackboard.board import Trace
from kitbash.blackboard.metabolism import MetabolismStore
from kitbash.domain.answer import Status
from kitbash.domain.coupling import UNRESOLVED, Response, Severity
from kitbash.domain.decision import DecisionKind
from kitbash.domain.layer import Layer
from kitbash.domain.level import Level
from kitbash.domain.metabolism import SURE, Settled, Statistics
from kitbash.domain.normal_form import normal_form

MOST_CLASHING: Final = 5
"""How many pairs of facts the statistics name."""
_MATTERS: Final = frozenset({Response.REFUSE.value, Response.ASK.value})


def form_digest(form: str) -> str:
    """Return 32 hexadecimal digits for a normal form: what is kept of a question beyond its own time to live."""
    return sha256(form.encode(errors="surrogatepass")).hexdigest()[:32]


def listener(store: MetabolismStore) -> Callable[[Trace], None]:
    """Return what has each settled query noted that it is told of."""

    def hear(trace: Trace) -> None:
        store.note([settled_of(trace)])

    return hear


def settled_of(trace: Trace) -> Settled:
    """Return what is noted of an ended query. Only contradictions that decided its end count as clashes."""
    answer = trace.answer
    is_answered = answer is not None and answer.status is Status.ANSWERED
    deltas = trace.coupled.deltas if trace.coupled else ()
    decided = {
        frozenset(it.input)
        for it in trace.decisions
        if it.kind is DecisionKind.CONTRADICTION and _MATTERS.intersection(it.output)
    }
    # The names of facts are Kitbash's own; an intent's name may be the question itself.
    facts = [it for it in deltas if max(it.a, it.b) <= Level.NARRATIVE and it.resolution == UNRESOLVED]
    return Settled(
        query_id=trace.query_id,
        form=form_digest(normal_form(trace.text)),
        layer=answer.layer if answer is not None and is_answered else None,
        confidence=answer.confidence if answer is not None and is_answered else 0.0,
        ended_ms=trace.opened_ms + trace.took_us // 1000,
        is_asked_back=any(
            it.kind is DecisionKind.ROUTE and it.output == (Response.ASK.value,) for it in trace.decisions
        ),
        severities=Counter(it.severity for it in deltas),
        clashes={
            "|".join(sorted((it.item_a, it.item_b))): it.size
            for it in facts
            if frozenset((it.item_a, it.item_b)) in decided
        },
    )


def statistics(settled: Sequence[Settled]) -> Statistics:
    """Return what these queries say; an answer counts as a success at a confidence of 0.7 or more."""
    total = len(settled)
    if not total:
        return Statistics()
    severities: Counter[Severity] = Counter()
    for it in settled:
        severities.update(it.severities)
    clashing = Counter(pair for it in settled for pair in it.clashes)
    return Statistics(
        queries=total,
        answered={layer: sum(it.layer is layer for it in settled) for layer in Layer},
        success_rate=sum(it.confidence >= SURE for it in settled) / total,
        question_rate=sum(it.is_asked_back for it in settled) / total,
        critical_rate=sum(bool(it.severities.get(Severity.CRITICAL)) for it in settled) / total,
        severities=dict(severities),
        clashing=tuple(sorted(clashing.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_CLASHING]),
    )


def clashes(settled: Sequence[Settled]) -> dict[str, float]:
    """Return the contradictions that mattered to any of these queries, with the largest size of each."""
    found: dict[str, float] = {}
    for it in settled:
        for pair, size in it.clashes.items():
            found[pair] = max(size, found.get(pair, 0.0))
    return found
