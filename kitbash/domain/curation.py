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
    context = "null" if curation.context is None else curation.context.to_json()
    return f'{{"withheld":{dumps(sorted(curation.withheld))},"factor":{dumps(curation.factor)},"context":{context}}}'


def curation_from(text: str, *, with_context: bool = True) -> Curation:
    """Return the curation that `curation_to` wrote; without its context, which layers do not need, if so asked."""
    record: dict[str, Any] = json.loads(text)
    is_told = with_context and record["context"] is not None
    context = Snapshot.from_json(dumps(record["context"])) if is_told else None
    return Curation(frozenset(record["withheld"]), record["factor"], context)
