"""What triage left of a query's evidence, for the layers after it."""

import json
from dataclasses import dataclass
from typing import Any

from kitbash.domain.codec import dumps
from kitbash.domain.context import Snapshot
from kitbash.domain.layer import Layer


@dataclass(frozen=True, slots=True)
class Curation:
    """`withheld` names the items that must not be drawn on; every confidence is multiplied by `factor` (0 to 1).

    `context` is what was remembered when the spotlights were filled, the numbers what was set in the process that did.
    `calibrated` are the layers whose thresholds were the candidates' own, not set by hand.
    """

    withheld: frozenset[str] = frozenset()
    factor: float = 1.0
    context: Snapshot | None = None
    items_per_level: int = 0
    dissonance_threshold: int = 0
    calibrated: frozenset[Layer] = frozenset()


def curation_to(curation: Curation) -> str:
    """Return a curation as JSON."""
    context = "null" if curation.context is None else curation.context.to_json()
    numbers = {
        "withheld": sorted(curation.withheld),
        "factor": curation.factor,
        "items_per_level": curation.items_per_level,
        "dissonance_threshold": curation.dissonance_threshold,
        "calibrated": sorted(int(layer) for layer in curation.calibrated),
    }
    return f'{dumps(numbers)[:-1]},"context":{context}}}'


def curation_from(text: str, *, with_context: bool = True) -> Curation:
    """Return the curation that `curation_to` wrote; without its context, which layers do not need, if so asked."""
    record: dict[str, Any] = json.loads(text)
    is_told = with_context and record["context"] is not None
    context = Snapshot.from_json(dumps(record["context"])) if is_told else None
    return Curation(
        withheld=frozenset(record["withheld"]),
        factor=record["factor"],
        context=context,
        items_per_level=record["items_per_level"],
        dissonance_threshold=record["dissonance_threshold"],
        calibrated=frozenset(map(Layer, record["calibrated"])),
    )
