"""`kitbash metabolism ...`."""

from typing import Annotated

import typer

from kitbash.domain.metabolism import CycleKind

app = typer.Typer(name="metabolism", help="Turn experience into grains, between questions.", no_args_is_help=True)


@app.callback()
def metabolism() -> None:
    """Turn experience into grains, between questions."""


@app.command()
def run(
    kind: Annotated[CycleKind, typer.Argument(metavar="[background|idle|sleep]")] = CycleKind.BACKGROUND,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run one cycle now, in this process, and print what it did; refuses while another runs."""
    from kitbash.cli import metabolism as command  # noqa: PLC0415

    command.run(kind, as_json=as_json)


@app.command()
def status(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show what the metabolism counted, did and proposes."""
    from kitbash.cli import metabolism as command  # noqa: PLC0415

    command.status(as_json=as_json)
