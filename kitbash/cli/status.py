"""`kitbash status`."""

from typing import Any

from kitbash.blackboard import connection
from kitbash.cli import output
from kitbash.client import Client
from kitbash.domain.layer import Queue
from kitbash.errors import Unavailable


def status(*, as_json: bool, worker: str | None = None) -> None:
    """Print the server, the queues with their workers, and the cartridges.

    With `worker` nothing is printed; raises Unavailable unless it announced itself in the last seconds.
    """
    with Client() as client:
        if worker is not None:
            if not any(worker in names for names in client.runtime.board.workers().values()):
                message = f"no worker {worker!r} announces itself; start it with: celery -A kitbash worker -n {worker}"
                raise Unavailable(message)
            return
        found = read(client)
    if as_json:
        output.print_json(found)
        return
    output.line(f"server     {found['server']} ({found['address']})")
    output.line(f"open       {found['open_queries']} queries, {found['ended_queries']} wait to be archived")
    output.line(f"cartridges {found['cartridges']} with {found['facts']} facts, {len(found['set_aside'])} set aside")
    output.table(
        "Queues",
        ("queue", "workers", "waiting", "dead"),
        [(it["queue"], len(it["workers"]), it["waiting"], it["dead"]) for it in found["queues"]],
    )


def read(client: Client) -> dict[str, Any]:
    """Return the state of everything, as JSON values."""
    # Imported here: Celery takes long to import, and most commands do without.
    from kitbash.queues import depths  # noqa: PLC0415

    runtime = client.runtime
    board, library = runtime.board, runtime.library
    workers = board.workers()
    runtime.make_current()
    waiting = depths()
    return {
        "server": board.server(),
        "address": connection.masked(runtime.at.blackboard),
        "is_private": runtime.at.lease is not None,
        "open_queries": board.count_open(),
        "ended_queries": board.count_ended(),
        "cartridges": len(library.cartridges),
        "facts": sum(it.index.fact_count for it in library.cartridges.values()),
        "set_aside": [{"name": it.name, "reason": it.reason} for it in library.set_aside],
        "queues": [
            {
                "queue": queue.value,
                "workers": list(workers.get(queue, ())),
                "waiting": waiting[queue],
                "dead": len(board.dead(queue)),
            }
            for queue in Queue
        ],
    }
