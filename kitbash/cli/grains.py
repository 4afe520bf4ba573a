"""`kitbash grains`: what is earning an instant answer, and what has earned it."""

import re
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from kitbash.cascade.grains import judged
from kitbash.cli import output
from kitbash.client import Client
from kitbash.domain.fact import Fact
from kitbash.domain.grain import Grain, GrainState
from kitbash.domain.ternary_form import TernaryForm
from kitbash.errors import NotFound, UsageError
from kitbash.runtime import Runtime

_SHAPE: Final = re.compile(r"sg_[0-9A-F]{16}")
_ORDER: Final = (
    GrainState.CRYSTALLISED,
    GrainState.LOCKED,
    GrainState.PERSISTENT,
    GrainState.CANDIDATE,
    GrainState.DEAD,
)
_COLUMNS: Final = ("grain", "question form", "fact", "state", "hits", "right", "wrong", "at least", "served", "bits")


def list_(*, limit: int, as_json: bool) -> None:
    """Print the grains, those that have come furthest first."""
    with Client() as client:
        client.archive()
        found = sorted(client.runtime.grains.every(), key=lambda it: (_ORDER.index(it.state), -it.hits, it.grain_id))
        shown = [_told(grain, client.runtime) for grain in found[:limit]]
    if as_json:
        output.print_json(shown)
        return
    rows = [
        (
            it["grain_id"],
            it["form"],
            f"{it['cartridge']}#{it['fact_id']}",
            it["state"],
            it["hits"],
            it["confirmed"],
            it["refuted"],
            f"{it['lower_bound']:.3f}",
            "yes" if it["is_served"] else "no",
            "-" if it["weight_bits"] is None else it["weight_bits"],
        )
        for it in shown
    ]
    output.table("Grains", _COLUMNS, rows)
    if not found:
        output.note("Nothing has been asked and answered from one fact yet.")
    elif len(found) > limit:
        output.note(f"{len(found) - limit} more; see them with --limit {len(found)}.")


def show(grain_id: str, *, as_json: bool) -> None:
    """Print all about one grain. Raises NotFound if there is none of this id."""
    with Client() as client:
        client.archive()
        runtime = client.runtime
        grain = _named(grain_id, runtime)
        fact = runtime.library.fact(grain.subject.cartridge, grain.subject.fact_id)
        form = None if fact is None else runtime.crystals.form_of(fact)
        told = _told(grain, runtime) | _more(grain, fact, form, runtime.settings.target_precision)
    if as_json:
        output.print_json(told)
        return
    output.emphasised(f"{told['grain_id']}  {told['form']}", "bold")
    output.line(f"  {told['cartridge']}#{told['fact_id']}: {told['fact'] or 'is gone'}")
    output.line(f"  {told['state']}, {'served' if told['is_served'] else 'not served'}: {told['reason']}")
    output.line(
        f"  {told['hits']} hits, {told['measured']} of them found by search with a mean confidence of "
        f"{told['mean']:.3f} (variance {told['variance']:.4f})"
    )
    output.line(
        f"  {told['confirmed']} right, {told['refuted']} wrong: precision {told['precision']:.3f}, "
        f"at least {told['lower_bound']:.3f}, to be served at least {told['target_precision']}"
    )
    output.line(f"  hits by cycle, from {told['first_cycle']} on: {' '.join(map(str, told['history'])) or 'none yet'}")
    for name in ("plus", "minus", "void"):
        output.line(f"  {name:5} {'; '.join(told[name]) or '-'}")


def drop(grain_id: str) -> None:
    """Have one grain gone. Raises NotFound if there is none of this id."""
    with Client() as client:
        grain = _named(grain_id, client.runtime)
        client.runtime.crystals.drop(grain)
    output.line(f"{grain.grain_id} is gone; its question is answered as any other, and may earn a grain anew")


def restore() -> None:
    """Have grains put back from their files, and say how many."""
    with Client() as client:
        count = client.runtime.crystals.restore()
    output.line(f"{count} grains restored")


def corrections(*, limit: int, as_json: bool) -> None:
    """Print what is to be reviewed, the newest first."""
    with Client() as client:
        found = client.runtime.grains.corrections(limit)
    if as_json:
        output.print_json([asdict(it) for it in found])
        return
    rows = [
        (
            datetime.fromtimestamp(it.at_ms / 1000, UTC).isoformat(timespec="seconds"),
            it.query_id,
            it.question,
            it.text,
            ", ".join(it.sources),
        )
        for it in found
    ]
    output.table("Corrections", ("at", "query", "question", "should be", "was answered from"), rows)


def _named(grain_id: str, runtime: Runtime) -> Grain:
    if not _SHAPE.fullmatch(grain_id):
        message = f"{grain_id[:40]!r} is not a grain's id; it is sg_ and 16 digits, as `kitbash grains` lists them"
        raise UsageError(message)
    grain = runtime.grains.get(grain_id)
    if grain is None:
        message = f"there is no grain {grain_id}; `kitbash grains` lists those there are"
        raise NotFound(message)
    return grain


def _told(grain: Grain, runtime: Runtime) -> dict[str, Any]:
    target = runtime.settings.target_precision
    fact = runtime.crystals.fact_of(grain) if grain.state is GrainState.CRYSTALLISED else None
    return {
        "grain_id": grain.grain_id,
        "form": grain.subject.form,
        "cartridge": grain.subject.cartridge,
        "fact_id": grain.subject.fact_id,
        "state": grain.state.value,
        "hits": grain.hits,
        "confirmed": grain.confirmed,
        "refuted": grain.refuted,
        "lower_bound": round(grain.lower_bound, 4),
        "target_precision": target,
        "is_served": fact is not None and grain.is_served(target),
        "weight_bits": None if fact is None else runtime.crystals.form_of(fact).weight_bits,
    }


def _reason(grain: Grain, fact: Fact | None, target_precision: float) -> str:
    now = judged(grain, fact)
    if now.state is not GrainState.CRYSTALLISED or grain.state is not now.state:
        return now.reason
    return "its precision is beyond doubt" if grain.is_served(target_precision) else "its precision is in doubt"


def _more(grain: Grain, fact: Fact | None, form: TernaryForm | None, target_precision: float) -> dict[str, Any]:
    """Return what only one grain is told of: how it comes to be worth what it is, and its ternary form."""
    return {
        "fact": None if fact is None else fact.text,
        "fact_hash": grain.subject.fact_hash,
        "reason": _reason(grain, fact, target_precision),
        "measured": grain.measured,
        "mean": grain.mean,
        "variance": grain.variance,
        "prior": [grain.prior.right, grain.prior.wrong],
        "precision": round(grain.precision.mean, 4),
        "first_cycle": grain.first_cycle,
        "last_cycle": grain.last_cycle,
        "history": [*grain.history, grain.cycle_hits],
        "plus": [] if form is None else list(form.plus),
        "minus": [] if form is None else list(form.minus),
        "void": [] if form is None else list(form.void),
    }
