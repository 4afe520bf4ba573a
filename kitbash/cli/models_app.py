"""`kitbash models ...`."""

from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer

app = typer.Typer(name="models", help="List, check and try language models.", no_args_is_help=True)

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
