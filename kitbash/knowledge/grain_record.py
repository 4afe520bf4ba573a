"""A crystallised grain as its file has it: the first Kitbash's fields, with what they left out beside them."""

import base64
import json
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kitbash.domain.fact import Fact
from kitbash.domain.grain import HISTORY, MAX_FORM_CHARS, Grain, GrainState, Subject
from kitbash.domain.ternary_form import TernaryForm
from kitbash.errors import KnowledgeError
from kitbash.knowledge.manifest import now

VERSION: Final = 1
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


def grain_of(text: str, cartridge: str, name: str) -> Grain:
    """Return the grain in a file's text. Raises KnowledgeError unless it is one of this cartridge and of this name."""
    try:
        record = _Record.model_validate(json.loads(text))
        # JSON can spell half a character, which no blackboard takes.
        record.form.encode()
    except (ValueError, RecursionError, ValidationError) as error:
        reason = "it lacks what a grain has" if isinstance(error, ValidationError) else str(error)
        message = f"not a grain: {reason}"
        raise KnowledgeError(message) from error
    subject = Subject(record.form, record.cartridge_source, record.fact_id, record.fact_hash)
    if record.version != VERSION or record.cartridge_source != cartridge or record.grain_id != name:
        message = f"a grain of version {record.version}, of {record.cartridge_source!r} or of another name"
        raise KnowledgeError(message)
    if subject.grain_id != record.grain_id:
        message = "a grain that names itself otherwise than its question and fact do"
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
