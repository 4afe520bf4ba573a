"""`kitbash calibrate`: what precision is promised and what it costs, or how sure Layer 2 is fitted again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from kitbash import assets
from kitbash.cascade import calibrated
from kitbash.cascade.risk import interval
from kitbash.cascade.scales import Scales
from kitbash.cascade.training import scoring
from kitbash.cascade.training.figures import Scored, resampled
from kitbash.cascade.training.train import train as trained
from kitbash.cli import curves, output, plots
from kitbash.domain.calibration import Calibration, Origin, promised
from kitbash.domain.fact import Fact
from kitbash.errors import ConfigError
from kitbash.knowledge import starter
from kitbash.knowledge.build import store
from kitbash.knowledge.layout import parse_name
from kitbash.knowledge.library import Library
from kitbash.runtime import Runtime
from kitbash.settings import load

FACTIONS: Final = ("general", "self")
_KINDS: Final = {"aliases": Origin.ALIASES, "texts": Origin.TEXTS}
_COLUMNS: Final = ("questions", "asked", "target", "threshold", "coverage", "interval", "precision", "at least", "ece")


def show(*, target: float | None, plot: Path | None, as_json: bool) -> None:
    """Print what each calibration promises for a precision, that of the settings if none is given, and draw it."""
    settings = load().settings
    wanted = target or settings.target_precision
    scales = calibrated.load(wanted)
    held_out = scored()
    rows = [row_of(Origin.ALIASES, scales.aliases, wanted), row_of(Origin.TEXTS, scales.texts, wanted)]
    for row, of in zip(rows, held_out.values(), strict=True):
        drawn = None if row["threshold"] is None else resampled(of, row["threshold"])
        row["interval"] = row["interval"] if drawn is None else [round(it, 4) for it in drawn]
    rows += _of_cartridges(Runtime(settings), scales)
    flat = {kind: [it for some in of.values() for it in some] for kind, of in held_out.items()}
    drawn = plots.draw(plot, flat) if plot is not None else []
    if as_json:
        output.print_json({"target_precision": wanted, "rows": rows, "plots": [str(it) for it in drawn]})
        return
    show_rows(rows)
    for kind, some in flat.items():
        _draw(kind, some)
    for path in drawn:
        output.line(str(path))


def scored() -> dict[str, dict[str, Scored]]:
    """Return every starter question's score on weights that had not seen its fact, by kind and cartridge.

    Raises ConfigError if the shipped file does not hold them.
    """
    path = assets.path(calibrated.FILE)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))["scored"]
        return {_KINDS[kind].value: scoring.from_record(record[kind]) for kind in _KINDS}
    except (LookupError, TypeError, ValueError) as error:
        message = f"{path} does not hold the scored questions: {error!r}; kitbash calibrate --train makes them"
        raise ConfigError(message) from error


def train(*, seed: int, write: Path | None) -> None:
    """Print what is fitted to the starter questions, and write it to a file if one is named."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        starter.ensure(folder / "whole")
        whole, bare = Library([folder / "whole"], folder / "cache"), Library([folder / "bare"], folder / "cache")
        try:
            cartridges = whole.visible(FACTIONS)
            for it in cartridges:
                store(parse_name(it.name), [_bare(fact) for fact in it.index.facts()], folder / "bare")
            text = trained(cartridges, bare.visible(FACTIONS), seed)
        finally:
            whole.close()
            bare.close()
    output.write(text)
    if write is not None:
        write.write_text(text, encoding="utf-8")


def _bare(fact: Fact) -> Fact:
    return replace(fact, aliases=())


def _of_cartridges(runtime: Runtime, scales: Scales) -> Iterator[dict[str, Any]]:
    """Yield a row for each installed cartridge that has a calibration, or had one."""
    library = runtime.library
    try:
        for it in library.cartridges.values():
            own = it.calibration
            if own is not None and own.model == scales.model:
                yield row_of(it.name, own, scales.target)
            elif own is not None or it.uncalibrated:
                yield row_of(it.name, None, scales.target) | {"ignored": it.uncalibrated or calibrated.OTHER_WEIGHTS}
    finally:
        runtime.close()


def row_of(name: str, calibration: Calibration | None, target: float) -> dict[str, Any]:
    """Return what a calibration promises for a precision; the interval of the coverage is Clopper and Pearson's."""
    row: dict[str, Any] = {"questions": str(name), "asked": 0, "target": target, "threshold": None}
    row |= {"coverage": 0.0, "interval": None, "precision": None, "at_least": None, "ece": None}
    if calibration is None:
        return row
    row |= {"asked": calibration.questions, "ece": calibration.ece}
    row["most"] = max((it.target for it in calibration.alone), default=None)
    found = promised(calibration.alone, target)
    if found is None:
        return row
    said = round(found.coverage * calibration.questions)
    between = [round(it, 4) for it in interval(said, calibration.questions)]
    kept: dict[str, Any] = {"threshold": found.threshold, "coverage": found.coverage, "interval": between}
    return row | kept | {"precision": found.precision, "at_least": found.at_least}


def show_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print what calibrations promise, and what is to be said about those that cannot."""
    output.table("Promises", _COLUMNS, [_cells(row) for row in rows])
    for row in rows:
        for said in _said(row):
            output.line(said)


def _cells(row: Mapping[str, Any]) -> Sequence[str]:
    between = row["interval"]
    return (
        row["questions"],
        str(row["asked"]),
        f"{row['target']:g}",
        "none" if row["threshold"] is None else f"{row['threshold']:.4f}",
        f"{row['coverage']:.1%}",
        "-" if between is None else f"{between[0]:.1%}-{between[1]:.1%}",
        *("-" if row[name] is None else f"{row[name]:.4f}" for name in ("precision", "at_least", "ece")),
    )


def _said(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a reader of a row has to know."""
    name = row["questions"]
    if "ignored" in row:
        yield f"{name}: no calibration of its own is used: {row['ignored']}"
    elif row["threshold"] is None:
        most = f"the most they promise is {row['most']:g}" if row["most"] else "they promise nothing"
        else_ = "what ships decides" if name not in set(Origin) else "only exact question forms are answered"
        why = f"{row['asked']} questions are too few, or too often wrong, for {row['target']:g}"
        yield f"{name}: {why}; {most}; {else_}"


def _draw(kind: str, some: Scored) -> None:
    output.line()
    output.emphasised(f"How sure and how right: {kind}", "bold")
    for text in curves.reliability_lines(some):
        output.line(text)
    output.line()
    output.emphasised(f"Wrong answers where more is answered: {kind}", "bold")
    for text in curves.risk_lines(some):
        output.line(text)
