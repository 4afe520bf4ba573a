"""How a fact lies in a row of the lexical index."""

import json
from collections.abc import Sequence
from typing import Any, Final

from kitbash.domain.fact import Fact
from kitbash.domain.level import Level
from kitbash.knowledge import claim_record

SCHEMA: Final = """
CREATE TABLE fact (
    id INTEGER PRIMARY KEY, text TEXT NOT NULL, level INTEGER NOT NULL, confidence REAL NOT NULL,
    sources TEXT NOT NULL, aliases TEXT NOT NULL, topic TEXT NOT NULL,
    claims TEXT NOT NULL, forbids TEXT NOT NULL, event_time TEXT NOT NULL, narrative_time TEXT NOT NULL
);
CREATE INDEX fact_with_claims ON fact (id, level, claims) WHERE claims <> '[]';
CREATE INDEX fact_that_is_an_intent ON fact (id) WHERE level = 4;
"""
OBJECTS: Final = ("fact", "fact_with_claims", "fact_that_is_an_intent")
COLUMNS: Final = (
    "fact.id, fact.text, fact.level, fact.confidence, fact.sources, fact.aliases, fact.topic, "
    "fact.claims, fact.forbids, fact.event_time, fact.narrative_time"
)
_NONE: Final = "[]"
INSERT: Final = "INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def of_fact(fact: Fact) -> tuple[Any, ...]:
    """Return the values of a fact's row."""
    return (
        fact.fact_id,
        fact.text,
        int(fact.level),
        fact.confidence,
        json.dumps(fact.sources, ensure_ascii=False),
        json.dumps(fact.aliases, ensure_ascii=False),
        fact.topic,
        claim_record.to_json(fact.claims),
        json.dumps(fact.forbids),
        fact.event_time,
        fact.narrative_time,
    )


def to_fact(row: Sequence[Any], cartridge: str) -> Fact:
    """Return the fact of a row. Raises ValueError or TypeError if a value is not what `of_fact` gives."""
    fact_id, text, level, confidence, sources, aliases, topic, claims, forbids, event_time, narrative_time = row
    return Fact(
        cartridge=cartridge,
        fact_id=int(fact_id),
        text=str(text),
        level=Level(int(level)),
        confidence=float(confidence),
        sources=_texts(sources),
        aliases=_texts(aliases),
        topic=str(topic),
        claims=claim_record.from_json(claims) if claims != _NONE else (),
        forbids=_texts(forbids),
        event_time=str(event_time),
        narrative_time=str(narrative_time),
    )


def _texts(value: Any) -> tuple[str, ...]:
    # Most lists are empty, and a search reads many.
    return tuple(map(str, json.loads(value))) if value != _NONE else ()
