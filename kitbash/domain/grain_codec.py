"""Grains and corrections as JSON, as the blackboard holds them: fractions as text, since scripts would cut them."""

import json
from typing import Any

from kitbash.domain.codec import dumps
from kitbash.domain.grain import HISTORY, Correction, Grain, GrainState, Subject
from kitbash.errors import BusError


def grain_to(grain: Grain) -> str:
    """Return a grain as JSON."""
    return dumps(
        {
            "form": grain.subject.form,
            "cartridge": grain.subject.cartridge,
            "fact_id": str(grain.subject.fact_id),
            "fact_hash": grain.subject.fact_hash,
            "state": grain.state.value,
            "hits": grain.hits,
            "measured": grain.measured,
            "mean": repr(grain.mean),
            "spread": repr(grain.spread),
            "confirmed": grain.confirmed,
            "refuted": grain.refuted,
            "first_cycle": grain.first_cycle,
            "last_cycle": grain.last_cycle,
            "cycle": grain.cycle,
            "cycle_hits": grain.cycle_hits,
            "history": ",".join(map(str, grain.history)),
        }
    )


def grain_from(text: str) -> Grain:
    """Return the grain that `grain_to`, or a script, wrote. Raises BusError for anything else."""
    try:
        record: dict[str, Any] = json.loads(text)
        history: str = record["history"]
        return Grain(
            Subject(record["form"], record["cartridge"], int(record["fact_id"]), record["fact_hash"]),
            GrainState(record["state"]),
            hits=int(record["hits"]),
            measured=int(record["measured"]),
            mean=float(record["mean"]),
            spread=float(record["spread"]),
            confirmed=int(record["confirmed"]),
            refuted=int(record["refuted"]),
            first_cycle=int(record["first_cycle"]),
            last_cycle=int(record["last_cycle"]),
            cycle=int(record["cycle"]),
            cycle_hits=int(record["cycle_hits"]),
            history=tuple(map(int, history.split(",")))[-HISTORY:] if history else (),
        )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        message = f"a record of a grain is not what Kitbash writes ({error!r}); something else wrote to its key"
        raise BusError(message) from error


def correction_to(correction: Correction) -> str:
    """Return a correction as JSON."""
    return dumps(
        {
            "query_id": correction.query_id,
            "question": correction.question,
            "answer": correction.answer,
            "text": correction.text,
            "sources": list(correction.sources),
            "user": correction.user,
            "at_ms": correction.at_ms,
        }
    )


def correction_from(text: str) -> Correction:
    """Return the correction that `correction_to` wrote. Raises BusError for anything else."""
    try:
        record: dict[str, Any] = json.loads(text)
        return Correction(
            str(record["query_id"]),
            str(record["question"]),
            str(record["answer"]),
            str(record["text"]),
            tuple(map(str, record["sources"])),
            str(record["user"]),
            int(record["at_ms"]),
        )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        message = f"a correction is not what Kitbash writes ({error!r}); something else wrote to its key"
        raise BusError(message) from error
