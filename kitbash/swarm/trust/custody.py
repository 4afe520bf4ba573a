"""The chain of custody: each entry's link is a digest over the link before it and the entry itself.

An entry that is removed, edited or moved breaks the links after it. One cut off at the end leaves the links whole; that
is why the last entry must be the origin's, and why the signature covers all of them. Whoever holds no key can therefore
neither shorten nor lengthen a chain; an agent with a key answers with its name for the chain it signs.
"""

import hashlib
from dataclasses import replace
from datetime import datetime

from kitbash.swarm.packet import Custody, Packet
from kitbash.swarm.trust.canonical import canonical_bytes


def link(before: str, agent: str, action: str, at: datetime) -> str:
    """Return the link of an entry that follows the link `before` (empty for the first): SHA-256, 64 hex digits."""
    return hashlib.sha256(canonical_bytes([before, agent, action, at.isoformat()])).hexdigest()


def longer(chain: tuple[Custody, ...], agent: str, action: str, at: datetime) -> tuple[Custody, ...]:
    """Return a chain with one more entry, linked to those it has."""
    return (*chain, Custody(agent, action, at, link(chain[-1].link if chain else "", agent, action, at)))


def extended(packet: Packet, agent: str, action: str, at: datetime) -> Packet:
    """Return the packet with one more entry, linked to those it has."""
    return replace(packet, chain_of_custody=longer(packet.chain_of_custody, agent, action, at))


def fault(packet: Packet) -> str | None:
    """Return what is wrong with a packet's chain in words, or None when every link fits."""
    before = ""
    for number, entry in enumerate(packet.chain_of_custody, start=1):
        if entry.link != link(before, entry.agent, entry.action, entry.at):
            return f"custody entry {number} does not follow the one before it: an entry was removed, moved or changed"
        before = entry.link
    if not packet.chain_of_custody:
        return "there is no entry of custody"
    if packet.chain_of_custody[-1].agent != packet.origin:
        return "the last entry of custody is not the origin's: entries were cut off, or another agent added one"
    return None
