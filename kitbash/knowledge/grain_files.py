"""Crystallised grains as files: `grains/<grain id>.json` of their cartridge's folder, or of one beside.

Each is replaced as a whole: after a crash there is the old one or the new one.
"""

import base64
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kitbash.domain.fact import Fact
from kitbash.domain.grain import HISTORY, MAX_FORM_CHARS, Grain, GrainState, Subject
from kitbash.domain.ternary_form import TernaryForm
from kitbash.errors import KnowledgeError
from kitbash.knowledge import layout
from kitbash.knowledge.cartridge import Cartridge
from kitbash.knowledge.manifest import now

VERSION: Final = 1
MAX_BYTES: Final = 64_000
_WORK: Final = ".writing-"
_SUFFIX: Final = ".json"
_VALIDATED: Final = "Sicherman_Validated"
"""What the first Kitbash wrote of a grain that had passed the gates."""

_Count = Annotated[int, Field(ge=0, le=10**12)]
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class _Evidence(BaseModel):
    """What was counted for a grain by the time it was written."""

    model_config = ConfigDict(extra="ignore")

    measured: _Count
    mean: _Share
    spread: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    confirmed: _Count
    refuted: _Count
    history: Annotated[list[_Count], Field(max_length=HISTORY)]


class _Pattern(BaseModel):
    model_config = ConfigDict(extra="ignore")

    hit_count: _Count
    first_seen: _Count
    last_seen: _Count


class _Pointers(BaseModel):
    model_config = ConfigDict(extra="ignore")

    access_pattern: _Pattern


class _Record(BaseModel):
    """What is read of a file; the sets and pointers are for other readers, and made anew when it is written."""

    model_config = ConfigDict(extra="ignore")

    version: int
    grain_id: str
    fact_id: Annotated[int, Field(ge=1)]
    cartridge_source: str
    form: Annotated[str, Field(min_length=1, max_length=MAX_FORM_CHARS)]
    fact_hash: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    evidence: _Evidence
    pointer_map: _Pointers


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is no grain of its cartridge, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class GrainFiles:
    """The files of all cartridges' grains. `beside` is where those of folders lie that are not to be written to.

    `read_only` are folders of cartridges that Kitbash itself replaces, such as the starter knowledge.
    """

    beside: Path
    read_only: tuple[Path, ...] = ()

    def write(self, cartridge: Cartridge, grain: Grain, fact: Fact, form: TernaryForm) -> Path:
        """Have a grain's file written and synced, and return where. Raises KnowledgeError if no place takes it."""
        text = json.dumps(record_of(grain, fact, form), indent=2, ensure_ascii=False) + "\n"
        refused: list[str] = []
        for folder in self._places(cartridge):
            path = folder / (grain.grain_id + _SUFFIX)
            try:
                _replace(path, text)
            except OSError as error:
                refused.append(str(error))
            else:
                return path
        message = f"{grain.grain_id} of {cartridge.name} cannot be written: {'; '.join(refused)}; free or open a folder"
        raise KnowledgeError(message)

    def read(self, cartridge: Cartridge) -> tuple[list[Grain], list[Skipped]]:
        """Return a cartridge's grains as their files have them, crystallised, and the files that hold none."""
        grains: dict[str, Grain] = {}
        skipped: list[Skipped] = []
        for path in self._files(cartridge):
            try:
                grain = _grain(path, cartridge.name)
            except (OSError, KnowledgeError) as error:
                skipped.append(Skipped(path, str(error)))
            else:
                grains.setdefault(grain.grain_id, grain)
        return list(grains.values()), skipped

    def remove(self, cartridge: Cartridge, grain_id: str) -> None:
        """Have a grain's file gone, wherever it is. Raises KnowledgeError if it is there and stays."""
        for place in self._places(cartridge):
            try:
                (place / (grain_id + _SUFFIX)).unlink(missing_ok=True)
            except OSError as error:
                message = f"the file of {grain_id} cannot be removed: {error}; delete it yourself"
                raise KnowledgeError(message) from error

    def tidy(self, cartridge: Cartridge) -> None:
        """Have gone what a crashed writer left half written."""
        for place in self._places(cartridge):
            for left in place.glob(_WORK + "*"):
                with suppress(OSError):
                    left.unlink()

    def _places(self, cartridge: Cartridge) -> list[Path]:
        beside = self.beside / cartridge.name
        is_ours = any(cartridge.folder.is_relative_to(where) for where in self.read_only)
        return [beside] if is_ours else [cartridge.folder / layout.GRAINS, beside]

    def _files(self, cartridge: Cartridge) -> Iterator[Path]:
        for place in self._places(cartridge):
            with suppress(OSError):
                yield from sorted(path for path in place.glob("sg_*" + _SUFFIX) if path.is_file())


