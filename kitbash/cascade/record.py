"""What is archived of an ended query: all that was on its bus, as lines of one kind or another."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from kitbash.archive.entry import Entry, Kind
from kitbash.blackboard.board import EventKind, Trace, opinion_name
from kitbash.cascade import coupling
from kitbash.cascade.confidence import Weights
from kitbash.cascade.policy import Policy
from kitbash.cascade.route import CLOSING
from kitbash.domain import bus_codec, codec, nwp
from kitbash.domain.coupling import FLAGGED, UNRESOLVED, Coupled, Delta
from kitbash.domain.decision import Decision, DecisionKind
from kitbash.domain.item import Item, Place
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.strategy import Strategy
from kitbash.domain.written import written_from
from kitbash.errors import UsageError

Line = Mapping[str, object]
THOUGHT: Final = (Kind.ROUTING_DECISIONS, Kind.COUPLING_CHECKS, Kind.STRUCTURAL_DELTAS)
"""What triage and coupling make of a query, and make again when it is replayed."""

_WRITES: Final = (Stage.SYNTHESISE.value, Stage.GENERATE.value)
_FOUND_AS: Final = frozenset({UNRESOLVED, FLAGGED})
_IN_ORDER: Final = frozenset({EventKind.STARTED, EventKind.RECORDED, EventKind.LIFECYCLE})


def entries_of(trace: Trace, policy: Policy, weights: Weights) -> list[Entry]:
    """Return the lines of a query that has ended, with the rules it was answered by.

    What was resolved before it is archived amends it, as what is resolved later does. Raises UsageError when part of
    what it was thought through on is gone.
    """
    ended_ms = trace.opened_ms + trace.took_us // 1000
    lines: dict[Kind, Sequence[Line]] = {Kind.QUERY_TRACES: [_trace_line(trace, ended_ms, policy, weights)]}
    coupled = trace.coupled
    if coupled is None:
        return [Entry(ended_ms, trace.query_id, lines | thought((), Coupled(0), trace.decisions))]
    if not trace.items or Stage.TRIAGE.value not in trace.work:
        message = f"part of query {trace.query_id} expired before it could be archived"
        raise UsageError(message)
    of_reply = [it for it in coupled.deltas if it.is_of_reply]
    of_coupling = replace(coupled, deltas=tuple(it for it in coupled.deltas if not it.is_of_reply))
    lines |= thought(trace.items, _as_found(trace, of_coupling), trace.decisions)
    lines[Kind.STRUCTURAL_DELTAS] = [*lines[Kind.STRUCTURAL_DELTAS], *(_of_reply(it, trace) for it in of_reply)]
    lines[Kind.SYNTHESIS_OUTPUTS] = [_synthesis_line(trace, coupled)]
    resolved = [bus_codec.delta_to(it) for it in of_coupling.deltas if it.resolution not in _FOUND_AS]
    amending = [Entry(ended_ms, trace.query_id, {Kind.STRUCTURAL_DELTAS: resolved})] if resolved else []
    return [Entry(ended_ms, trace.query_id, lines), *amending]


def _as_found(trace: Trace, coupled: Coupled) -> Coupled:
    """Return an outcome of coupling as it was before anything of it was resolved."""
    if all(it.resolution in _FOUND_AS for it in coupled.deltas):
        return coupled
    return replace(coupled, deltas=coupling.couple(trace.items, trace.kappa, coupled.at_ms).deltas)


def _of_reply(delta: Delta, trace: Trace) -> Line:
    """Return the line of a contradiction that a model's reply brought, which no replay makes again."""
    said = {item.ident: item.text for item in trace.items}
    product = trace.work.get(Stage.GENERATE.value)
    sentences = written_from(product).sentences if product else ()
    place = int(delta.item_b.rpartition("#")[2])
    sentence = sentences[place - 1].text if 0 < place <= len(sentences) else delta.item_b
    at = {"timestamp": (trace.opened_ms + trace.took_us // 1000) / 1000, "of_reply": True}
    return at | bus_codec.delta_to(delta) | {"conflict": f"{said.get(delta.item_a, delta.item_a)} | {sentence}"}


def thought(items: Sequence[Item], coupled: Coupled, decisions: Sequence[Decision]) -> dict[Kind, Sequence[Line]]:
    """Return the lines about decisions, checks and contradictions."""
    said = {item.ident: item.text or item.ident for item in items}
    at = {"timestamp": coupled.at_ms / 1000}
    deltas = [
        at | bus_codec.delta_to(it) | {"conflict": f"{said[it.item_a]} | {said[it.item_b]}"} for it in coupled.deltas
    ]
    return {
        Kind.ROUTING_DECISIONS: [bus_codec.decision_to(it) for it in decisions],
        Kind.COUPLING_CHECKS: [at | bus_codec.check_to(it) for it in coupled.checks],
        Kind.STRUCTURAL_DELTAS: deltas,
    }


def digest(kind: Kind, line: Mapping[str, Any]) -> bytes:
    """Return a digest of what a line says of a query, but for what the archive itself adds."""
    said = {name: value for name, value in line.items() if name not in {"v", "query_id", "append"}}
    return sha256(f"{kind.value}{json.dumps(said, ensure_ascii=False, sort_keys=True)}".encode()).digest()


def is_remade(line: Mapping[str, Any]) -> bool:
    """Return whether a line comes out again when its query is replayed: not what was resolved later or a model said."""
    return not line.get("amends") and not line.get("of_reply")


def _trace_line(trace: Trace, ended_ms: int, policy: Policy, weights: Weights) -> Line:
    # In the order of the shards: 2 before 10.
    stages = sorted((it for it in trace.work if it.startswith(Stage.SEARCH.value)), key=lambda it: (len(it), it))
    searched = [trace.work[stage] for stage in stages]
    line: dict[str, object] = {
        "query": trace.text,
        "project": trace.project,
        "user": trace.user,
        "session": trace.session,
        "kappa": trace.kappa,
        "mode": trace.mode.value,
        "opened_ms": trace.opened_ms,
        "ended_ms": ended_ms,
        "took_us": trace.took_us,
        "status": trace.state,
        "answer": None if trace.answer is None else json.loads(codec.answer_to(trace.answer)),
        "verdicts": [json.loads(codec.verdict_to(verdict)) for verdict in trace.verdicts],
        # Layer 1's plan is not made again.
        "planned": [bus_codec.decision_to(it) for it in trace.decisions if it.kind is DecisionKind.CARTRIDGES],
        "thresholds": {layer.label: policy.rules[layer].threshold for layer in Layer},
        "events": [
            [it.entry_id, it.kind.value, it.data if it.kind in _IN_ORDER else ""]
            for it in trace.events
            if it.kind is not EventKind.TEXT
        ],
        # What models wrote, with its cost in tokens and what became of each sentence.
        "written": {stage: json.loads(trace.work[stage]) for stage in _WRITES if trace.work.get(stage)},
    }
    plan = trace.work.get(Stage.TRIAGE.value)
    if plan and codec.plan_from(plan).consensus is not Strategy.NONE:
        line["vote"] = {
            "plan": json.loads(plan),
            "opinions": {it.value: json.loads(text) for it in CLOSING if (text := trace.work.get(opinion_name(it)))},
            "product": json.loads(trace.work.get(Stage.VOTE.value, "null")),
        }
    if trace.coupled is not None:
        coupled = trace.coupled
        candidates: list[Mapping[str, object]] = [it for text in searched for it in json.loads(text)]
        curation = json.loads(trace.work.get(Stage.FUSE.value, "null"))
        # What was set where it was thought; whoever archives may have other settings.
        held = curation or {
            "items_per_level": policy.items_per_level,
            "dissonance_threshold": policy.dissonance_threshold,
        }
        line |= {
            "coupled_ms": coupled.at_ms,
            "dissonance_threshold": held["dissonance_threshold"],
            "items_per_level": held["items_per_level"],
            "weights": _weights(weights, with_dense=any("closeness" in it for it in candidates)),
            "plan": json.loads(trace.work.get(Stage.TRIAGE.value, "null")),
            "curation": curation,
            "candidates": candidates,
            "items": [[int(it.level), json.loads(bus_codec.item_to(it))] for it in trace.items],
            "places": {ident: [it.place.value, it.reason] for ident, it in coupled.placements.items()},
        }
    return line


def _weights(weights: Weights, *, with_dense: bool) -> Line:
    """Return the weights a query was answered by; those for meaning only if it was asked by meaning."""
    line: Line = {"values": list(weights.values), "bias": weights.bias, "order": list(weights.order)}
    dense = weights.dense if with_dense else None
    return line if dense is None else {**line, "dense": _weights(dense, with_dense=False)}


def _synthesis_line(trace: Trace, coupled: Coupled) -> Line:
    """Return what was left to draw on as NWP assertions, and what was made of it."""
    assertions: list[str] = []
    for item in trace.items:
        if item.cartridge and coupled.placement(item.ident).place is Place.APPROVED:
            fact_id = int(item.ident.rpartition("#")[2])
            assertions.append(str(nwp.of_level(item.cartridge, fact_id, item.level)))
            assertions += [str(nwp.of_claim(claim)) for claim in item.claims if claim.subject and claim.attribute]
    answer = trace.answer
    return {
        "timestamp": coupled.at_ms / 1000,
        "nwp_assertions": assertions,
        "layer": None if answer is None or answer.layer is None else int(answer.layer),
        "output": "" if answer is None else answer.text,
    }
