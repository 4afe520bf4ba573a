"""The lines of `annotations.jsonl`: what is known about each fact, in either of the two schemas in use.

The older nested schema has `metadata.confidence`, the flat one `confidence`. Kitbash writes the
nested one, with the level as a name, and the question aliases and the claims beside it. What older files hold under
`excludes` and `temporal_validity` is read past where it is not what Kitbash writes there.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from kitbash.domain import nwp
from kitbash.domain.fact import Fact
from kitbash.domain.level import Level
from kitbash.errors import KnowledgeError
from kitbash.knowledge.claim_record import ClaimRecord, Claims, reason
from kitbash.knowledge.source.statement import FORBIDDABLE, MAX_TIME_CHARS

MAX_LINE_CHARS: Final = 1_000_000


class Context(BaseModel):
    """Where a fact stands: its domain and the headings above it."""

    model_config = ConfigDict(extra="ignore")

    domain: str = ""
    subdomains: list[str] = Field(default_factory=list)
    excludes: list[str] = Field(default_factory=list)

    @field_validator("excludes", mode="before")
    @classmethod
    def _only_known(cls, value: object) -> object:
        return [it for it in cast("list[Any]", value) if it in FORBIDDABLE] if isinstance(value, list) else []


class Times(BaseModel):
    """When it happened and when it is told, in free text on one line."""

    model_config = ConfigDict(extra="ignore")

    event_time: str = Field(default="", max_length=MAX_TIME_CHARS)
    narrative_time: str = Field(default="", max_length=MAX_TIME_CHARS)

    @field_validator("event_time", "narrative_time", mode="before")
    @classmethod
    def _one_line(cls, value: object) -> object:
        return " ".join(value.split()) if isinstance(value, str) else "" if value is None else value


class Metadata(BaseModel):
    """How sure a fact is, how it is known, and who says so."""

    model_config = ConfigDict(extra="ignore")

    confidence: float = Field(default=0.5, ge=0, le=1)
    sources: list[str] = Field(default_factory=list)
    epistemic_level: Level = Level.EMPIRICAL
    created_at: str | None = None
    temporal_validity: Times = Field(default_factory=Times)

    @field_validator("temporal_validity", mode="before")
    @classmethod
    def _of_any_shape(cls, value: object) -> object:
        return cast("dict[str, Any]", value) if isinstance(value, dict | Times) else {}

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
    claims: Claims = Field(default_factory=list[ClaimRecord])

    @field_validator("claims", mode="before")
    @classmethod
    def _none_is_no_claim(cls, value: object) -> object:
        return [] if value is None else value

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
        "claims": record.get("claims"),
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
        message = f"{place} is not an annotation: {reason(error) if isinstance(error, ValidationError) else error}"
        raise KnowledgeError(message) from error


def to_line(fact: Fact) -> str:
    """Return what is annotated about a fact as a line of JSON, in the nested schema that older readers know."""
    domain, *subdomains = fact.topic.split(" › ")
    times = {"event_time": fact.event_time, "narrative_time": fact.narrative_time}
    record = {
        "fact_id": fact.fact_id,
        "metadata": {
            "confidence": fact.confidence,
            "sources": fact.sources,
            "temporal_validity": {name: time for name, time in times.items() if time} or None,
            "created_at": None,
            "epistemic_level": fact.level.label,
        },
        "aliases": fact.aliases,
        "claims": [ClaimRecord.of(claim).model_dump() for claim in fact.claims],
        "derivations": [],
        "relationships": [],
        "context": {"domain": domain, "subdomains": subdomains, "applies_to": [], "excludes": fact.forbids},
        "nwp_encoding": str(nwp.of_claim(fact.claims[0])) if fact.claims else None,
    }
    return json.dumps(record, ensure_ascii=False) + "\n"
