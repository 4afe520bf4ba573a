"""`kitbash cartridge ...`."""

from pathlib import Path
from typing import Annotated, Optional

import typer

app = typer.Typer(name="cartridge", help="Build, import, list, show and export cartridges.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[Optional[str], typer.Option(help="Put everything into one cartridge of this name.")]  # noqa: UP045
FactionName = Annotated[Optional[str], typer.Option(help="general, fiction, experiment or self.")]  # noqa: UP045
Out = Annotated[Optional[Path], typer.Option(help="Where cartridges go, if not where they are installed.")]  # noqa: UP045


@app.command()
def build(
    sources: Annotated[list[Path], typer.Argument(help="Markdown, CSV, JSON or text files, or folders of them.")],
    *,
    name: Name = None,
    faction: FactionName = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Build cartridges from your notes; a rebuild touches only what changed."""
    from kitbash.cli import cartridge as command  # noqa: PLC0415

    command.build(sources, name=name, faction=faction, out=out, as_json=as_json)


@app.command(name="import")
def import_(
    folders: Annotated[list[Path], typer.Argument(help="Existing .kbc folders.")],
    *,
    faction: FactionName = None,
    as_json: AsJson = False,
) -> None:
    """Take in existing .kbc folders; they are read, never changed."""
    from kitbash.cli import cartridge as command  # noqa: PLC0415

    command.import_(folders, faction=faction, as_json=as_json)


@app.command(name="list")
def list_(*, as_json: AsJson = False) -> None:
    """List the installed cartridges, and those that had to be set aside."""
    from kitbash.cli import cartridge as command  # noqa: PLC0415

    command.list_(as_json=as_json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A cartridge's name.")],
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many facts to show.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show a cartridge's facts."""
    from kitbash.cli import cartridge as command  # noqa: PLC0415

    command.show(name, limit=limit, as_json=as_json)


@app.command()
def calibrate(
    names: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(metavar="[NAME]...", help="Cartridges of your own; all of them if left out."),
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written, and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fit how sure is sure enough to your cartridges' own questions, and note it in their manifests."""
    from kitbash.cli import cartridge_calibrate as command  # noqa: PLC0415

    command.calibrate(names or [], is_written=not dry_run, as_json=as_json)


@app.command()
def export(
    name: Annotated[str, typer.Argument(help="A cartridge's name.")],
    out: Annotated[Optional[Path], typer.Argument(help="A .md or .json file; standard output if left out.")] = None,  # noqa: UP045
) -> None:
    """Write a cartridge's facts as Markdown that `build` reads, or as JSON."""
    from kitbash.cli import cartridge as command  # noqa: PLC0415

    command.export(name, out)


@app.command()
def embed(
    names: Annotated[Optional[list[str]], typer.Argument(help="Cartridges' names; all that are open if none.")] = None,  # noqa: UP045
    *,
    again: Annotated[bool, typer.Option("--again", help="Also those whose vectors are in order.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have the encoder that is set read all facts, so that questions can be asked by meaning."""
    from kitbash.cli import embed as command  # noqa: PLC0415

    command.embed(names or [], again=again, as_json=as_json)
