"""`kitbash dead`."""

from dataclasses import asdict
from datetime import UTC, datetime

from kitbash.cli import output
from kitbash.client import Client
from kitbash.domain.layer import Queue


def dead(*, as_json: bool) -> None:
    """Print what the queues gave up on, the newest first."""
    with Client() as client:
        letters = [letter for queue in Queue for letter in client.runtime.board.dead(queue)]
    if as_json:
        output.print_json([asdict(letter) for letter in letters])
        return
    rows = [
        (
            datetime.fromtimestamp(it.at_ms / 1000, UTC).isoformat(timespec="seconds"),
            it.queue.value,
            it.task,
            it.query_id,
            it.reason,
        )
        for it in letters
    ]
    output.table("Dead letters", ("at", "queue", "task", "query", "reason"), rows)
