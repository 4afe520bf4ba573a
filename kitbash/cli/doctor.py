"""`kitbash doctor`: everything Kitbash needs, one check a line, each with what mends it."""

import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import kitbash
from kitbash import assets
from kitbash.cascade import calibrated
from kitbash.cli import output
from kitbash.cli.main import Exit
from kitbash.domain.calibration import NEVER
from kitbash.errors import EncoderError, KitbashError, ModelFileError, NetworkError, Unavailable
from kitbash.models.encoder import opened as encoders
from kitbash.models.ternary import shipped
from kitbash.runtime import Runtime
from kitbash.server import binary
from kitbash.settings import load
from kitbash.settings.language_model import EngineName, Model

_MB: Final = 1_000_000


class State(StrEnum):
    """How a check went. A warning does not keep Kitbash from answering."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    state: State
    says: str


def doctor(*, as_json: bool) -> None:
    """Print every check; leave with 3 if a dependency is down, 1 if something else is wrong."""
    checks = list(run())
    if as_json:
        output.print_json([asdict(check) for check in checks])
    else:
        for check in checks:
            style = {"ok": "green", "warning": "yellow"}.get(check.state, "red")
            output.emphasised(f"{check.state.value:8} {check.name:12} {check.says}", style)
    states = {check.state for check in checks}
    sys.exit(Exit.DEPENDENCY_DOWN if State.DOWN in states else Exit.ERROR if State.FAILED in states else 0)


def run() -> Iterator[Check]:
    """Yield every check, the ones that others rest on first."""
    yield Check("version", State.OK, f"kitbash {kitbash.__version__}, Python {sys.version.split()[0]}")
    yield _tried("assets", lambda: str(assets.root()))
    yield _tasks_package()
    try:
        settings = load().settings
    except KitbashError as error:
        yield Check("settings", State.FAILED, str(error))
        return
    yield Check("settings", State.OK, "valid")
    runtime = Runtime(settings)
    try:
        yield _tried("server", lambda: _server(runtime))
        yield _tried("blackboard", lambda: runtime.board.server())  # noqa: PLW0108 - the board itself may fail
        yield from _cartridges(runtime)
        yield from _confidence(runtime)
        yield _archive(runtime)
        yield _triage()
        yield from _encoder(runtime)
        yield from _models(runtime)
    finally:
        runtime.close()


def _tried(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, State.OK, look())
    except Unavailable as error:
        return Check(name, State.DOWN, str(error))
    except (KitbashError, OSError) as error:
        return Check(name, State.FAILED, str(error))


def _tasks_package() -> Check:
    """Say whether the package `tasks` that Python finds is Kitbash's own."""
    spec = importlib.util.find_spec("tasks")
    found = Path(spec.origin).resolve().parent if spec and spec.origin else None
    ours = Path(kitbash.__file__).resolve().parent.parent / "tasks"
    if found == ours:
        return Check("tasks", State.OK, str(ours))
    says = f"another package called 'tasks' is found first ({found}); run Kitbash in an environment of its own"
    return Check("tasks", State.FAILED, says)


def _server(runtime: Runtime) -> str:
    if runtime.at.lease is None:
        return "given by settings"
    server = binary.find()
    return f"private, {server.path.name} {server.version} from {server.path.parent}"


def _models(runtime: Runtime) -> Iterator[Check]:
    """Say which models are set; a file is looked at, a server is not asked."""
    settings = runtime.settings
    if not settings.kobold.is_set:
        yield Check("model", State.WARNING, "none: set KITBASH_KOBOLD__URL or KITBASH_KOBOLD__PATH to use one")
    else:
        yield _model("model", settings.kobold, lambda: f"{runtime.generator}")
    if settings.bitnet.is_set:
        yield _model("small model", settings.bitnet, lambda: f"{runtime.small_generator}")


def _model(name: str, settings: Model, says: Callable[[], str]) -> Check:
    path = settings.path
    if path is None:
        return _tried(name, lambda: f"{says()}, not asked")
    return _tried(name, lambda: f"{says()}, {_looked_at(path.expanduser(), settings.engine)}")


def _looked_at(path: Path, engine: EngineName | None) -> str:
    """Return what is known of a model's file. Raises ModelFileError if it cannot be used."""
    # Imported here: only who has a model file needs what reads it.
    from kitbash.models.file_report import report  # noqa: PLC0415

    found = report(path)
    own = found.runtimes[0]
    if (engine or own.runtime) == own.runtime and not own.can_load:
        message = f"{path} cannot be loaded by {own.runtime}: {own.why}; see kitbash models check {path}"
        raise ModelFileError(message)
    return f"{found.architecture}, {found.size_bytes / _MB:,.1f} MB"


