"""What an agent found out: a claim with how sure it is, and on what it stands."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast

from kitbash.swarm import check, speech
from kitbash.swarm.speech import SpeechAct
from kitbash.swarm.stored import Fields, dumps_texts, texts_from

TTL_S: Final = 86_400
MAX_CLAIM_CHARS: Final = 20_000
MAX_CITATIONS: Final = 256
MAX_CITATION_CHARS: Final = 2000
_FIELDS: Final = (
    "id",
    "ttl_seconds",
    "claim",
    "worker_id",
    "confidence",
    "citations",
    "timestamp",
    "task_id",
    "speech_act",
)
"""The fields that every finding has, as `lua/swarm/post_finding.lua` names them."""
_CHOSEN: Final = cast("SpeechAct", None)
"""Stands for a speech act that was not given, until the finding is made."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim, its confidence (0 to 1) and its citations. `topic` joins findings of several tasks.

    Without a speech act one is chosen by the table of IF.swarm.s2 (`speech.choose`). Raises Invalid, which is also a
    ValueError, for fields out of bounds.
    """

    id: str = field(default_factory=check.new_id)
    claim: str = ""
    confidence: float = 0.5
    citations: Sequence[str] = ()
    timestamp: datetime = field(default_factory=check.now)
    worker_id: str = ""
    task_id: str = ""
    speech_act: SpeechAct = _CHOSEN
    ttl_seconds: int = TTL_S
    topic: str = ""
    is_critical: bool = False

    def __post_init__(self) -> None:
        """Check the fields and choose the speech act. Raises Invalid."""
        check.name_in_key(self.id, "finding id")
        check.text(self.claim, "claim", most_chars=MAX_CLAIM_CHARS)
        confidence = check.fraction(self.confidence, "confidence")
        citations = check.texts(self.citations, "citations", most=MAX_CITATIONS, most_chars=MAX_CITATION_CHARS)
        check.text(self.worker_id, "worker_id", most_chars=check.MAX_NAME_CHARS)
        check.text(self.topic, "topic", most_chars=check.MAX_NAME_CHARS)
        check.ttl_s(self.ttl_seconds)
        if self.task_id:
            check.name_in_key(self.task_id, "task_id")
        given = cast("SpeechAct | None", self.speech_act)
        check.put(
            self,
            confidence=confidence,
            citations=citations,
            timestamp=check.instant(self.timestamp, "timestamp"),
            speech_act=speech.choose(confidence, len(citations), is_critical=self.is_critical)
            if given is None
            else check.one_of(SpeechAct, given, "speech_act"),
        )


def contents_of(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON values, as its packet carries it."""
    contents: dict[str, Any] = {
        "id": finding.id,
        "claim": finding.claim,
        "confidence": finding.confidence,
        "citations": list(finding.citations),
        "timestamp": finding.timestamp.isoformat(),
        "worker_id": finding.worker_id,
        "task_id": finding.task_id,
        "speech_act": finding.speech_act.value,
        "ttl_seconds": finding.ttl_seconds,
    }
    if finding.topic:
        contents["topic"] = finding.topic
    if finding.is_critical:
        contents["is_critical"] = True
    return contents


def values_of(finding: Finding) -> list[str]:
    """Return the values of a finding's hash as the script `post_finding` takes them.

    First those of the fields that every finding has, in the script's order; then the others, name and value in turn.
    """
    values = [
        finding.id,
        str(finding.ttl_seconds),
        finding.claim,
        finding.worker_id,
        repr(finding.confidence),
        dumps_texts(finding.citations),
        finding.timestamp.isoformat(),
        finding.task_id,
        finding.speech_act.value,
    ]
    if finding.topic:
        values += ("topic", finding.topic)
    if finding.is_critical:
        values += ("is_critical", "1")
    return values


def fields_of(finding: Finding) -> dict[str, str]:
    """Return a finding as the fields of its hash."""
    values = values_of(finding)
    others = iter(values[len(_FIELDS) :])
    return dict(zip(_FIELDS, values, strict=False)) | dict(zip(others, others, strict=True))


def of_fields(fields: Fields) -> Finding:
    """Return the finding that a hash holds. Raises KeyError or ValueError for anything else."""
    return Finding(
        id=fields["id"],
        claim=fields["claim"],
        confidence=float(fields["confidence"]),
        citations=texts_from(fields["citations"]),
        timestamp=check.instant(fields["timestamp"], "timestamp"),
        worker_id=fields["worker_id"],
        task_id=fields["task_id"],
        speech_act=SpeechAct(fields["speech_act"]),
        ttl_seconds=int(fields["ttl_seconds"]),
        topic=fields.get("topic", ""),
        is_critical="is_critical" in fields,
    )
