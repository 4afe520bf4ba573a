"""`kitbash swarm keys ...`."""

from typing import Annotated, Literal, Optional

import typer

app = typer.Typer(name="keys", help="Make, list, rotate, revoke and trust the keys of agents.", no_args_is_help=True)

Agent = Annotated[str, typer.Argument(help="An agent's name: letters, digits, hyphens, underscores.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Admin = Annotated[str, typer.Option(help="Whose key signs the registry; it must be in this machine's key folder.")]
# `Role` itself is not imported here: with it comes all of the bus.
RoleName = Annotated[Literal["agent", "reader", "auditor", "admin"], typer.Option(help="What the agent may do.")]
Days = Annotated[int, typer.Option(min=1, max=3650, help="How long the key counts.")]
Public = Annotated[
    Optional[str],  # noqa: UP045 - typer reads it
    typer.Option(metavar="KEY", help="Enrol this public key, made on another machine, instead of making one here."),
]


@app.command()
def new(
    agent: Agent,
    *,
    role: RoleName = "agent",
    days: Days = 90,
    admin: Admin = "admin",
    public: Public = None,
) -> None:
    """Make an agent's key and enrol it. The first admin's key is trusted on this machine at once.

    Without an admin's key here the public half is printed, for an admin to enrol elsewhere with --public.
    """
    from kitbash.cli import swarm_keys as command  # noqa: PLC0415

    command.new(agent, role=role, days=days, admin=admin, public=public)


@app.command(name="list")
def list_(*, as_json: AsJson = False) -> None:
    """List the keys of the registry, and whose signature under it counts on this machine."""
    from kitbash.cli import swarm_keys as command  # noqa: PLC0415

    command.list_(as_json=as_json)


@app.command()
def rotate(agent: Agent, *, days: Days = 90, admin: Admin = "admin", public: Public = None) -> None:
    """Give an agent a new key; the old one goes on counting for what it signed before."""
    from kitbash.cli import swarm_keys as command  # noqa: PLC0415

    command.rotate(agent, days=days, admin=admin, public=public)


@app.command()
def revoke(
    agent: Agent,
    *,
    key: Annotated[Optional[str], typer.Option(metavar="ID", help="Only this key of the agent's.")] = None,  # noqa: UP045
    reason: Annotated[str, typer.Option(help="Why; everybody sees it.")] = "",
    admin: Admin = "admin",
) -> None:
    """Have an agent's keys count for nothing, not even for what they signed before."""
    from kitbash.cli import swarm_keys as command  # noqa: PLC0415

    command.revoke(agent, key=key, reason=reason, admin=admin)


@app.command()
def trust(
    root: Annotated[str, typer.Argument(metavar="KEY", help="An admin's public key, compared with the admin's own.")],
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Trust it no more.")] = False,
) -> None:
    """Have key registries count on this machine that this admin's key signed."""
    from kitbash.cli import swarm_keys as command  # noqa: PLC0415

    command.trust(root, remove=remove)


@app.command()
def publish() -> None:
    """Put the newest key registry that this machine has seen back into Redis."""
    from kitbash.cli import swarm_keys as command  # noqa: PLC0415

    command.publish()