def _archive(runtime: Runtime) -> Check:
    """Say where ended queries go, and whether they can."""
    root, settings = runtime.settings.paths.archive, runtime.settings.archive
    if not settings.enabled:
        return Check("archive", State.WARNING, "off: ended queries are counted, not kept")
    there = next(folder for folder in (root, *root.parents) if folder.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        return Check("archive", State.FAILED, f"{there} cannot be written; name another folder: KITBASH_ARCHIVE_DIR")
    kept = f"{settings.keep_days} days" if settings.keep_days else "for ever"
    return Check("archive", State.OK, f"{root}, kept {kept}")


def _triage() -> Check:
    """Say whether Layer 1's network can be used; without it the rules decide."""
    try:
        network = shipped.load()
    except NetworkError as error:
        return Check("triage", State.WARNING, f"by rules alone: {error}")
    return Check("triage", State.OK, f"a network of {len(network.domains)} domains and {len(network.forms)} forms")


def _confidence(runtime: Runtime) -> Iterator[Check]:
    """Say from where on Layer 2 answers, what cannot be promised, and which calibrations are not used."""
    settings = runtime.settings
    try:
        scales = calibrated.load(settings.target_precision)
        cartridges = list(runtime.library.cartridges.values())
    except (KitbashError, OSError) as error:
        yield Check("confidence", State.FAILED, str(error))
        return
    if settings.layers.cartridge.threshold is not None:
        says = f"Layer 2 answers from {settings.layers.cartridge.threshold:g} on, set by hand; nothing is promised"
        yield Check("confidence", State.OK, says)
        return
    for scale in (scales.usual, scales.bare):
        if scale.threshold == NEVER:
            says = f"{scale.origin}: no threshold promises {scales.target:g}; only exact question forms are answered"
            yield Check("confidence", State.WARNING, f"{says}; see: kitbash calibrate")
        else:
            says = f"{scale.origin}: answered from {scale.threshold:.2f} on, for a precision of {scales.target:g}"
            yield Check("confidence", State.OK, says)
    for it in cartridges:
        stale = it.calibration is not None and it.calibration.model != scales.model
        if it.uncalibrated or stale:
            why = it.uncalibrated or calibrated.OTHER_WEIGHTS
            yield Check("confidence", State.WARNING, f"{it.name}: its calibration is not used: {why}")


def _encoder(runtime: Runtime) -> Iterator[Check]:
    """Say whether questions can be asked by meaning, of which cartridges, and how well that is calibrated."""
    meaning, path = runtime.meaning, runtime.settings.encoder.path
    if meaning is None or path is None:
        yield Check("encoder", State.OK, "none: questions are asked by words alone; to fetch one: kitbash models pull")
        return
    try:
        encoder = encoders.load(path)
    except EncoderError as error:
        yield Check("encoder", State.WARNING, f"by words alone: {error}")
        return
    yield Check("encoder", State.OK, f"{encoder.name}, {encoder.dimension} numbers a vector, {encoder.digest[:12]}")
    weights = runtime.settings.encoder.weights or assets.path("config/confidence_dense.json")
    fitted_with = json.loads(weights.read_bytes()).get("encoder", {})
    if fitted_with.get("digest") != encoder.digest:
        says = (
            f"{weights} was fitted with {fitted_with.get('name', 'another encoder')}: write weights for this one with "
            f"kitbash calibrate --train --dense --write FILE, and name FILE in KITBASH_ENCODER__WEIGHTS"
        )
        yield Check("encoder", State.WARNING, says)
    for it in runtime.library.cartridges.values():
        fault = meaning.fault(it, log=False)
        if fault:
            yield Check("cartridge", State.WARNING, f"{it.name} is asked by words alone: {fault}")


def _cartridges(runtime: Runtime) -> Iterator[Check]:
    try:
        library = runtime.library
        count, facts = len(library.cartridges), sum(it.index.fact_count for it in library.cartridges.values())
    except (KitbashError, OSError) as error:
        yield Check("cartridges", State.FAILED, str(error))
        return
    yield Check("cartridges", State.OK if count else State.WARNING, f"{count} open with {facts} facts")
    for it in library.cartridges.values():
        if it.index.fault:
            yield Check("cartridge", State.WARNING, f"{it.name} is searched the slower way: {it.index.fault}")
    for it in library.set_aside:
        yield Check("cartridge", State.FAILED, f"{it.name} is set aside: {it.reason}")
