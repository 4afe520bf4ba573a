"""A calibration as it stands in a cartridge's manifest, and in `config/confidence.json`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kitbash.domain.calibration import Calibration, Promise
from kitbash.errors import KnowledgeError
from kitbash.knowledge import layout, manifest
from kitbash.knowledge.folder import writing, written

KEY: Final = "calibration"
"""Where it stands in a manifest."""

Share = Annotated[float, Field(ge=0, le=1)]
_Digest = Annotated[str, Field(max_length=128)]


class _Promise(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    target: Share
    threshold: Share
    coverage: Share
    precision: Share
    at_least: Share


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    slope: float = Field(gt=0, le=100)
    offset: float = Field(ge=-100, le=100)
    alone: list[_Promise] = Field(max_length=100)
    composed: list[_Promise] = Field(max_length=100)
    questions: int = Field(ge=0)
    right: int = Field(ge=0)
    ece_before: Share
    ece: Share
    made: str = Field(max_length=40)
    facts: _Digest
    model: _Digest


def to_record(calibration: Calibration) -> dict[str, Any]:
    """Return a calibration as JSON has it."""
    return asdict(calibration)


def from_record(value: object) -> Calibration:
    """Return the calibration that `to_record` wrote. Raises KnowledgeError naming the first thing that is wrong."""
    try:
        record = _Record.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        message = f"its calibration is not one that Kitbash writes ({where}: {first['msg']}); make it again"
        raise KnowledgeError(message) from error
    said: dict[str, Any] = record.model_dump()
    said |= {"alone": _promises(record.alone), "composed": _promises(record.composed)}
    return Calibration(**said)


def _promises(records: list[_Promise]) -> tuple[Promise, ...]:
    return tuple(sorted((Promise(**it.model_dump()) for it in records), key=lambda it: it.target))


def read(folder: Path) -> Calibration | None:
    """Return the calibration in a cartridge's manifest, None if there is none. Raises KnowledgeError if it is wrong."""
    extra = manifest.read(folder / layout.MANIFEST).model_extra or {}
    return from_record(extra[KEY]) if KEY in extra else None


def write(folder: Path, calibration: Calibration) -> None:
    """Have a cartridge's manifest hold a calibration, all else in it as it was, whole or not at all.

    Raises KnowledgeError if there is no manifest or it cannot be written.
    """
    path = folder / layout.MANIFEST
    with writing(folder.parent):
        manifest.read(path)
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        text = json.dumps(record | {KEY: to_record(calibration)}, indent=2, ensure_ascii=False) + "\n"
        try:
            written(path, text)
        except OSError as error:
            message = f"{path} cannot be written: {error}"
            raise KnowledgeError(message) from error
