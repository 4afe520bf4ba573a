"""Whether a packet is to be believed: a pure function of the packet, the key registry, and the time."""

from base64 import b64decode, b64encode
from datetime import datetime

from kitbash.swarm.actions import ANY, Actions, fault
from kitbash.swarm.errors import Invalid
from kitbash.swarm.packet import Packet
from kitbash.swarm.sealing import Operation, Standing
from kitbash.swarm.trust import custody
from kitbash.swarm.trust.registry import KeyEntry, Registry
from kitbash.swarm.trust.roles import permits
from kitbash.swarm.trust.wire import signed_bytes


def judge(
    packet: Packet, registry: Registry, now_ms: int, *, ahead_ms: int, actions: Actions = ANY
) -> tuple[Standing, str]:
    """Return how a packet stands, and why in words; VALID only if everything fits.

    It fits when the chain of custody is whole and ends with the origin; a key that the registry has for the origin made
    the signature over all of it; and `standing_of_key` finds nothing against that key. `actions` are those that make
    the record it is about.
    """
    if packet.signature is None:
        return Standing.UNSIGNED, "it is not signed"
    if not (keys := registry.of(packet.origin)):
        return Standing.UNKNOWN_AGENT, f"the registry has no key of {packet.origin!r}"
    broken = custody.fault(packet)
    if broken:
        return Standing.CUSTODY_BROKEN, broken
    key = next((key for key in keys if key.key_id == packet.signature.key_id), None)
    if key is None:
        return Standing.INVALID, f"the key that signed it is not one of {packet.origin!r}"
    if not _is_signed(packet, packet.signature.value, key, registry):
        return Standing.INVALID, "the signature does not fit: the packet was changed, or another key signed it"
    return standing_of_key(packet, key, now_ms, ahead_ms=ahead_ms, actions=actions)


def standing_of_key(
    packet: Packet, key: KeyEntry, now_ms: int, *, ahead_ms: int, actions: Actions = ANY
) -> tuple[Standing, str]:
    """Return how a packet stands that this key did sign, and why in words.

    VALID if the key was not revoked, and counted when the packet was dispatched; what the last entry of custody says is
    one of the actions, and its role may do it; who did it is not another than the origin (`actions.py`); and the packet
    is dispatched no more than `ahead_ms` from now. Its age is not judged here: what is stored grows old, and admission
    (`replay.py`) is for what arrives.
    """
    dispatched_ms = milliseconds(packet.dispatched_at)
    if key.revoked_ms is not None:
        return Standing.KEY_REVOKED, f"the key that signed it was revoked: {key.reason or 'no reason is given'}"
    if not key.counts_at(dispatched_ms):
        return Standing.KEY_EXPIRED, "the key that signed it did not count when it was dispatched: rotated, or too old"
    if dispatched_ms > now_ms + ahead_ms:
        ahead_s = (dispatched_ms - now_ms) / 1000
        return Standing.OUTSIDE_WINDOW, f"it is dispatched {ahead_s:.0f} s from now; set the clock of {packet.origin!r}"
    wrong = fault(packet, actions)
    if wrong:
        return Standing.INVALID, wrong
    action = Operation(packet.chain_of_custody[-1].action)
    if not permits(key.role, action):
        return Standing.INVALID, f"the role {key.role.value} of {packet.origin!r} may not {action.value}"
    return Standing.VALID, ""


def milliseconds(at: datetime) -> int:
    """Return an aware time in milliseconds since 1970, rounded down."""
    return int(at.timestamp() * 1000)


def _is_signed(packet: Packet, value: str, key: KeyEntry, registry: Registry) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - loaded where something is verified

    try:
        signature = b64decode(value, validate=True)
        # Base64 leaves bits of the last letter free: only one form of a signature counts.
        if b64encode(signature).decode() != value:
            return False
        registry.verifying(key).verify(signature, signed_bytes(packet, key.key_id))
    except (InvalidSignature, Invalid, ValueError):
        return False
    return True
