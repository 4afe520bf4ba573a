"""Every key of the findings bus, built here and nowhere else: `<prefix><what>`.

The patterns are those of IF.swarm.s2 (`task:{id}`, `finding:{id}`, ...). The default prefix carries a hash tag, so that
all keys of a script lie in one slot of a cluster. Names in keys were checked by `check.name_in_key` or are digests.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from kitbash.domain.normal_form import normal_form
from kitbash.swarm import check
from kitbash.swarm.errors import Invalid
from kitbash.swarm.finding import Finding

DEFAULT_PREFIX: Final = "kb:{swarm}:"
_PREFIX: Final = re.compile(r"(?:[A-Za-z0-9_.:-]|\{[A-Za-z0-9_.:-]+\}){0,64}")


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one bus. Raises Invalid for a prefix that could be taken for a pattern."""

    prefix: str = DEFAULT_PREFIX
    events: str = field(init=False)
    """trimmed stream of what happens on the bus"""
    unassigned: str = field(init=False)
    """sorted set of work nobody has, by priority and age"""
    leased: str = field(init=False)
    """sorted set of work somebody has, by the end of the lease in milliseconds"""
    conflicts: str = field(init=False)
    """sorted set of conflicts nobody has settled, the gravest first"""
    inbox: str = field(init=False)
    """sorted set of questions to people that nobody has answered, by time"""
    proposals: str = field(init=False)
    """sorted set of facts that are proposed and nobody has decided about, by time"""

    def __post_init__(self) -> None:
        """Check the prefix. Raises Invalid."""
        if not _PREFIX.fullmatch(self.prefix) or self.prefix.count("{") > 1:
            message = (
                f"the prefix {self.prefix[:40]!a} is not up to 64 letters, digits, '_', '-', '.', ':' and one hash "
                f"tag in braces, such as {DEFAULT_PREFIX}"
            )
            raise Invalid(message)
        check.put(
            self,
            events=f"{self.prefix}events",
            unassigned=f"{self.prefix}tasks:unassigned",
            leased=f"{self.prefix}tasks:leased",
            conflicts=f"{self.prefix}conflicts:open",
            inbox=f"{self.prefix}inbox:open",
            proposals=f"{self.prefix}proposals:open",
        )

    @property
    def has_tag(self) -> bool:
        """Return whether all keys lie in one slot of a cluster."""
        return "{" in self.prefix

    def task(self, task_id: str) -> str:
        """Return the hash of a task."""
        return f"{self.prefix}task:{check.name_in_key(task_id, 'task id')}"

    def finding(self, finding_id: str) -> str:
        """Return the hash of a finding."""
        return f"{self.prefix}finding:{check.name_in_key(finding_id, 'finding id')}"

    def of_finding(self, finding: Finding) -> list[str]:
        """Return the keys a finding is written to: its hash, the events, the list of its task and of its topic if any.

        Its ids were checked.
        """
        keys = [f"{self.prefix}finding:{finding.id}", self.events]
        if finding.task_id:
            keys.append(f"{self.prefix}findings:of:{finding.task_id}")
        if finding.topic:
            keys.append(self.findings_on(finding.topic))
        return keys

    def findings_of(self, task_id: str) -> str:
        """Return the list of a task's findings; one that is never written for no task."""
        return f"{self.prefix}findings:of:{task_id and check.name_in_key(task_id, 'task id')}"

    def findings_on(self, topic: str) -> str:
        """Return the list of the findings on a topic, by a digest of its normal form; never written for no topic."""
        form = normal_form(topic) if topic else ""
        return f"{self.prefix}findings:on:{form and hashlib.sha256(form.encode()).hexdigest()[:32]}"

    def conflict(self, conflict_id: str) -> str:
        """Return the hash of a conflict."""
        return f"{self.prefix}conflict:{check.name_in_key(conflict_id, 'conflict id')}"

    def proposal(self, proposal_id: str) -> str:
        """Return the hash of a proposed fact."""
        return f"{self.prefix}proposal:{check.name_in_key(proposal_id, 'proposal id')}"

    def context(self, scope: str, name: str) -> str:
        """Return the hash of a shared context."""
        return f"{self.prefix}context:{check.name_in_key(scope, 'scope')}:{check.name_in_key(name, 'name')}"

    def session(self, date: str, label: str) -> str:
        """Return the string of a session's summary."""
        return f"{self.prefix}session:infrafabric:{check.day(date)}:{check.name_in_key(label, 'label')}"

    def registry(self, swarm_id: str) -> str:
        """Return the string of a swarm's roster."""
        return f"{self.prefix}swarm:registry:{check.name_in_key(swarm_id, 'swarm id')}"

    def remediation(self, date: str, scan_type: str) -> str:
        """Return the string of a hygiene scan's result."""
        return f"{self.prefix}swarm:remediation:{check.day(date)}:{check.name_in_key(scan_type, 'scan_type')}"

    def packet(self, key: str) -> str:
        """Return where the packets of what stands in a key are kept."""
        return f"{self.prefix}packet:{key.removeprefix(self.prefix)}"
