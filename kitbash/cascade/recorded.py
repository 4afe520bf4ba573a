"""An archived query, read back from its trace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kitbash.cascade import consensus
from kitbash.cascade.confidence import DENSE_FEATURES, DENSE_NAMES, NAMES, Weights
from kitbash.domain import bus_codec, codec
from kitbash.domain.answer import Answer
from kitbash.domain.candidate import FEATURE_NAMES, Candidate
from kitbash.domain.curation import Curation, curation_from
from kitbash.domain.decision import Decision
from kitbash.domain.item import Item
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.level import Level
from kitbash.domain.plan import Plan
from kitbash.domain.verdict import Verdict
from kitbash.errors import BusError, UsageError


@dataclass(frozen=True, slots=True)
class Voting:
    """What a vote was taken on: the plan, what each stage said that had an opinion, and what each layer counted."""

    plan: Plan
    opinions: Mapping[Stage, Answer]
    weights: Mapping[Layer, float]


@dataclass(frozen=True, slots=True)
class Recorded:
    """An archived query, read back. `plan` and `weights` are None when its levels were not coupled.

    `curation` is None when triage did not come to rule. `planned` is what Layer 1 decided.
    `wrote` names the stages in which a model was asked, whose words are not made again.
    `voting` is None where engines did not vote.
    """

    query_id: str
    text: str
    kappa: float
    answer: Answer | None
    verdicts: tuple[Verdict, ...]
    thresholds: Mapping[Layer, float]
    planned: tuple[Decision, ...] = ()
    plan: Plan | None = None
    weights: Weights | None = None
    candidates: tuple[Candidate, ...] = ()
    items: tuple[Item, ...] = ()
    curation: Curation | None = None
    coupled_ms: int = 0
    items_per_level: int = 0
    dissonance_threshold: int = 0
    wrote: frozenset[str] = frozenset()
    voting: Voting | None = None


def recorded(line: Mapping[str, Any]) -> Recorded:
    """Return what a line of the query traces tells. Raises UsageError if it is not such a line."""
    try:
        verdicts = tuple(codec.verdict_from(codec.dumps(it)) for it in line["verdicts"])
        # Where a layer spoke it says itself what its threshold was; a process with other settings may have archived it.
        thresholds = {layer: line["thresholds"][layer.label] for layer in Layer}
        found = Recorded(
            query_id=line["query_id"],
            text=line["query"],
            kappa=float(line["kappa"]),
            answer=None if line["answer"] is None else codec.answer_from(codec.dumps(line["answer"])),
            verdicts=verdicts,
            thresholds=thresholds | {verdict.layer: verdict.threshold for verdict in verdicts},
            planned=tuple(bus_codec.decision_from(it) for it in line["planned"]),
            wrote=frozenset(line.get("written", {})),
            voting=_voting(line["vote"]) if "vote" in line else None,
        )
        if "coupled_ms" not in line:
            return found
        return replace(
            found,
            plan=None if line["plan"] is None else codec.plan_from(codec.dumps(line["plan"])),
            weights=_weights(line["weights"]),
            candidates=tuple(codec.candidates_from(codec.dumps(line["candidates"]))),
            items=tuple(bus_codec.item_from(Level(level), codec.dumps(it)) for level, it in line["items"]),
            curation=curation_from(codec.dumps(line["curation"])) if line["curation"] else None,
            coupled_ms=line["coupled_ms"],
            items_per_level=line["items_per_level"],
            dissonance_threshold=line["dissonance_threshold"],
        )
    except (LookupError, TypeError, ValueError, AttributeError, BusError) as error:
        message = f"the archived trace of {line.get('query_id', 'a query')!r} cannot be read: {error!r}"
        raise UsageError(message) from error


def _voting(value: Mapping[str, Any]) -> Voting:
    return Voting(
        plan=codec.plan_from(codec.dumps(value["plan"])),
        opinions={Stage(it): codec.answer_from(codec.dumps(said)) for it, said in value["opinions"].items()},
        weights=consensus.weights_of(codec.dumps(value["product"]) if value["product"] else None),
    )


def _weights(value: Mapping[str, Any]) -> Weights:
    dense = value.get("dense")
    found = _sized(value, NAMES, FEATURE_NAMES)
    return found if dense is None else replace(found, dense=_sized(dense, DENSE_NAMES, DENSE_FEATURES))


def _sized(value: Mapping[str, Any], names: Sequence[str], ordered: Sequence[str]) -> Weights:
    values = tuple(float(it) for it in value["values"])
    order = tuple(float(it) for it in value["order"])
    if (len(values), len(order)) != (len(names), len(ordered)):
        message = f"{len(values)} weights for {len(names)} features"
        raise ValueError(message)
    return Weights(values, float(value["bias"]), order)
