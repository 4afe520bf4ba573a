"""Checking the packet of what was read before anybody uses it."""

from collections.abc import Iterable
from typing import Any, Final

from kitbash.observe import logs
from kitbash.swarm.actions import Actions
from kitbash.swarm.errors import Invalid, Occupied, Refused
from kitbash.swarm.packet import Packet, packet_from
from kitbash.swarm.request import Bus, Check, Steps, Value
from kitbash.swarm.sealing import Standing, Verdict
from kitbash.swarm.stored import mapping

log: Final = logs.logger("kitbash.swarm")


def trusted(bus: Bus, packet: Packet, about: str, actions: Actions) -> Steps[None]:
    """Return if a packet may be used for a record that only these actions make.

    Raises Refused, saying why, if it may not; a warning is logged where what does not stand may.
    """
    if not bus.is_sealed:
        return
    verdict: Verdict = yield Check(packet, actions)
    if not verdict.is_accepted:
        message = f"{about} is not handed out: its packet is {verdict.standing.value} ({verdict.reason})"
        raise Refused(message)
    if verdict.standing is not Standing.VALID:
        log.warning("swarm.packet", about=about, standing=verdict.standing.value, reason=verdict.reason)


def read_packet(text: str, contents: dict[str, Any] | None = None) -> Packet:
    """Return a stored packet, with the contents of the record it is about where they are given. Raises Invalid.

    Contents that are not those that were sealed make the signature another's.
    """
    try:
        value = mapping(text)
    except (ValueError, RecursionError) as error:
        message = f"what is stored is no packet: {str(error)[:80]}"
        raise Invalid(message) from error
    return packet_from(value if contents is None else {**value, "contents": contents})


def readable(each: Iterable[Steps[Value]]) -> Steps[list[Value]]:
    """Return what several commands return, but for those that refuse: one that cannot be used hides no other."""
    found: list[Value] = []
    for steps in each:
        try:
            found.append((yield from steps))
        except (Refused, Invalid, Occupied) as error:
            log.warning("swarm.record", reason=str(error))
    return found


def refuse_moved(key: str, own_key: str) -> None:
    """Return if a record stands in its own key. Raises Refused for one that somebody copied to another's."""
    if key != own_key:
        message = f"{key} is not handed out: what stands there belongs in {own_key}; somebody copied it, so DEL it"
        raise Refused(message)
