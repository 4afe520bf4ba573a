"""The lines of `annotations.jsonl`: what is known about each fact, in either of the two schemas in use.

The older nested schema has `metadata.confidence`, the flat one `confidence`. Kitbash writes the
nested one, with the level as a name and the question aliases beside it.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from kitbash.domain.level import Level
from kitbash.errors import KnowledgeError

MAX_LINE_CHARS: Final = 1_000_000


class Context(BaseModel):
    """Where a fact stands: its domain and the headings above it."""

    model_config = ConfigDict(extra="ignore")

    domain: str = ""
    subdomains: list[str] = Field(default_factory=list)


class Metadata(BaseModel):
    """How sure a fact is, how it is known, and who says so."""

    model_config = ConfigDict(extra="ignore")

    confidence: float = Field(default=0.5, ge=0, le=1)
    sources: list[str] = Field(default_factory=list)
    epistemic_level: Level = Level.EMPIRICAL
    created_at: str | None = None
    temporal_validity: Any = None

    @field_validator("epistemic_level", mode="before")
    @classmethod
    def _any_spelling(cls, value: object) -> Level:
        return _level(value)


class Annotation(BaseModel):
    """What is known about one fact."""

    model_config = ConfigDict(extra="ignore")

    fact_id: int = Field(ge=1)
    metadata: Metadata = Field(default_factory=Metadata)
    aliases: list[str] = Field(default_factory=list)
    context: Context = Field(default_factory=Context)

    @property
    def topic(self) -> str:
        """Return the headings above the fact, outermost first."""
        return " › ".join(part for part in (self.context.domain, *self.context.subdomains) if part)


def _level(value: object) -> Level:
    if isinstance(value, Level):
        return value
    if isinstance(value, int):
        return Level.from_legacy(value)
    return Level.parse(str(value))


def _nested(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a flat record of the written specification in the nested shape."""
    source = record.get("source")
    return {
        "fact_id": record.get("fact_id"),
        "metadata": {
            "confidence": record.get("confidence", 0.5),
            "sources": [source] if isinstance(source, str) else record.get("sources", []),
            "epistemic_level": record.get("epistemological_level", record.get("epistemic_level", "L0_EMPIRICAL")),
        },
        "aliases": record.get("aliases", []),
        "context": {"subdomains": record.get("tags", [])},
    }


def read(path: Path) -> Iterator[Annotation]:
    """Yield every annotation of a file. Raises KnowledgeError naming the file and the line that is wrong."""
    if not path.is_file():
        message = f"{path} cannot be read: it is missing, or no plain file"
        raise KnowledgeError(message)
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield parse(line, f"{path}, line {number}")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read: {error}"
        raise KnowledgeError(message) from error


def parse(line: str, place: str) -> Annotation:
    """Return the annotation in one line. Raises KnowledgeError naming the place."""
    if len(line) > MAX_LINE_CHARS:
        message = f"{place} is longer than {MAX_LINE_CHARS:,} characters"
        raise KnowledgeError(message)
    try:
        record: Any = json.loads(line)
        # JSON can spell half a character, which no file and no database takes.
        json.dumps(record, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        message = f"{place} is not valid JSON: {error}"
        raise KnowledgeError(message) from error
    if not isinstance(record, dict):
        message = f"{place} holds a {type(record).__name__} instead of an object"
        raise KnowledgeError(message)
    known: dict[str, Any] = {str(key): value for key, value in cast("dict[Any, Any]", record).items()}
    try:
        return Annotation.model_validate(known if "metadata" in known else _nested(known))
    except (ValidationError, ValueError) as error:
        first = error.errors(include_url=False, include_input=False)[0] if isinstance(error, ValidationError) else None
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else str(error)
        message = f"{place} is not an annotation: {reason}"
        raise KnowledgeError(message) from error


def to_line(annotation: Annotation) -> str:
    """Return one annotation as a line of JSON, in the nested schema that older readers know."""
    meta = annotation.metadata
    record = {
        "fact_id": annotation.fact_id,
        "metadata": {
            "confidence": meta.confidence,
            "sources": meta.sources,
            "temporal_validity": meta.temporal_validity,
            "created_at": meta.created_at,
            "epistemic_level": meta.epistemic_level.label,
        },
        "aliases": annotation.aliases,
        "derivations": [],
        "relationships": [],
        "context": {
            "domain": annotation.context.domain,
            "subdomains": annotation.context.subdomains,
            "applies_to": [],
            "excludes": [],
        },
        "nwp_encoding": None,
    }
    return json.dumps(record, ensure_ascii=False) + "\n"
