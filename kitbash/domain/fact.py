"""A fact and where it lives. Its identity is the pair (cartridge, fact id), never the id alone."""

from dataclasses import dataclass
from hashlib import sha256

from kitbash.domain.level import Level


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement a cartridge holds. `confidence` is its source's, 0 to 1."""

    cartridge: str
    fact_id: int
    text: str
    level: Level
    confidence: float
    sources: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    topic: str = ""


def content_hash(text: str) -> str:
    """Return `sha256:<hex>` of the exact text, as every cartridge stores it."""
    return "sha256:" + sha256(text.encode()).hexdigest()
