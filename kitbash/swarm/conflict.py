"""Findings that cannot both be right, and how much that matters.

By content first: claims of one key that are opposite, or whose ranges do not meet. Then by confidence: the same claim,
which one agent is much surer of than the other.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import combinations, islice
from typing import Any, Final

from kitbash.domain.claim import SAME, Claim, apart
from kitbash.swarm import check
from kitbash.swarm.assertion import asserted
from kitbash.swarm.finding import Finding
from kitbash.swarm.speech import SpeechAct
from kitbash.swarm.stored import Fields

THRESHOLD: Final = 0.2
TTL_S: Final = 30 * 86_400
MOST_PAIRS: Final = 100_000
"""How many pairs of one claim are looked at: 450 findings that all say the same or its opposite."""
MOST_OPEN: Final = 1000
"""How many wait for people; while there are so many no more are queued."""
MAX_DECISION_CHARS: Final = 2000
_SCORE_STEP_MS: Final = 2**42


class Grade(StrEnum):
    """How much a conflict matters."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Kind(StrEnum):
    """In what two findings conflict."""

    OPPOSITE = "opposite"
    DISJOINT = "disjoint"
    CONFIDENCE = "confidence"


class Resolution(StrEnum):
    """What was decided about a conflict."""

    PENDING = "pending"
    FIRST = "first"
    SECOND = "second"
    BOTH = "both"
    NEITHER = "neither"
    MERGED = "merged"
    ESCALATED = "escalated"


_CONTENT_GRADES: Final = ((0.7, Grade.CRITICAL), (0.4, Grade.HIGH), (0.2, Grade.MEDIUM))
_CONFIDENCE_GRADES: Final = ((0.6, Grade.HIGH), (0.4, Grade.MEDIUM))


@dataclass(frozen=True, slots=True)
class Clash:
    """Two findings in conflict, the older first. `size` is 0 to 1, `about` the claim they share."""

    first: Finding
    second: Finding
    kind: Kind
    about: str
    size: float
    grade: Grade

    @property
    def id(self) -> str:
        """Return the conflict's id, the same whenever and by whomever it is found."""
        pair = "|".join(sorted((self.first.id, self.second.id)))
        return hashlib.sha256(pair.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A conflict as it is queued for people, with what was decided."""

    id: str
    first_id: str
    second_id: str
    task_id: str
    kind: Kind
    about: str
    size: float
    grade: Grade
    created_at: datetime = field(default_factory=check.now)
    resolution: Resolution = Resolution.PENDING
    decision: str = ""
    decided_by: str = ""
    decided_at: str = ""

    @property
    def score(self) -> str:
        """Return its place in the queue as Redis reads it: the gravest first, then the oldest."""
        return str(int(self.created_at.timestamp() * 1000) - list(Grade).index(self.grade) * _SCORE_STEP_MS)


def clashes(findings: Sequence[Finding], threshold: float = THRESHOLD) -> list[Clash]:
    """Return the conflicts among findings, the gravest first; of each pair only the gravest counts.

    A confidence gap counts above `threshold`, 0 to 1. What was escalated asserts nothing. Raises Invalid for another
    threshold.
    """
    check.fraction(threshold, "threshold")
    about: dict[str, list[tuple[Finding, Claim]]] = defaultdict(list)
    for finding in findings:
        if finding.speech_act is not SpeechAct.ESCALATE:
            for claim in asserted(finding.claim):
                about[claim.key].append((finding, claim))
    found: dict[str, Clash] = {}
    for key, said in about.items():
        for (one, claim), (other, rival) in islice(combinations(said, 2), MOST_PAIRS):
            clash = None if one.id == other.id else _between(one, claim, other, rival, threshold, key)
            if clash is not None and _rank(clash) > _rank(found.get(clash.id)):
                found[clash.id] = clash
    return sorted(found.values(), key=_rank, reverse=True)


def _between(  # noqa: PLR0917 - a pair is two of everything
    one: Finding, claim: Claim, other: Finding, rival: Claim, threshold: float, key: str
) -> Clash | None:
    first, second = (one, other) if one.timestamp <= other.timestamp else (other, one)
    distance = apart(claim, rival)
    if distance > SAME:
        kind = Kind.OPPOSITE if claim.affirmed != rival.affirmed else Kind.DISJOINT
        # A contradiction matters as much as the less sure side is believed.
        size = distance * min(one.confidence, other.confidence)
        grade = _grade(min(one.confidence, other.confidence), _CONTENT_GRADES)
        return Clash(first, second, kind, key, round(size, 6), grade)
    gap = abs(one.confidence - other.confidence)
    # A hundred-millionth, so that 0.9 - 0.7 is not more than 0.2.
    if claim.affirmed == rival.affirmed and gap > threshold + 1e-8:
        return Clash(first, second, Kind.CONFIDENCE, key, round(gap, 6), _grade(gap, _CONFIDENCE_GRADES))
    return None


def _grade(weight: float, grades: Sequence[tuple[float, Grade]]) -> Grade:
    return next((grade for least, grade in grades if weight >= least), Grade.LOW)


def _rank(clash: Clash | None) -> tuple[bool, int, float]:
    if clash is None:
        return (False, -1, -1.0)
    return (clash.kind is not Kind.CONFIDENCE, list(Grade).index(clash.grade), clash.size)


def queued(clash: Clash) -> Conflict:
    """Return a conflict as it is queued for people."""
    task_ids = {clash.first.task_id, clash.second.task_id}
    task_id = task_ids.pop() if len(task_ids) == 1 else ""
    parts = (clash.id, clash.first.id, clash.second.id, task_id)
    return Conflict(*parts, clash.kind, clash.about[:500], clash.size, clash.grade)


def contents_of(conflict: Conflict) -> dict[str, Any]:
    """Return what of a conflict was found, as JSON values."""
    return {
        "id": conflict.id,
        "first_id": conflict.first_id,
        "second_id": conflict.second_id,
        "task_id": conflict.task_id,
        "kind": conflict.kind.value,
        "about": conflict.about,
        "size": conflict.size,
        "grade": conflict.grade.value,
        "created_at": conflict.created_at.isoformat(),
    }


def fields_of(conflict: Conflict) -> dict[str, str]:
    """Return a conflict as the fields of its hash."""
    found = {name: it if isinstance(it, str) else repr(it) for name, it in contents_of(conflict).items()}
    return {**found, "resolution": conflict.resolution.value}


def of_fields(fields: Fields) -> Conflict:
    """Return the conflict that a hash holds. Raises KeyError or ValueError for anything else."""
    return Conflict(
        id=fields["id"],
        first_id=fields["first_id"],
        second_id=fields["second_id"],
        task_id=fields["task_id"],
        kind=Kind(fields["kind"]),
        about=fields["about"],
        size=float(fields["size"]),
        grade=Grade(fields["grade"]),
        created_at=check.instant(fields["created_at"], "created_at"),
        resolution=Resolution(fields["resolution"]),
        decision=fields.get("decision", ""),
        decided_by=fields.get("decided_by", ""),
        decided_at=fields.get("decided_at", ""),
    )
