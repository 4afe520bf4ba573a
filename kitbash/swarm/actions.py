"""What may have been done with a record: the actions that its packets may carry, all others make them invalid.

So a packet that was signed to do one thing is not taken for another, whoever signed it.
"""

from typing import Final

from kitbash.swarm.packet import Packet
from kitbash.swarm.sealing import Operation

Actions = frozenset[Operation]

ANY: Final[Actions] = frozenset(Operation)
FINDING: Final[Actions] = frozenset({Operation.POST_FINDING, Operation.ESCALATE_TO_HUMAN, Operation.ANSWER_INBOX})
TASK: Final[Actions] = frozenset({Operation.POST_TASK})
TASK_LATER: Final[Actions] = frozenset(
    {Operation.CLAIM_TASK, Operation.RELEASE_TASK, Operation.COMPLETE_TASK, Operation.FAIL_TASK}
)
"""Of the packets of a task's claims."""
CONFLICT: Final[Actions] = frozenset({Operation.DETECT_FINDING_CONFLICTS})
RESOLUTION: Final[Actions] = frozenset({Operation.RESOLVE_CONFLICT})
PROPOSAL: Final[Actions] = frozenset({Operation.PROPOSE})
DECISION: Final[Actions] = frozenset({Operation.DECIDE_PROPOSAL})
CONTEXT: Final[Actions] = frozenset({Operation.SHARE_CONTEXT})
SESSION: Final[Actions] = frozenset({Operation.RECORD_SESSION_SUMMARY})
ROSTER: Final[Actions] = frozenset({Operation.REGISTER_SWARM})
SCAN: Final[Actions] = frozenset({Operation.RECORD_REMEDIATION_SCAN})
PERSON: Final = "person:"
"""How the worker of a finding begins that a person answered with."""

_FIRST: Final = {
    "finding": FINDING,
    "task": TASK,
    "conflict": CONFLICT,
    "proposal": PROPOSAL,
    "context": CONTEXT,
    "session:infrafabric": SESSION,
    "swarm:registry": ROSTER,
    "swarm:remediation": SCAN,
}
_LATER: Final = {"task": TASK_LATER, "conflict": RESOLUTION, "proposal": DECISION}


def of_record(record: str, place: int) -> Actions:
    """Return what a record's packet may say was done, by the record's name and the packet's place, the oldest 0."""
    kind = next((kind for kind in _FIRST if record.startswith(f"{kind}:")), "")
    return (_LATER if place else _FIRST).get(kind, frozenset())


def fault(packet: Packet, permitted: Actions) -> str | None:
    """Return what is wrong in words with what a packet says was done and by whom, or None.

    The last entry of custody must be one of the permitted actions; a finding's worker the origin, or the person whom
    an answer is of.
    """
    action = packet.chain_of_custody[-1].action
    if action not in permitted:
        return f"it was signed to {action[:40]!a}, and stands where that is not what was done"
    if action not in FINDING or "worker_id" not in packet.contents:
        return None
    worker = str(packet.contents["worker_id"])
    if worker.startswith(PERSON):
        return None if action == Operation.ANSWER_INBOX else f"only an answer from the inbox is of {worker!r}"
    return None if worker == packet.origin else f"it says that it is the work of {worker!r}, not of its origin"
