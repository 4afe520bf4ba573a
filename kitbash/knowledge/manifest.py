"""A cartridge's `manifest.json` (identity) and `metadata.json` (health)."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kitbash.domain.fact import Fact
from kitbash.errors import KnowledgeError
from kitbash.knowledge.layout import CartridgeName

MAX_BYTES: Final = 16_000_000


class Manifest(BaseModel):
    """What a cartridge says of itself. Unknown keys of older ones are kept."""

    model_config = ConfigDict(extra="allow")

    cartridge_name: str = Field(min_length=1, max_length=200)
    version: str = "1.0.0"
    api_version: str = "1.0"
    created: str = ""
    last_updated: str = ""
    description: str = ""
    domains: list[str] = Field(default_factory=list)
    license: str = ""


def now() -> str:
    """Return the time as ISO-8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read(path: Path) -> Manifest:
    """Return a manifest. Raises KnowledgeError naming the file and what is wrong."""
    if not path.is_file():
        message = f"{path} is not a manifest: it is missing, or no plain file"
        raise KnowledgeError(message)
    try:
        if path.stat().st_size > MAX_BYTES:
            message = f"{path} is larger than {MAX_BYTES:,} bytes; a manifest is a short file"
            raise KnowledgeError(message)
        record: Any = json.loads(path.read_text(encoding="utf-8"))
        return Manifest.model_validate(record)
    except (OSError, ValueError, RecursionError, ValidationError) as error:
        reason = "it lacks a valid cartridge_name" if isinstance(error, ValidationError) else str(error)
        message = f"{path} is not a manifest: {reason}"
        raise KnowledgeError(message) from error


def manifest_json(name: CartridgeName, facts: Sequence[Fact], description: str, created: str) -> str:
    """Return the text of a manifest, in the shape that older readers know."""
    record: dict[str, Any] = {
        "cartridge_name": str(name),
        "version": "1.0.0",
        "api_version": "1.0",
        "created": created,
        "last_updated": now(),
        "author": "",
        "description": description,
        "domains": [name.domain],
        "faction": name.faction.value,
        "tags": [],
        "dependencies": [],
        "provides": [],
        "grain_inventory": {},
        "axiom_coverage": [],
        "license": "",
        "fact_count": len(facts),
    }
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def metadata_json(name: CartridgeName, facts: Sequence[Fact], created: str, size_bytes: int) -> str:
    """Return the text of the metadata: counts and mean confidence, all counted now."""
    mean = sum(fact.confidence for fact in facts) / len(facts) if facts else 0.0
    record = {
        "cartridge_name": str(name),
        "domain": name.domain,
        "faction": name.faction.value,
        "created_at": created,
        "last_updated": now(),
        "version": "1.0.0",
        "status": "active",
        "health": {
            "fact_count": len(facts),
            "active_facts": len(facts),
            "archived_facts": 0,
            "annotation_count": len(facts),
            "grain_count": 0,
            "total_size_bytes": size_bytes,
            "avg_confidence": round(mean, 4),
        },
    }
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"
