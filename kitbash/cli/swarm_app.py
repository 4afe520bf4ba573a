"""`kitbash swarm ...`: the findings bus."""

from typing import Annotated, Optional

import typer

from kitbash.cli import swarm_keys_app

app = typer.Typer(name="swarm", help="Look at the findings bus, and at whom it believes.", no_args_is_help=True)
app.add_typer(swarm_keys_app.app, name="keys")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


Most = Annotated[int, typer.Option(min=1, max=10_000, help="How many to show at most.")]


@app.command()
def tasks(*, most: Most = 50, as_json: AsJson = False) -> None:
    """Show the tasks that wait, the most urgent first, and those that somebody has."""
    from kitbash.cli import swarm as command  # noqa: PLC0415

    command.tasks(most=most, as_json=as_json)


@app.command()
def findings(
    task: Annotated[str, typer.Argument(metavar="[TASK]", help="The id of a task.")] = "",
    *,
    query: Annotated[str, typer.Option(metavar="ID", help="The task that this query became.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show what was found on a task, and where that agrees or conflicts."""
    from kitbash.cli import swarm as command  # noqa: PLC0415

    command.findings(task, query, as_json=as_json)


@app.command()
def proposals(
    action: Annotated[str, typer.Argument(metavar="[accept|refuse]", help="What to do; nothing: only look.")] = "",
    proposal: Annotated[str, typer.Argument(metavar="[ID]", help="Which one.")] = "",
    *,
    person: Annotated[str, typer.Option(help="Who decides; you, if left out.")] = "",
    most: Most = 50,
    as_json: AsJson = False,
) -> None:
    """Show what findings would add to your experiment cartridge; accept writes a fact there, refuse does not."""
    from kitbash.cli import swarm_proposals as command  # noqa: PLC0415

    command.proposals(action, proposal, person=person, most=most, as_json=as_json)


@app.command()
def conflicts(
    *,
    resolve: Annotated[Optional[str], typer.Option(metavar="ID", help="Resolve this one.")] = None,  # noqa: UP045
    choose: Annotated[str, typer.Option(help="first, second, both, neither, merged or escalated.")] = "",
    decision: Annotated[str, typer.Option("--as", help="What was decided, and why.")] = "",
    person: Annotated[str, typer.Option(help="Who decided; you, if left out.")] = "",
    most: Most = 50,
    as_json: AsJson = False,
) -> None:
    """Show the conflicts nobody has settled, the gravest first, after resolving one if that is asked."""
    from kitbash.cli import swarm as command  # noqa: PLC0415

    decided = command.Decision(resolve or "", choose, decision, person)
    command.conflicts(decided, most=most, as_json=as_json)


@app.command()
def register(
    swarm: Annotated[str, typer.Argument(metavar="SWARM", help="The swarm's id.")],
    *,
    agents: Annotated[Optional[list[str]], typer.Option("--agent", metavar="ID:ROLE")] = None,  # noqa: UP045
    as_json: AsJson = False,
) -> None:
    """Keep a swarm's roster, or show it if no agents are given."""
    from kitbash.cli import swarm as command  # noqa: PLC0415

    command.register(swarm, agents or [], as_json=as_json)


@app.command()
def watch(
    *,
    since_start: Annotated[bool, typer.Option("--all", help="Begin with the oldest event that is kept.")] = False,
    count: Annotated[Optional[int], typer.Option(min=1, help="Leave after this many events.")] = None,  # noqa: UP045
    as_json: AsJson = False,
) -> None:
    """Show what happens on the bus, as it happens."""
    from kitbash.cli import swarm as command  # noqa: PLC0415

    command.watch(since_start=since_start, count=count, as_json=as_json)


@app.command()
def scan(
    *, dry: Annotated[bool, typer.Option("--dry", help="Repair nothing.")] = False, as_json: AsJson = False
) -> None:
    """Look through all keys of the bus, repair what is safe, and tell of the rest."""
    from kitbash.cli import swarm as command  # noqa: PLC0415

    command.scan(dry=dry, as_json=as_json)


@app.command()
def verify(
    record: Annotated[
        str, typer.Argument(metavar="ID", help="finding:, task:, conflict: or proposal:ID, context:SCOPE:NAME.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Check who signed what stands on the bus, and its chain of custody. Exits with 1 unless all of it is valid."""
    from kitbash.cli import swarm_verify as command  # noqa: PLC0415

    command.verify(record, as_json=as_json)
