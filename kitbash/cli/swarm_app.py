"""`kitbash swarm ...`: the findings bus."""

from typing import Annotated

import typer

from kitbash.cli import swarm_keys_app

app = typer.Typer(name="swarm", help="Look at the findings bus, and at whom it believes.", no_args_is_help=True)
app.add_typer(swarm_keys_app.app, name="keys")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def verify(
    record: Annotated[str, typer.Argument(metavar="ID", help="finding:ID, task:ID, conflict:ID, context:SCOPE:NAME.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Check who signed what stands on the bus, and its chain of custody. Exits with 1 unless all of it is valid."""
    from kitbash.cli import swarm_verify as command  # noqa: PLC0415

    command.verify(record, as_json=as_json)
