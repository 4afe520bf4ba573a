"""Brings back what agents found out: follows the bus's events, and tells the queries that the tasks came from.

Told is at least what happened while the bus keeps its events (the newest 5,000), and each thing once, whoever relays.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from kitbash.blackboard.board import EventKind, LaterCode
from kitbash.domain.ids import QueryId
from kitbash.domain.returned import Contested, Found
from kitbash.observe import logs
from kitbash.swarm import check
from kitbash.swarm.client import RedisBusClient
from kitbash.swarm.commands.watching import Event
from kitbash.swarm.errors import Invalid, Occupied, Refused
from kitbash.swarm.finding import Finding
from kitbash.swarm.opening import query_of, question_of
from kitbash.swarm.proposal import confirmed
from kitbash.swarm.speech import SpeechAct
from kitbash.swarm.task import Task

MOST_S: Final = 0.5
"""How long one round may take."""
PAGE: Final = 200
_UNHEARD: Final = frozenset({SpeechAct.ESCALATE, SpeechAct.HOLD})
"""What asks, and what is held back, answers nothing."""

_log: Final = logs.logger(__name__)


class Teller(Protocol):
    """What the relay needs of a blackboard."""

    def tell_later(self, query_id: QueryId | None, kind: EventKind, data: str, *, name: str) -> LaterCode:
        """Have something told of a settled query, once by its name."""
        ...

    def relayed(self) -> str:
        """Return up to which event all is told."""
        ...

    def note_relayed(self, entry_id: str) -> None:
        """Note up to which event all is told."""
        ...


def answering(findings: Sequence[Finding], result: str) -> Finding | None:
    """Return the finding that a task was completed with: the one its result names, else the surest, then the newest.

    None if there is none that says anything.
    """
    said = [it for it in findings if it.speech_act not in _UNHEARD and it.claim.strip()]
    named = next((it for it in said if it.id == result.strip()), None)
    return named or max(said, key=lambda it: (it.confidence, it.timestamp), default=None)


class Relay:
    """Tells queries what the bus brought about them, and proposes what was confirmed. Several at once do it once."""

    def __init__(self, bus: RedisBusClient, board: Teller, agent: str, *, propose_from: float) -> None:
        """Use a client of the bus and a blackboard, which stay their owner's to close."""
        self._bus = bus
        self._board = board
        self._agent = agent
        self._propose_from = propose_from
        self._heard: dict[str, Callable[[str], None]] = {
            "task_completed": self._completed,
            "answered": self._answered,
            "conflict_found": self._contested,
        }

    def run(self, *, most_s: float = MOST_S) -> int:
        """Tell what happened since the last round, and return how many events were looked at.

        Raises StoreUnavailable when a server does not answer; what was not told then is told in the next round.
        """
        ends_s, looked = time.monotonic() + most_s, 0
        after = self._board.relayed()
        while time.monotonic() < ends_s:
            events = self._bus.events(after, most=PAGE, block_ms=0)
            for event in events:
                self._tell(event)
            if not events:
                break
            after = events[-1].entry_id
            looked += len(events)
            self._board.note_relayed(after)
        return looked

    def _tell(self, event: Event) -> None:
        hear = self._heard.get(event.kind)
        if hear is None:
            return
        try:
            hear(check.name_in_key(event.id, "id of an event"))
        except (Refused, Invalid, Occupied) as error:
            # One record that cannot be read must not keep the others waiting.
            _log.warning("swarm.not_relayed", kind=event.kind, record=event.id, reason=str(error))

    def _completed(self, task_id: str) -> None:
        task = self._bus.get_task(task_id, self._agent)
        if task is None:
            return
        findings = self._bus.get_findings_for_task(task_id, self._agent)
        self._found(task, answering(findings, task.result))
        self._propose(task, findings)

    def _answered(self, finding_id: str) -> None:
        finding = self._bus.get_finding(finding_id, self._agent)
        task = self._bus.get_task(finding.task_id, self._agent) if finding and finding.task_id else None
        if task is None:
            return
        self._found(task, finding)
        self._propose(task, self._bus.get_findings_for_task(task.id, self._agent))

    def _found(self, task: Task, finding: Finding | None) -> None:
        query_id = query_of(task)
        if finding is None or query_id is None:
            return
        citations = tuple(finding.citations)
        told = Found(finding.claim, finding.confidence, citations, finding.id, finding.worker_id, task.id).bounded()
        self._noted(EventKind.FOUND, query_id, told)

    def _contested(self, conflict_id: str) -> None:
        conflict = self._bus.get_conflict(conflict_id, self._agent)
        if conflict is None:
            return
        task = self._bus.get_task(conflict.task_id, self._agent) if conflict.task_id else None
        sides = [self._bus.get_finding(it, self._agent) for it in (conflict.first_id, conflict.second_id)]
        first, second = (it.claim if it is not None else "(expired)" for it in sides)
        grade, kind = conflict.grade.value, conflict.kind.value
        told = Contested(conflict.id, grade, kind, conflict.size, first, second, conflict.task_id).bounded()
        self._noted(EventKind.CONFLICT, None if task is None else query_of(task), told)

    def _noted(self, kind: EventKind, query_id: QueryId | None, told: Found | Contested) -> None:
        code = self._board.tell_later(query_id, kind, told.to_json(), name=told.name)
        if code in {LaterCode.TOO_MUCH, LaterCode.NOT_SETTLED}:
            _log.warning("swarm.not_told", query_id=query_id, record=told.name, code=code.name)

    def _propose(self, task: Task, findings: Sequence[Finding]) -> None:
        for proposal in confirmed(findings, self._propose_from, question_of(task)):
            self._bus.propose(proposal, self._agent)
