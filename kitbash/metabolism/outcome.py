"""What a cycle hands back to whoever runs it: what to write, what to tell, and what to do once it is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from kitbash.blackboard.metabolism import Findings, Lease
from kitbash.domain.metabolism import CycleResult

MOST_TOLD: Final = 20
"""How many changes are told one by one; of the rest only the number."""


def _nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`analysed` counts what was looked at, `found` what of it mattered. `after` runs once the findings are kept."""

    findings: Findings
    analysed: int
    found: int
    changed: Sequence[str] = ()
    after: Callable[[], object] = _nothing

    def result(self, lease: Lease, now_ms: int) -> CycleResult:
        """Return what the cycle did, for those who look later."""
        told = tuple(self.changed[:MOST_TOLD])
        if len(self.changed) > MOST_TOLD:
            told = (*told, f"and {len(self.changed) - MOST_TOLD} more changes")
        return CycleResult(
            lease.cycle, lease.kind, lease.begun_ms, now_ms, success=True, analysed=self.analysed, found=self.found,
            changed=told,
        )  # fmt: skip
