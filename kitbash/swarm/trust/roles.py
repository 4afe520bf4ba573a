"""What each role may do on the bus, denied by default: the rules of `config/redis/swarm.acl`, in the client too."""

from enum import StrEnum
from typing import Final

from kitbash.swarm.sealing import Operation


class Role(StrEnum):
    """What an agent is on the bus; the value is its wire name and the name of its user in the ACL."""

    AGENT = "agent"
    READER = "reader"
    AUDITOR = "auditor"
    ADMIN = "admin"


_READS: Final = frozenset(
    {
        Operation.GET_TASK,
        Operation.GET_FINDING,
        Operation.GET_FINDINGS_FOR_TASK,
        Operation.GET_CONTEXT,
        Operation.GET_CONFLICTS,
        Operation.GET_PACKET,
    }
)
_AUDITS: Final = _READS | {Operation.GET_INBOX, Operation.GET_PROPOSALS}
_WORKS: Final = _READS | {
    Operation.POST_TASK,
    Operation.CLAIM_TASK,
    Operation.RELEASE_TASK,
    Operation.RENEW_TASK,
    Operation.COMPLETE_TASK,
    Operation.FAIL_TASK,
    Operation.NEXT_TASK,
    Operation.GET_UNASSIGNED_TASK,
    Operation.POST_FINDING,
    Operation.DETECT_FINDING_CONFLICTS,
    Operation.SHARE_CONTEXT,
    Operation.RECORD_SESSION_SUMMARY,
    Operation.ESCALATE_TO_HUMAN,
}

PERMITTED: Final[dict[Role, frozenset[Operation]]] = {
    Role.READER: _READS,
    Role.AUDITOR: _AUDITS,
    Role.AGENT: _WORKS,
    Role.ADMIN: frozenset(Operation),
}
"""All else is refused. People answer the inbox, resolve conflicts, register swarms and scan as admins."""


def permits(role: Role, operation: Operation) -> bool:
    """Return whether a role may do this."""
    return operation in PERMITTED.get(role, frozenset())
