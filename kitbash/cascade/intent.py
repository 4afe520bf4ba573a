"""What a question's wording and its project allow an answer to draw on, as the intents (L4) of its spotlight."""

import re
from collections.abc import Iterable
from typing import Final

from kitbash.domain.fact import Fact
from kitbash.domain.impression import asks_for
from kitbash.domain.item import Item, ident_of
from kitbash.domain.level import Level

_RIGID: Final = 1.0
_EXACT: Final = re.compile(
    r"\b(?:exactly|precisely|scientific(?:ally)?|prove[ns]?|evidence|measured?|really true|in fact)\b", re.IGNORECASE
)
_TOLD: Final = re.compile(
    r"\b(?:legends?|myths?|stor(?:y|ies)|tales?|folklore|fiction|novels?|sagas?|as told|popular(?:ly)?|proverbs?)\b",
    re.IGNORECASE,
)
_MEASURED: Final = re.compile(
    r"\b(?:in fact|actually|really|in reality|in truth|scientifically|measured)\b", re.IGNORECASE
)
_MUSING: Final = re.compile(
    r"\b(?:imagine|what if|suppose|might|could|would|speculate|guess|perhaps|maybe)\b", re.IGNORECASE
)


def asked(question: str, form: str, kappa: float) -> Item:
    """Return the intent of the question itself.

    Folk wisdom is allowed unless the levels are rigid (kappa above 1) or the question insists on what is proven;
    speculation only if the levels are fluid (kappa below 1) or the question itself muses.
    """
    return Item(
        Level.INTENT,
        asks_for(form),
        allows_folk_wisdom=kappa <= _RIGID and not _EXACT.search(question),
        allows_speculation=kappa < _RIGID or bool(_MUSING.search(question)),
    )


def world(question: str) -> Level | None:
    """Return which world a question names: what is told (L2), what is measured (L0), or neither."""
    if _TOLD.search(question):
        return Level.NARRATIVE
    return Level.EMPIRICAL if _MEASURED.search(question) else None


def standing(intents: Iterable[Fact]) -> list[Item]:
    """Return Kitbash's own intents; what one does not forbid it allows."""
    return [
        Item(
            Level.INTENT,
            ident_of(fact),
            fact.text,
            fact.confidence,
            fact.cartridge,
            claims=fact.claims,
            allows_folk_wisdom="folk_wisdom" not in fact.forbids,
            allows_speculation="speculation" not in fact.forbids,
        )
        for fact in intents
    ]