def record_of(grain: Grain, fact: Fact, form: TernaryForm) -> dict[str, Any]:
    """Return a grain as its file has it: the first Kitbash's fields, with what they left out beside them."""
    names = {"positive": form.plus, "negative": form.minus, "void": form.void}
    values = {"positive": 1, "negative": -1, "void": 0}
    positions = {entry: at for at, entry in enumerate((*form.plus, *form.minus, *form.void))}
    pointers = {
        f"{kind}_ptrs": {entry: {"bit_position": positions[entry], "value": values[kind]} for entry in entries}
        for kind, entries in names.items()
    }
    subject = grain.subject
    return {
        "version": VERSION,
        "grain_id": grain.grain_id,
        "fact_id": subject.fact_id,
        "cartridge_source": subject.cartridge,
        "form": subject.form,
        "fact_hash": subject.fact_hash,
        "axiom_link": fact.level.label,
        "lock_state": _VALIDATED,
        "weight": form.weight_bits,
        "delta": {kind: list(entries) for kind, entries in names.items()},
        "packed": base64.b64encode(form.packed).decode("ascii"),
        "confidence": round(grain.mean, 6),
        "cycles_locked": grain.last_cycle - grain.first_cycle,
        "validation_timestamp": now(),
        "evidence": {
            "measured": grain.measured,
            "mean": grain.mean,
            "spread": grain.spread,
            "confirmed": grain.confirmed,
            "refuted": grain.refuted,
            "history": list(grain.history),
        },
        "pointer_map": {
            **pointers,
            "access_pattern": {
                "hit_count": grain.hits,
                "confidence": round(grain.mean, 6),
                "first_seen": grain.first_cycle,
                "last_seen": grain.last_cycle,
            },
            "total_bits": len(form.trits),
        },
    }


def _grain(path: Path, cartridge: str) -> Grain:
    if path.stat().st_size > MAX_BYTES:
        message = f"{path} is larger than {MAX_BYTES:,} bytes; a grain is a short file"
        raise KnowledgeError(message)
    try:
        text = path.read_text(encoding="utf-8")
        # JSON can spell half a character, which no blackboard takes.
        record = _Record.model_validate(json.loads(text))
        record.form.encode()
    except (ValueError, RecursionError, ValidationError) as error:
        reason = "it lacks what a grain has" if isinstance(error, ValidationError) else str(error)
        message = f"{path} is not a grain: {reason}"
        raise KnowledgeError(message) from error
    subject = Subject(record.form, record.cartridge_source, record.fact_id, record.fact_hash)
    if record.version != VERSION or record.cartridge_source != cartridge or record.grain_id != path.stem:
        message = f"{path} is a grain of version {record.version}, of {record.cartridge_source!r} or of another name"
        raise KnowledgeError(message)
    if subject.grain_id != record.grain_id:
        message = f"{path} names itself otherwise than its question and fact do"
        raise KnowledgeError(message)
    seen, evidence = record.pointer_map.access_pattern, record.evidence
    return Grain(
        subject,
        GrainState.CRYSTALLISED,
        hits=seen.hit_count,
        measured=evidence.measured,
        mean=evidence.mean,
        spread=evidence.spread,
        confirmed=evidence.confirmed,
        refuted=evidence.refuted,
        first_cycle=seen.first_seen,
        last_cycle=seen.last_seen,
        cycle=seen.last_seen,
        history=tuple(evidence.history),
    )


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, work = tempfile.mkstemp(prefix=_WORK, dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(work).chmod(0o644)
        Path(work).replace(path)
    except BaseException:
        Path(work).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
