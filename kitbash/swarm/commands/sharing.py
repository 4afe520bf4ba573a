"""What agents tell each other: contexts, session summaries, rosters, scans; each with its packet, the newest counts."""

from collections.abc import Callable, Mapping
from typing import Any

from kitbash.swarm import actions, records
from kitbash.swarm import context as contexts
from kitbash.swarm.commands.trusting import read_packet, refuse_moved, trusted
from kitbash.swarm.commands.writing import stamped, write
from kitbash.swarm.context import Context
from kitbash.swarm.records import RemediationScan, SessionSummary, SwarmRegistry
from kitbash.swarm.request import Ask, Bus, Permit, Steps, Value
from kitbash.swarm.scripts import Verb
from kitbash.swarm.sealing import Operation
from kitbash.swarm.stored import dumps, flat, mapping, read


def share_context(bus: Bus, context: Context, agent: str) -> Steps[bool]:
    """Keep a context for a day in place of the one under its name."""
    yield Permit(agent, Operation.SHARE_CONTEXT)
    contents = contexts.contents_of(context.checked())
    at = bus.keys.context(context.scope, context.name)
    fields = flat(contexts.fields_of(context))
    return (yield from _keep(bus, at, "share_context", agent, contents, contexts.TTL_S, fields))


def get_context(bus: Bus, scope: str, name: str, agent: str) -> Steps[Context | None]:
    """Return a context, or None. Raises Refused if its packet is not trusted."""
    yield Permit(agent, Operation.GET_CONTEXT)
    at = bus.keys.context(scope, name)
    fields = yield Ask(("HGETALL", at))
    if not fields:
        return None
    context = read(at, fields, contexts.of_fields)
    refuse_moved(at, bus.keys.context(context.scope, context.name))
    if bus.is_sealed:
        sealed = str((yield Ask(("GET", bus.keys.packet(at)))) or "{}")
        packet = read_packet(sealed, contexts.contents_of(context))
        yield from trusted(bus, packet, f"context {scope}:{name}", actions.CONTEXT)
    return context


def record_session_summary(bus: Bus, summary: SessionSummary, agent: str) -> Steps[bool]:
    """Keep a session's summary for 30 days."""
    yield Permit(agent, Operation.RECORD_SESSION_SUMMARY)
    at = bus.keys.session(summary.date, summary.label)
    contents = records.session_contents(summary)
    return (yield from _keep(bus, at, "record_session_summary", agent, contents, records.SESSION_TTL_S))


def register_swarm(bus: Bus, registry: SwarmRegistry, agent: str) -> Steps[bool]:
    """Keep a swarm's roster for 7 days."""
    yield Permit(agent, Operation.REGISTER_SWARM)
    at = bus.keys.registry(registry.id)
    contents = records.registry_contents(registry)
    return (yield from _keep(bus, at, "register_swarm", agent, contents, records.REGISTRY_TTL_S))


def record_scan(bus: Bus, scan: RemediationScan, agent: str) -> Steps[bool]:
    """Keep a hygiene scan's result for 7 days."""
    yield Permit(agent, Operation.RECORD_REMEDIATION_SCAN)
    at = bus.keys.remediation(scan.date, scan.scan_type)
    contents = records.scan_contents(scan)
    return (yield from _keep(bus, at, "record_remediation_scan", agent, contents, records.SCAN_TTL_S))


def get_registry(bus: Bus, swarm_id: str, agent: str) -> Steps[SwarmRegistry | None]:
    """Return a swarm's roster, or None. Raises Refused if its packet is not trusted."""
    yield Permit(agent, Operation.GET_CONTEXT)
    at = bus.keys.registry(swarm_id)
    return (yield from _kept(bus, at, records.registry_of, lambda it: bus.keys.registry(it.id), actions.ROSTER))


def get_scan(bus: Bus, date: str, scan_type: str, agent: str) -> Steps[RemediationScan | None]:
    """Return a day's last hygiene scan of a type, or None. Raises Refused if its packet is not trusted."""
    yield Permit(agent, Operation.GET_CONTEXT)
    at = bus.keys.remediation(date, scan_type)
    return (
        yield from _kept(bus, at, records.scan_of, lambda it: bus.keys.remediation(it.date, it.scan_type), actions.SCAN)
    )


def _kept(
    bus: Bus,
    at: str,
    of: Callable[[Mapping[str, Any]], Value],
    own_key: Callable[[Value], str],
    fits: actions.Actions,
) -> Steps[Value | None]:
    text = yield Ask(("GET", at))
    if text is None:
        return None
    value = read(at, text, lambda it: of(mapping(it)))
    refuse_moved(at, own_key(value))
    if bus.is_sealed:
        sealed = str((yield Ask(("GET", bus.keys.packet(at)))) or "{}")
        yield from trusted(bus, read_packet(sealed, mapping(text)), at, fits)
    return value


def _keep(  # noqa: PLR0917 - the one place all of it comes together
    bus: Bus,
    at: str,
    action: str,
    agent: str,
    contents: Mapping[str, Any],
    ttl_s: int,
    fields: list[str] | None = None,
) -> Steps[bool]:
    stamp = yield from stamped(bus, agent, action, lambda: contents)
    kind, kept = ("string", [dumps(dict(contents))]) if fields is None else ("hash", fields)
    told = (action, at.removeprefix(bus.keys.prefix), agent, bus.events_length)
    keys = (at, bus.keys.packet(at), bus.keys.events)
    yield from write(Verb.KEEP, keys, (kind, ttl_s, stamp.around(contents), *told, *kept))
    return True
