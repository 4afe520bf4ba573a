"""`kitbash models ...`: what the commands do."""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from kitbash.cli import output
from kitbash.cli.models_app import Which
from kitbash.domain.question import visible
from kitbash.errors import EngineNotConfigured, KitbashError
from kitbash.models import making
from kitbash.models.file_report import FileReport, Suitability, report
from kitbash.models.generator import Generated, Prompt
from kitbash.settings import load
from kitbash.settings.language_model import EngineName, Model

_MB: Final = 1_000_000
_LAYERS: Final = {Which.SMALL: 3, Which.LARGE: 4}
_SERVERS: Final[dict[Which, EngineName]] = {Which.SMALL: "llamacpp", Which.LARGE: "koboldcpp"}
_SETTINGS: Final = {Which.SMALL: "KITBASH_BITNET", Which.LARGE: "KITBASH_KOBOLD"}
_CAN: Final = {True: "yes", False: "no", None: "ask it"}


def list_(*, as_json: bool) -> None:
    """Print the model of each layer that may have one, and whether it is ready to be asked."""
    rows = [_state(which) for which in Which]
    if as_json:
        output.print_json([dict(zip(("layer", "model", "state"), row, strict=True)) for row in rows])
        return
    output.table("Models", ("layer", "model", "state"), rows)


def check(path: Path, *, as_json: bool) -> None:
    """Print what a file is. Raises ModelFileError, which says why, for one that no runtime should be given."""
    found = report(path)
    if as_json:
        output.print_json({**asdict(found), "path": str(found.path)})
        return
    output.table("Model file", ("what", "value"), _about(found))
    output.line()
    output.table("Runtimes", ("runtime", "can load it", "why"), [_suits(it) for it in found.runtimes])


def try_(prompt: str, *, which: Which, path: Path | None, max_tokens: int, timeout_s: float, as_json: bool) -> None:
    """Print a model's reply as it grows, and on standard error what it took."""
    settings = _settings(which) if path is None else Model(path=path)
    asked = Prompt(prompt, max_tokens, settings.temperature, timeout_s)
    with closing(_model(settings, which)) as model, model.stream(asked) as reply:
        if as_json:
            output.print_json(_figures(reply.whole()))
            return
        for piece in reply:
            output.write("\n".join(visible(line) for line in piece.split("\n")))
            output.flush()
        output.write("\n")
        output.note(_told(reply.whole()))


def _settings(which: Which) -> Model:
    settings = load().settings
    return settings.bitnet if which is Which.SMALL else settings.kobold


def _model(settings: Model, which: Which) -> making.Made:
    if not settings.is_set:
        name = _SETTINGS[which]
        message = f"no {which.value} model is configured; name a file in {name}__PATH or a server in {name}__URL"
        raise EngineNotConfigured(message)
    return making.make(settings, server=_SERVERS[which], setting=_SETTINGS[which])


def _state(which: Which) -> tuple[int, str, str]:
    settings = _settings(which)
    if not settings.is_set:
        name = _SETTINGS[which]
        return (_LAYERS[which], "-", f"not configured: {name}__PATH or {name}__URL")
    try:
        with closing(_model(settings, which)) as model:
            model.ready()
            return (_LAYERS[which], str(model), f"ready, {model.context_tokens:,} tokens of context")
    except KitbashError as error:
        return (_LAYERS[which], settings.engine or "-", str(error))


def _about(found: FileReport) -> list[tuple[str, str]]:
    return [
        ("file", str(found.path)),
        ("name", found.name or "-"),
        ("architecture", found.architecture),
        ("format", f"GGUF {found.version}"),
        ("tensors", found.types),
        ("parameters", f"{found.parameters:,}"),
        ("size", f"{found.size_bytes / _MB:,.1f} MB"),
        ("memory", f"{found.memory_bytes / _MB:,.0f} MB with {found.context_tokens:,} tokens of context"),
    ]


def _suits(it: Suitability) -> tuple[str, str, str]:
    return (it.runtime, _CAN[it.can_load], it.why)


def _figures(reply: Generated) -> dict[str, Any]:
    return {**asdict(reply), "finish": reply.finish.value}


def _told(reply: Generated) -> str:
    usage, timings = reply.usage, reply.timings
    about = "" if usage.is_counted else "about "
    cut = f", {usage.cut_tokens:,} cut from its middle" if usage.cut_tokens else ""
    return (
        f"{reply.model}: {about}{usage.prompt_tokens:,} tokens of prompt{cut}, {usage.completion_tokens:,} of reply "
        f"({reply.finish.value}); first text after {timings.first_text_ms:.0f} ms, all after {timings.total_ms:.0f} ms"
    )
