"""`kitbash cartridge calibrate`: cartridges' own questions decide how sure is sure enough for them."""

from collections.abc import Sequence
from typing import Any

from kitbash.cascade import calibrated, confidence
from kitbash.cascade.training.own import Own, own_questions
from kitbash.cascade.training.refit import refit
from kitbash.cli import output
from kitbash.cli.calibrate import row_of, show_rows
from kitbash.errors import NotFound, UsageError
from kitbash.knowledge import calibration_record
from kitbash.knowledge.cartridge import Cartridge
from kitbash.knowledge.manifest import now
from kitbash.runtime import Runtime
from kitbash.settings import load


def calibrate(names: Sequence[str], *, is_written: bool, as_json: bool) -> None:
    """Print what each cartridge's own questions promise, and have it noted in its manifest unless told not to.

    One that has too few questions, or no wrong or no right answers, keeps what ships, and that is said. Raises NotFound
    for a name that is not installed, UsageError if there is nothing to calibrate.
    """
    settings = load().settings
    runtime = Runtime(settings)
    try:
        cartridges = list(runtime.library.cartridges.values())
        where = settings.paths.cartridges.resolve()
        mine = _chosen(names, [it for it in cartridges if it.folder.parent.resolve() == where])
        others = [it for it in cartridges if it not in mine]
        asked = own_questions(mine, others, confidence.load())
        rows = [_calibrated(it, asked[it.name], settings.target_precision, is_written=is_written) for it in mine]
    finally:
        runtime.close()
    if as_json:
        output.print_json(rows)
        return
    show_rows(rows)
    for row in rows:
        if row["ambiguous"]:
            output.line(f"{row['questions']}: {row['ambiguous']} aliases were left out, since several facts have them")
        if "written" in row:
            moved = f"log odds times {row['slope']:g} plus {row['offset']:g}"
            output.line(f"{row['questions']}: {moved}; ECE before {row['ece_before']:.4f}; {row['written']}")


def _chosen(names: Sequence[str], own: Sequence[Cartridge]) -> list[Cartridge]:
    there = {it.name: it for it in own}
    if not there:
        message = "there is no cartridge of your own to calibrate; kitbash cartridge build makes one from your notes"
        raise UsageError(message)
    for name in names:
        if name not in there:
            message = f"there is no cartridge {name!r} of your own; there are {', '.join(there)}"
            raise NotFound(message)
    return [there[name] for name in dict.fromkeys(names or there)]


def _calibrated(cartridge: Cartridge, own: Own, target: float, *, is_written: bool) -> dict[str, Any]:
    extra: dict[str, Any] = {"ambiguous": own.ambiguous}
    try:
        found = refit(own.asked, made=now(), facts=str(cartridge.index.digest), model=calibrated.load(target).model)
    except UsageError as error:
        row = row_of(cartridge.name, None, target) | extra
        return row | {"asked": len(own.asked), "ignored": str(error)}
    extra |= {"slope": found.slope, "offset": found.offset, "ece_before": found.ece_before, "made": found.made}
    if is_written:
        calibration_record.write(cartridge.folder, found)
    extra["written"] = "noted in its manifest" if is_written else "nothing was written"
    return row_of(cartridge.name, found, target) | extra
