"""A packet as bytes: what is signed, and what travels. Bytes that are not their packet's own are refused."""

import json

from kitbash.swarm.errors import Invalid
from kitbash.swarm.packet import Custody, Packet, custody_to, packet_from, packet_to
from kitbash.swarm.trust.canonical import canonical_bytes


def signed_bytes(packet: Packet, key_id: str, chain: tuple[Custody, ...] | None = None) -> bytes:
    """Return what a signature is made over: the whole envelope, the key's name included, the signature's value empty.

    `chain` is the custody that the packet is about to have, if it is not the one it has. Raises Invalid for contents
    that have no canonical bytes.
    """
    custody = {} if chain is None else {"chain_of_custody": [custody_to(entry) for entry in chain]}
    return canonical_bytes({**packet_to(packet), **custody, "signature": [key_id, ""]})


def write(packet: Packet) -> bytes:
    """Return a packet's own bytes. Raises Invalid for contents that have none."""
    return canonical_bytes(packet_to(packet))


def read(data: bytes) -> Packet:
    """Return the packet that `write` gave these bytes for. Raises Invalid for any others, whatever they could mean.

    A space more, a letter escaped or a time written otherwise would mean the same and is refused: no byte is free.
    """
    try:
        value = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        message = "these bytes are no JSON text in UTF-8; send the packet again"
        raise Invalid(message) from error
    packet = packet_from(value)
    if write(packet) != data:
        message = "these bytes are not the canonical ones of their packet; something on the way rewrote it"
        raise Invalid(message)
    return packet
