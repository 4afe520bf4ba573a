"""`kitbash train ...`."""

from pathlib import Path
from typing import Annotated, Optional

import typer

app = typer.Typer(name="train", help="Train what ships trained, again.", no_args_is_help=True)


@app.callback()
def train() -> None:
    """Train what ships trained, again."""


@app.command()
def triage(
    *,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same network.")] = 1,
    output: Annotated[Optional[Path], typer.Option(help="Where it goes, if not over the shipped one.")] = None,  # noqa: UP045
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train Layer 1's network and its twin in full precision, and show how good both are on held-out questions."""
    from kitbash.cli import train as command  # noqa: PLC0415

    command.triage(seed=seed, output=output, as_json=as_json)
