"""A fact proposed to the experiment cartridge: what several workers agree on, or a person says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from kitbash.swarm import check
from kitbash.swarm.actions import PERSON
from kitbash.swarm.agreement import Agreement, agreements
from kitbash.swarm.finding import MAX_CITATION_CHARS, MAX_CLAIM_CHARS, Finding
from kitbash.swarm.speech import SpeechAct
from kitbash.swarm.stored import Fields, dumps_texts, texts_from

TTL_S: Final = 30 * 86_400
MOST_OPEN: Final = 1000
"""How many wait for people; while there are so many nothing is proposed."""
MAX_SOURCES: Final = 64
MAX_QUESTION_CHARS: Final = 2000


class Decision(StrEnum):
    """What was decided about a proposal."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A claim that was confirmed, how sure that makes it (0 to 1), on what it stands, and which question it answers.

    `id` is the finding's that says it. Raises Invalid for fields out of bounds.
    """

    id: str
    claim: str
    confidence: float
    sources: Sequence[str] = ()
    task_id: str = ""
    question: str = ""
    created_at: datetime = field(default_factory=check.now)
    decision: Decision = Decision.PENDING
    decided_by: str = ""

    def __post_init__(self) -> None:
        """Check the fields. Raises Invalid."""
        check.name_in_key(self.id, "proposal id")
        check.text(self.claim, "claim", most_chars=MAX_CLAIM_CHARS, is_needed=True)
        check.text(self.question, "question", most_chars=MAX_QUESTION_CHARS)
        sources = check.texts(self.sources, "sources", most=MAX_SOURCES, most_chars=MAX_CITATION_CHARS)
        check.put(self, confidence=check.fraction(self.confidence, "confidence"), sources=sources)
        if self.task_id:
            check.name_in_key(self.task_id, "task_id")

    @property
    def score(self) -> str:
        """Return its place in the queue as Redis reads it: the oldest first."""
        return str(int(self.created_at.timestamp() * 1000))


def confirmed(findings: Sequence[Finding], least: float, question: str = "") -> list[Proposal]:
    """Return what a task's findings confirm with a confidence of at least `least`, each claim once.

    That is what at least two workers agree on, with their merged confidence, and what a person answered, with theirs.
    """
    agreed = [it for it in agreements(findings) if it.confidence >= least]
    together = {it.id for agreement in agreed for it in agreement.findings}
    said = [
        it
        for it in findings
        if it.worker_id.startswith(PERSON) and it.confidence >= least and it.id not in together
        if it.speech_act is not SpeechAct.ESCALATE and it.claim.strip()
    ]
    return [*(_of_agreement(it, question) for it in agreed), *(_of_person(it, question) for it in said)]


def _of_agreement(agreed: Agreement, question: str) -> Proposal:
    # Named by the oldest of them, so that one more worker that agrees proposes nothing again.
    first = min(agreed.findings, key=lambda it: (it.timestamp, it.id))
    return _proposal(first, agreed.confidence, agreed.findings, question)


def _of_person(said: Finding, question: str) -> Proposal:
    return _proposal(said, said.confidence, [said], question)


def _proposal(one: Finding, confidence: float, findings: Sequence[Finding], question: str) -> Proposal:
    cited = dict.fromkeys(source for it in findings for source in (*it.citations, f"finding:{it.id} by {it.worker_id}"))
    return Proposal(
        id=one.id,
        claim=one.claim,
        confidence=confidence,
        sources=list(cited)[:MAX_SOURCES],
        task_id=one.task_id,
        question=question,
    )


def contents_of(proposal: Proposal) -> dict[str, Any]:
    """Return what is proposed as JSON values, as its packet carries it."""
    return {
        "id": proposal.id,
        "claim": proposal.claim,
        "confidence": proposal.confidence,
        "sources": list(proposal.sources),
        "task_id": proposal.task_id,
        "question": proposal.question,
        "created_at": proposal.created_at.isoformat(),
    }


def fields_of(proposal: Proposal) -> dict[str, str]:
    """Return a proposal as the fields of its hash."""
    return {
        "id": proposal.id,
        "claim": proposal.claim,
        "confidence": repr(proposal.confidence),
        "sources": dumps_texts(proposal.sources),
        "task_id": proposal.task_id,
        "question": proposal.question,
        "created_at": proposal.created_at.isoformat(),
        "resolution": proposal.decision.value,
    }


def of_fields(fields: Fields) -> Proposal:
    """Return the proposal that a hash holds. Raises KeyError or ValueError for anything else."""
    return Proposal(
        id=fields["id"],
        claim=fields["claim"],
        confidence=float(fields["confidence"]),
        sources=texts_from(fields["sources"]),
        task_id=fields["task_id"],
        question=fields["question"],
        created_at=check.instant(fields["created_at"], "created_at"),
        decision=Decision(fields["resolution"]),
        decided_by=fields.get("decided_by", ""),
    )
