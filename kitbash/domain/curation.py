"""What triage left of a query's evidence, for the layers after it."""

import json
from dataclasses import dataclass
from typing import Any

from kitbash.domain.codec import dumps
from kitbash.domain.context import Snapshot


@dataclass(frozen=True, slots=True)
class Curation:
    """`withheld` names the items that must not be drawn on; every confidence is multiplied by `factor` (0 to 1).

    `context` is what was remembered when the spotlights were filled.
    """

    withheld: frozenset[str] = frozenset()
    factor: float = 1.0
    context: Snapshot | None = None


def curation_to(curation: Curation) -> str:
    """Return a curation as JSON."""
    context = None if curation.context is None else json.loads(curation.context.to_json())
    return dumps({"withheld": sorted(curation.withheld), "factor": curation.factor, "context": context})


def curation_from(text: str) -> Curation:
    """Return the curation that `curation_to` wrote."""
    record: dict[str, Any] = json.loads(text)
    context = None if record["context"] is None else Snapshot.from_json(dumps(record["context"]))
    return Curation(frozenset(record["withheld"]), record["factor"], context)
