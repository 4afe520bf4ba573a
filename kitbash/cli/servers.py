"""`kitbash servers`: the model servers of the settings, and how whoever watches them last saw them."""

from dataclasses import asdict
from typing import Final

from kitbash.cli import output
from kitbash.client import Client
from kitbash.domain.model_server import ServerState, ServerStatus
from kitbash.models.health import ailment
from kitbash.settings.model_server import ModelServer

SILENT_MS: Final = 15_000
GIVEN_UP_MS: Final = 600_000
"""How long it is believed that somebody gave a server up."""
"""What was not heard of for this long is looked at anew: nobody watches it."""
_PROBE_S: Final = 2.0


def servers(*, as_json: bool) -> None:
    """Print every configured model server; one that nobody watches is looked at now."""
    with Client() as client:
        registry = client.runtime.servers
        seen, now_ms = registry.states(), registry.now_ms()
        configured = client.runtime.settings.servers
        found = [(_current(name, server, seen.get(name), now_ms), server) for name, server in configured.items()]
    if as_json:
        shown = [{**asdict(it), "is_local": server.is_local, "age_ms": _age_ms(it, now_ms)} for it, server in found]
        output.print_json(shown)
        return
    if not found:
        output.line("no model server is set; name one under servers: in config/kitbash.yaml")
        return
    rows = [_row(state, server, now_ms) for state, server in found]
    output.table("Model servers", ("name", "status", "address", "process", "load", "restarts", "seen", "why"), rows)


def _current(name: str, server: ModelServer, seen: ServerState | None, now_ms: int) -> ServerState:
    trusted_ms = GIVEN_UP_MS if seen is not None and seen.status is ServerStatus.GIVEN_UP else SILENT_MS
    if seen is not None and now_ms - seen.seen_ms < trusted_ms:
        return seen
    why = ailment(server.address, server.health, _PROBE_S)
    status = ServerStatus.UNHEALTHY if why else ServerStatus.HEALTHY
    return ServerState(name, status, server.address, detail=why, seen_ms=now_ms)


def _age_ms(state: ServerState, now_ms: int) -> int:
    return max(0, now_ms - state.seen_ms)


def _row(state: ServerState, server: ModelServer, now_ms: int) -> tuple[object, ...]:
    process = state.pid or ("-" if server.is_local else "remote")
    load = "-" if state.load is None else f"{state.load:.2f}"
    seen = f"{_age_ms(state, now_ms) / 1000:.0f} s ago"
    return (state.name, state.status, state.address, process, load, state.restarts, seen, state.detail)
