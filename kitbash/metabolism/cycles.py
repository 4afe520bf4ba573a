"""The metabolism: runs the cycle that is due, one at a time over all processes, and writes down what it did."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from kitbash.blackboard.board import OPEN
from kitbash.blackboard.metabolism import Findings, KeepCode, Lease, Running
from kitbash.domain.ids import new_token
from kitbash.domain.metabolism import CycleKind, CycleResult
from kitbash.errors import KitbashError, StoreUnavailable
from kitbash.metabolism.background import background
from kitbash.metabolism.idle import idle
from kitbash.metabolism.needs import Needs
from kitbash.metabolism.outcome import Outcome
from kitbash.metabolism.schedule import Moment, due
from kitbash.metabolism.sleep import Overtaken, sleep
from kitbash.observe import logs

LEASE_MS: Final = 60_000
"""How long others wait for a cycle that died; none takes a tenth of it."""
_OVERTAKEN: Final = "its lease ended before it was done; nothing of it was kept, and the next cycle does it again"
_LOOKED_AT: Final = 50
_log: Final = logs.logger(__name__)


@dataclass(frozen=True, slots=True)
class Metabolism:
    """Turns what was asked into grains, proposals and statistics, beside the asking.

    Cartridges are never written. What is served changes grain by grain, each whole; a query uses the grains that its
    process knew when Layer 0 looked, until it ends. Raises StoreUnavailable when the blackboard does not answer.
    """

    needs: Needs

    def tick(self) -> CycleResult | Running | None:
        """Run the cycle that is due, if one is and the metabolism is enabled."""
        if not self.needs.enabled:
            return None
        kind = due(self.needs.store.state(), self.moment(), self.needs.rhythm)
        return None if kind is None else self.run(kind)

    def moment(self) -> Moment:
        """Return what the schedule looks at."""
        last = self.needs.store.recent(1)
        return Moment(
            now_ms=self.needs.store.now_ms(),
            settled=self.needs.store.count_settled(),
            is_busy=any(pulse.state == OPEN for pulse in self.needs.board.pulses(_LOOKED_AT)),
            asked_ms=last[0].ended_ms if last else 0,
        )

    def run(self, kind: CycleKind) -> CycleResult | Running:
        """Run a cycle now and return what it did, or the cycle that runs already.

        One that fails is written down as failed, and its error raised.
        """
        lease = self.needs.store.begin(kind, token=new_token(), lease_ms=LEASE_MS)
        if isinstance(lease, Running):
            return lease
        try:
            outcome = self._lived(lease)
        except Overtaken:
            return self._failed(lease, _OVERTAKEN)
        except KitbashError as error:
            failed = self._failed(lease, str(error))
            # Whatever made it fail may also keep this from being written.
            with suppress(StoreUnavailable):
                self.needs.store.keep(lease, Findings(result=failed), lease_ms=0)
            raise
        result = outcome.result(lease, self.needs.store.now_ms())
        kept = self.needs.store.keep(lease, replace(outcome.findings, result=result), lease_ms=0)
        if kept is not KeepCode.KEPT:
            return self._failed(lease, _OVERTAKEN)
        outcome.after()
        _log.info("metabolism.cycle", kind=kind.value, cycle=lease.cycle, changed=len(outcome.changed))
        return result

    def _lived(self, lease: Lease) -> Outcome:
        match lease.kind:
            case CycleKind.BACKGROUND:
                return background(lease, self.needs)
            case CycleKind.IDLE:
                return idle(lease, self.needs)
            case CycleKind.SLEEP:
                return sleep(lease, self.needs, lease_ms=LEASE_MS)

    def _failed(self, lease: Lease, why: str) -> CycleResult:
        _log.warning("metabolism.failed", kind=lease.kind.value, cycle=lease.cycle, error=why)
        return CycleResult(lease.cycle, lease.kind, lease.begun_ms, lease.begun_ms, success=False, error=why)
