"""What an index was made of, to know when it is stale."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from kitbash.knowledge import layout

VERSION: Final = "3"
"""Raised whenever the schema, the stemmer or the normal form changes what an index stores."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What an index was made of: sizes and times to compare quickly, a hash to be certain."""

    quick: str
    digest: str

    @classmethod
    def of(cls, folder: Path) -> "Fingerprint":
        """Return the fingerprint of a cartridge's sources as they are on disk."""
        digest = sha256(VERSION.encode())
        for name in (layout.FACTS, layout.ANNOTATIONS):
            path = folder / name
            digest.update(path.read_bytes() if path.exists() else b"")
        return cls(quick_fingerprint(folder), digest.hexdigest())


def quick_fingerprint(folder: Path) -> str:
    """Return sizes and modification times of a cartridge's sources."""
    parts = [VERSION]
    for name in (layout.FACTS, layout.ANNOTATIONS):
        path = folder / name
        stat = path.stat() if path.exists() else None
        parts.append(f"{stat.st_size}:{stat.st_mtime_ns}" if stat else "-")
    return "/".join(parts)
