"""What a cartridge's annotations say of a fact and others: three spellings, all of them read, none of them required."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

from kitbash.domain.question import printable
from kitbash.domain.ternary_form import Relation
from kitbash.knowledge import layout
from kitbash.knowledge.annotation import MAX_LINE_CHARS

MAX_RELATIONS: Final = 32
_MAX_CHARS: Final = 200
_LISTS: Final = ("relationships", "derivations", "dependencies")


def relations_of(folder: Path, name: str, fact_id: int) -> tuple[Relation, ...]:
    """Return the relations of one fact, at most 32; what is no relation is passed over.

    The whole file is read: for what happens seldom and never while a query runs. None where the file cannot be read.
    """
    try:
        with (folder / layout.ANNOTATIONS).open(encoding="utf-8") as lines:
            for line in lines:
                # Most lines are another fact's, and are not worth parsing.
                if str(fact_id) in line and (record := _record(line)) and record.get("fact_id") == fact_id:
                    return tuple(_relations(record, name))[:MAX_RELATIONS]
    except (OSError, UnicodeDecodeError):
        return ()
    return ()


def _record(line: str) -> Mapping[str, Any] | None:
    try:
        record: Any = json.loads(line) if len(line) <= MAX_LINE_CHARS else None
    except (ValueError, RecursionError):
        return None
    return cast("Mapping[str, Any]", record) if isinstance(record, dict) else None


def _relations(record: Mapping[str, Any], name: str) -> Iterator[Relation]:
    for spelling in _LISTS:
        given = record.get(spelling)
        for one in cast("list[Any]", given) if isinstance(given, list) else ():
            if not isinstance(one, dict):
                continue
            said = cast("dict[str, Any]", one)
            kind, target = _text(said.get("type")), _target(said, name)
            if kind and target:
                yield Relation(kind, target)


def _target(said: Mapping[str, Any], name: str) -> str:
    """Return the other fact by name, or what a derivation names instead of one."""
    for spelling in ("target_fact_id", "fact_id"):
        number = said.get(spelling)
        if isinstance(number, int) and not isinstance(number, bool):
            return f"{_text(said.get('cart')) or name}#{number}"
    return _text(said.get("target"))


def _text(value: object) -> str:
    return printable(value)[:_MAX_CHARS] if isinstance(value, str) else ""
