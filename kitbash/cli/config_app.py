"""`kitbash config ...`."""

from typing import Annotated

import typer

app = typer.Typer(name="config", help="Show the settings in force.", no_args_is_help=True)


@app.callback()
def config() -> None:
    """Show the settings in force."""


@app.command()
def show(
    *,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value came from.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print every setting, secrets masked."""
    from kitbash.cli import config as command  # noqa: PLC0415

    command.show(origin=origin, as_json=as_json)
