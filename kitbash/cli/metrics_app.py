"""`kitbash metrics ...`."""

from typing import Annotated

import typer

app = typer.Typer(name="metrics", help="Serve what happens on the findings bus to Prometheus.", no_args_is_help=True)


@app.callback()
def metrics() -> None:
    """Serve what happens on the findings bus to Prometheus."""


@app.command()
def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 9090,
) -> None:
    """Serve /metrics and /health until Ctrl-C."""
    from kitbash.cli import metrics as command  # noqa: PLC0415

    command.serve(host=host, port=port)
