"""`kitbash doctor`: everything Kitbash needs, one check a line, each with what mends it."""

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import kitbash
from kitbash import assets
from kitbash.cli import output
from kitbash.cli.main import Exit
from kitbash.errors import KitbashError, ModelFileError, NetworkError, Unavailable
from kitbash.models.ternary import shipped
from kitbash.runtime import Runtime
from kitbash.server import binary
from kitbash.settings import load
from kitbash.settings.model import EngineName, Model

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
        yield _archive(runtime)
        yield _triage()
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
