"""`kitbash grains ...`."""

from typing import Annotated

import typer

app = typer.Typer(
    name="grains",
    help="List the question forms that are earning an instant answer; show, drop and restore them.",
    invoke_without_command=True,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
GrainId = Annotated[str, typer.Argument(metavar="ID", help="A grain's id, as `kitbash grains` lists it.")]
Limit = Annotated[int, typer.Option(min=1, help="How many to show at most.")]


@app.callback()
def list_(context: typer.Context, *, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the question forms that are earning an instant answer; show, drop and restore them."""
    if context.invoked_subcommand is not None:
        return
    from kitbash.cli import grains as command  # noqa: PLC0415

    command.list_(limit=limit, as_json=as_json)


@app.command()
def show(grain_id: GrainId, *, as_json: AsJson = False) -> None:
    """Show one grain: its record, what it is believed to be worth, and its ternary form."""
    from kitbash.cli import grains as command  # noqa: PLC0415

    command.show(grain_id, as_json=as_json)


@app.command()
def drop(grain_id: GrainId) -> None:
    """Have a grain gone, with its file and all that was counted for it."""
    from kitbash.cli import grains as command  # noqa: PLC0415

    command.drop(grain_id)


@app.command()
def restore() -> None:
    """Have grains that Redis lost read from their files again, and files that are missing written."""
    from kitbash.cli import grains as command  # noqa: PLC0415

    command.restore()


@app.command()
def corrections(*, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List what `kitbash feedback ID correct` proposed, the newest first; nothing of it is knowledge yet."""
    from kitbash.cli import grains as command  # noqa: PLC0415

    command.corrections(limit=limit, as_json=as_json)
