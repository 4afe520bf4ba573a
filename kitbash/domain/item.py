"""What stands in a spotlight: one statement that matters to one query now, at its level, with what coupling needs."""

from dataclasses import dataclass
from enum import StrEnum

from kitbash.domain.claim import Claim
from kitbash.domain.fact import Fact
from kitbash.domain.level import Level


class Place(StrEnum):
    """Where an item ends once the levels are coupled; none is ever lost."""

    APPROVED = "approved"
    BLOCKED = "blocked"
    MASKED = "masked"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one item ended, and why."""

    place: Place
    reason: str


UNOPPOSED = Placement(Place.APPROVED, "no rule speaks against it")


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a spotlight.

    `ident` names it within its query: `<cartridge>#<fact id>` for a fact, the signal of an intent, the token of a mask.
    `probability` is how likely it answers the question, 0 to 1; `leads` says that it is the likeliest of its part. The
    permissions belong to intents (L4), the context to masks (L5), the times to narratives (L2).
    """

    level: Level
    ident: str
    text: str = ""
    confidence: float = 1.0
    cartridge: str = ""
    probability: float = 0.0
    leads: bool = False
    claims: tuple[Claim, ...] = ()
    is_fiction: bool = False
    event_time: str = ""
    narrative_time: str = ""
    allows_folk_wisdom: bool = True
    allows_speculation: bool = True
    character_context: str = ""


def ident_of(fact: Fact) -> str:
    """Return the name of a fact within a query."""
    return f"{fact.cartridge}#{fact.fact_id}"
