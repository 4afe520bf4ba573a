"""Where trust joins the bus: who seals packets and checks them, and who may do what.

`kitbash.swarm.trust` implements it. Off, packets carry a plain entry of custody and nothing is checked.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from kitbash.swarm.packet import Packet


class Operation(StrEnum):
    """What an agent may want of the bus; the value is the method's name."""

    POST_TASK = "post_task"
    CLAIM_TASK = "claim_task"
    RELEASE_TASK = "release_task"
    RENEW_TASK = "renew_task"
    COMPLETE_TASK = "complete_task"
    FAIL_TASK = "fail_task"
    NEXT_TASK = "next_task"
    GET_UNASSIGNED_TASK = "get_unassigned_task"
    GET_TASK = "get_task"
    POST_FINDING = "post_finding"
    GET_FINDING = "get_finding"
    GET_FINDINGS_FOR_TASK = "get_findings_for_task"
    DETECT_FINDING_CONFLICTS = "detect_finding_conflicts"
    GET_CONFLICTS = "get_conflicts"
    RESOLVE_CONFLICT = "resolve_conflict"
    PROPOSE = "propose"
    GET_PROPOSALS = "get_proposals"
    DECIDE_PROPOSAL = "decide_proposal"
    SHARE_CONTEXT = "share_context"
    GET_CONTEXT = "get_context"
    RECORD_SESSION_SUMMARY = "record_session_summary"
    REGISTER_SWARM = "register_swarm"
    RECORD_REMEDIATION_SCAN = "record_remediation_scan"
    ESCALATE_TO_HUMAN = "escalate_to_human"
    GET_INBOX = "get_inbox"
    ANSWER_INBOX = "answer_inbox"
    GET_PACKET = "get_packet"
    SCAN = "scan"


class Standing(StrEnum):
    """What came of checking a packet."""

    UNCHECKED = "unchecked"
    VALID = "valid"
    UNSIGNED = "unsigned"
    INVALID = "invalid"
    UNKNOWN_AGENT = "unknown_agent"
    KEY_EXPIRED = "key_expired"
    KEY_REVOKED = "key_revoked"
    REPLAYED = "replayed"
    OUTSIDE_WINDOW = "outside_window"
    CUSTODY_BROKEN = "custody_broken"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of checking a packet, whether the bus may use it, and why in words."""

    standing: Standing
    is_accepted: bool
    reason: str = ""


class Sealer(Protocol):
    """Seals what is sent and checks what is read. May block on its key registry; never called in an event loop."""

    def seal(self, packet: Packet, action: str) -> Packet:
        """Return the packet with an entry of custody for `action` by its origin, and signed if that is its business."""
        ...

    def check(self, packet: Packet, now: datetime, actions: frozenset[Operation] = ...) -> Verdict:
        """Return whether a packet that was read may be used, at an aware time, where only these actions fit."""
        ...


class Guard(Protocol):
    """Says who may do what, with the same rules as the server's ACL."""

    def require(self, agent: str, operation: Operation) -> None:
        """Return if the agent may do this. Raises Refused otherwise."""
        ...


class NoSealer:
    """Trust is off: custody is noted in plain, every packet is taken."""

    def seal(self, packet: Packet, action: str) -> Packet:
        """Return the packet with a plain entry of custody."""
        return packet.handled(packet.origin, action, at=packet.dispatched_at)

    def check(self, packet: Packet, now: datetime, actions: frozenset[Operation] = frozenset()) -> Verdict:
        """Take every packet."""
        del packet, now, actions
        return Verdict(Standing.UNCHECKED, is_accepted=True)


class NoGuard:
    """Trust is off: everybody may do everything that the server lets them."""

    def require(self, agent: str, operation: Operation) -> None:
        """Refuse nothing."""
        del agent, operation
