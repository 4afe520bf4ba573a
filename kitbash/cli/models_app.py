"""`kitbash models ...`."""

from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer

from kitbash.models.encoder.format import Format

app = typer.Typer(name="models", help="List, check and try language models, fetch encoders.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Which(Enum):
    """Which of the configured models is meant."""

    SMALL = "small"
    LARGE = "large"


@app.command(name="list")
def list_(*, as_json: AsJson = False) -> None:
    """Show the configured models, and whether they are ready."""
    from kitbash.cli import models as command  # noqa: PLC0415

    command.list_(as_json=as_json)


@app.command()
def check(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A GGUF file.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Say what a model's file is, which runtime can load it and the memory it needs, without loading it."""
    from kitbash.cli import models as command  # noqa: PLC0415

    command.check(path, as_json=as_json)


@app.command(name="try")
def try_(
    prompt: Annotated[str, typer.Argument(help="What the model gets, as it is.")],
    *,
    which: Annotated[Which, typer.Option("--model", help="Layer 3's small one, or Layer 4's large one.")] = Which.LARGE,
    path: Annotated[Optional[Path], typer.Option(help="A GGUF file to try instead.")] = None,  # noqa: UP045
    max_tokens: Annotated[int, typer.Option(min=1, max=8192, help="The longest reply.")] = 100,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds to the end of the reply.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Send a prompt to a model and print its reply as it grows."""
    from kitbash.cli import models as command  # noqa: PLC0415

    command.try_(prompt, which=which, path=path, max_tokens=max_tokens, timeout_s=timeout, as_json=as_json)


@app.command()
def pull(
    name: Annotated[str, typer.Argument(metavar="NAME|URL", help="owner/name, or https://server/owner/name.")],
    *,
    revision: Annotated[str, typer.Option(help="A branch, a tag or a commit.")] = "main",
    model: Annotated[Format, typer.Option("--format", help="Which of its models.")] = Format.SAFETENSORS,
    sha256: Annotated[Optional[str], typer.Option(help="What the model file must have.")] = None,  # noqa: UP045
    as_json: AsJson = False,
) -> None:
    """Fetch a sentence encoder into the data folder, for what words alone do not find."""
    from kitbash.cli import models_pull as command  # noqa: PLC0415

    command.pull(name, revision=revision, model=model, sha256=sha256, as_json=as_json)
