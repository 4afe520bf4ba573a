"""A fact and where it lives. Its identity is the pair (cartridge, fact id), never the id alone."""

from dataclasses import dataclass
from hashlib import sha256

from kitbash.domain.claim import Claim
from kitbash.domain.level import Level


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement a cartridge holds. `confidence` is its source's, 0 to 1.

    `forbids` is what an intent forbids an answer: `folk_wisdom`, `speculation`. `event_time` is when it happened and
    `narrative_time` when it is told: ISO dates or free text on one line, empty if unknown.
    """

    cartridge: str
    fact_id: int
    text: str
    level: Level
    confidence: float
    sources: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    topic: str = ""
    claims: tuple[Claim, ...] = ()
    forbids: tuple[str, ...] = ()
    event_time: str = ""
    narrative_time: str = ""


def content_hash(text: str) -> str:
    """Return `sha256:<hex>` of the exact text, as every cartridge stores it."""
    return "sha256:" + sha256(text.encode()).hexdigest()
