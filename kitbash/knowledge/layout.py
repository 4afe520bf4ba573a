"""What a cartridge folder is called and what lies in it."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from kitbash.errors import KnowledgeError

SUFFIX: Final = ".kbc"
ASIDE: Final = ".old"
"""What is appended to a folder's name for the moment in which a new one takes its place."""
FACTS: Final = "facts.db"
ANNOTATIONS: Final = "annotations.jsonl"
MANIFEST: Final = "manifest.json"
METADATA: Final = "metadata.json"
INDICES: Final = "indices"
LEXICAL: Final = "indices/lexical.db"
VECTORS: Final = "indices/vectors.bin"
GRAINS: Final = "grains"

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_]{0,62}")


class Faction(StrEnum):
    """Whose knowledge a cartridge holds, which decides when it is opened."""

    GENERAL = "general"
    FICTION = "fiction"
    EXPERIMENT = "experiment"
    SELF = "self"


@dataclass(frozen=True, slots=True)
class CartridgeName:
    """`<domain>_<faction>`, the stem of the folder's name."""

    domain: str
    faction: Faction

    def __str__(self) -> str:
        """Return the name as it stands on disk, without the suffix."""
        return f"{self.domain}_{self.faction.value}"

    @property
    def folder(self) -> str:
        """Return the folder's name."""
        return f"{self}{SUFFIX}"


def slug(text: str) -> str:
    """Return a text as a domain: lower-case letters, digits and single underscores, at most 48 long."""
    return re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")[:48].strip("_")


def name_of(domain: str, faction: str = Faction.GENERAL) -> CartridgeName:
    """Return the name of a new cartridge. Raises KnowledgeError if it could not be a folder's."""
    clean = slug(domain)
    if not _NAME.fullmatch(clean):
        message = f"{domain!r} cannot name a cartridge; use letters, digits and underscores"
        raise KnowledgeError(message)
    try:
        return CartridgeName(clean, Faction(faction))
    except ValueError:
        message = f"{faction!r} is not a faction; use one of {', '.join(Faction)}"
        raise KnowledgeError(message) from None


def parse_name(stem: str) -> CartridgeName:
    """Read a folder's stem; older cartridges without a faction are general. Raises KnowledgeError."""
    domain, _, faction = stem.rpartition("_")
    if domain and faction in set(Faction):
        return name_of(domain, faction)
    return name_of(stem)


def faction_of(stem: str) -> Faction:
    """Return the faction a cartridge's name states, general if it states none."""
    last = stem.rpartition("_")[2]
    return Faction(last) if last in set(Faction) else Faction.GENERAL


def folders(where: Path) -> dict[str, Path]:
    """Return the cartridge folders in a folder by name, sorted; none if it does not exist.

    A folder that a crashed writer left aside counts where no newer one stands.
    """
    if not where.is_dir():
        return {}
    aside: dict[str, Path] = {}
    current: dict[str, Path] = {}
    # One listing: between two a folder could be replaced and be seen in neither.
    for path in where.iterdir():
        if path.name.endswith(SUFFIX):
            current[path.name.removesuffix(SUFFIX)] = path
        elif path.name.endswith(SUFFIX + ASIDE):
            aside[path.name.removesuffix(SUFFIX + ASIDE)] = path
    return dict(sorted((name, path) for name, path in (aside | current).items() if path.is_dir()))
