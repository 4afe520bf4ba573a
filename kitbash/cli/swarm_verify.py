"""What `kitbash swarm verify` does."""

import re
import sys
from typing import Any, Final

from kitbash.cli import output
from kitbash.errors import NotFound
from kitbash.runtime import Runtime
from kitbash.settings import load
from kitbash.swarm import RedisBusClient
from kitbash.swarm.actions import Actions, of_record
from kitbash.swarm.packet import Packet
from kitbash.swarm.sealing import Standing
from kitbash.swarm.trust.judge import judge, milliseconds
from kitbash.swarm.trust.registry import Registry

_BARE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KINDS: Final = ("finding", "task", "conflict", "proposal")
"""What an id without its kind may be, in the order in which it is looked for."""


def verify(record: str, *, as_json: bool) -> None:
    """Print how each packet of a record stands, the oldest first; leave with 1 unless all are valid."""
    settings = load().settings
    runtime = Runtime(settings)
    try:
        # Read as they are, without asking for leave: what does not stand is what is to be seen.
        name, packets = _packets(RedisBusClient(client=runtime.swarm_redis, prefix=settings.swarm.prefix), record)
        registry = runtime.swarm_keys.read()
    finally:
        runtime.close()
    window_ms = int(settings.trust.window_s * 1000)
    told = [_told(it, registry, window_ms, of_record(name, place)) for place, it in enumerate(packets)]
    if as_json:
        output.print_json({"record": record, "packets": told})
    else:
        columns = ("dispatched_at", "origin", "action", "standing", "reason")
        output.table(f"Packets of {record}", columns, [[it[name] for name in columns] for it in told])
    output.flush()
    if any(it["standing"] != Standing.VALID.value for it in told):
        sys.exit(1)


def _packets(client: RedisBusClient, record: str) -> tuple[str, list[Packet]]:
    names = [f"{kind}:{record}" for kind in _KINDS] if _BARE_ID.fullmatch(record) else [record]
    for name in names:
        packets = client.get_packets(name)
        if packets:
            return name, packets
    message = f"the bus has no packet of {record!r}: nothing of that name was written, or it has expired"
    raise NotFound(message)


def _told(packet: Packet, registry: Registry, window_ms: int, actions: Actions) -> dict[str, Any]:
    # As it was dispatched, not as old as it is now: the window is judged as recorded.
    standing, reason = judge(packet, registry, milliseconds(packet.dispatched_at), ahead_ms=window_ms, actions=actions)
    chain = packet.chain_of_custody
    return {
        "tracking_id": packet.tracking_id,
        "dispatched_at": packet.dispatched_at.isoformat(timespec="seconds"),
        "origin": packet.origin,
        "action": chain[-1].action if chain else "",
        "key": packet.signature.key_id if packet.signature else "",
        "standing": standing.value,
        "reason": reason,
        "custody": [[entry.agent, entry.action, entry.at.isoformat()] for entry in chain],
    }
