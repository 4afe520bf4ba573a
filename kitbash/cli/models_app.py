"""`kitbash models ...`."""

from typing import Annotated, Optional

import typer

from kitbash.models.encoder.format import Format

app = typer.Typer(name="models", help="Fetch models.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def models() -> None:
    """Fetch models."""


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
    from kitbash.cli import models as command  # noqa: PLC0415

    command.pull(name, revision=revision, model=model, sha256=sha256, as_json=as_json)
