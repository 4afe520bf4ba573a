"""CSV and JSON: one record a fact, with the column names that existing collections use."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from kitbash.domain.claim import Claim
from kitbash.errors import KnowledgeError
from kitbash.knowledge.source.statement import (
    Defaults,
    Statement,
    confidence_of,
    forbids_of,
    level_of,
    text_of,
    time_of,
)
from kitbash.knowledge.source.written_claim import claims_of

_TEXT: Final = ("content", "text", "fact", "fact_text", "statement")
_LEVEL: Final = ("level", "epistemic_level", "epistemological_level")
_SOURCES: Final = ("sources", "source")
_ALIASES: Final = ("aliases", "alias", "questions")


def from_csv(text: str, name: str, defaults: Defaults) -> Iterator[Statement]:
    """Yield a statement for each row of a CSV text with a header row. Raises KnowledgeError naming the line."""
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        head = [column.strip().lower() for column in next(rows, list[str]())]
        if not set(_TEXT).intersection(head):
            message = f"{name}: no column is called one of {', '.join(_TEXT)}; name one in the first row"
            raise KnowledgeError(message)
        for row in rows:
            record = dict(zip(head, row, strict=False))
            yield from _statement(record, f"{name}:{rows.line_num}", defaults)
    except csv.Error as error:
        message = f"{name}:{rows.line_num}: {error}"
        raise KnowledgeError(message) from error


def from_json(text: str, name: str, defaults: Defaults) -> Iterator[Statement]:
    """Yield a statement for each object of a JSON list, or of the list under `facts`. Raises KnowledgeError."""
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"{name} is not valid JSON: {error}"
        raise KnowledgeError(message) from error
    records: Any = cast("dict[str, Any]", value).get("facts") if isinstance(value, dict) else value
    if not isinstance(records, list):
        message = f"{name} must hold a list of facts, or an object with the list under 'facts'"
        raise KnowledgeError(message)
    for number, record in enumerate(cast("list[Any]", records), start=1):
        place = f"{name}, fact {number}"
        if isinstance(record, str):
            yield from _statement({"text": record}, place, defaults)
        elif isinstance(record, dict):
            flat = cast("dict[str, Any]", record)
            inner = flat.get("metadata")
            above = cast("dict[str, Any]", inner) if isinstance(inner, dict) else {}
            yield from _statement({**above, **flat}, place, defaults)
        else:
            message = f"{place} is a {type(record).__name__}; a fact is an object with a text"
            raise KnowledgeError(message)


def _statement(record: Mapping[str, Any], place: str, defaults: Defaults) -> Iterator[Statement]:
    try:
        # JSON can spell half a character, which no file and no database takes.
        json.dumps(dict(record), ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        message = f"{place}: it holds half a character (a lone surrogate)"
        raise KnowledgeError(message) from error
    text = _first(record, _TEXT)
    if text is not None and not isinstance(text, str):
        message = f"{place}: the text is a {type(text).__name__}; write it as a string"
        raise KnowledgeError(message)
    if text is None or not text.strip():
        if any(str(value or "").strip() for value in record.values()):
            message = f"{place}: no text in any of {', '.join(_TEXT)}"
            raise KnowledgeError(message)
        return
    confidence = _first(record, ("confidence",))
    level = _first(record, _LEVEL)
    domain = _first(record, ("domain",))
    known_as = defaults.level if level is None else level_of(level, place)
    yield Statement(
        text=text_of(text, place),
        sources=(*_several(_first(record, _SOURCES)), place),
        confidence=defaults.confidence if confidence is None else confidence_of(confidence, place),
        level=known_as,
        aliases=_several(_first(record, _ALIASES)),
        headings=() if domain is None else (str(domain),),
        claims=_claims(record.get("claims"), place),
        forbids=forbids_of(_several(record.get("forbids"), ","), known_as, place),
        event_time=time_of(str(_first(record, ("event_time",)) or ""), place),
        narrative_time=time_of(str(_first(record, ("narrative_time",)) or ""), place),
    )


def _claims(value: object, place: str) -> tuple[Claim, ...] | None:
    """Return the claims of a list of texts or objects, or of one text with bars between them; None if none are given.

    An empty list says that nothing is claimed.
    """
    if isinstance(value, list):
        return claims_of(cast("list[object]", value), place)
    if value is None or not str(value).strip():
        return None
    return claims_of(str(value).split("|"), place)


def _first(record: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((record[key] for key in keys if record.get(key) not in (None, "", [])), None)


def _several(value: object, between: str = ";") -> tuple[str, ...]:
    if value is None:
        return ()
    items: list[Any] = cast("list[Any]", value) if isinstance(value, list) else [*str(value).split(between)]
    return tuple(dict.fromkeys(text for item in items if (text := " ".join(str(item).split()))))
