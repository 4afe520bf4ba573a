"""What the findings bus brings back about a query that has ended: a finding, or two that conflict."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Self

from kitbash.domain.question import printable

MAX_CLAIM_CHARS: Final = 2000
MAX_CITATIONS: Final = 20
MAX_CITATION_CHARS: Final = 300
MAX_NAME_CHARS: Final = 255


@dataclass(frozen=True, slots=True)
class Found:
    """What an agent or a person found out about a query nobody could answer. `confidence` is theirs, 0 to 1."""

    claim: str
    confidence: float
    citations: tuple[str, ...]
    finding_id: str
    worker_id: str
    task_id: str

    @property
    def name(self) -> str:
        """Return what it is known by: the finding's id."""
        return self.finding_id

    def to_json(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def of_json(cls, text: str) -> Self:
        """Return what `to_json` wrote."""
        value: dict[str, Any] = json.loads(text)
        value["citations"] = tuple(value["citations"])
        return cls(**value)

    def bounded(self) -> Self:
        """Return it with text that a terminal shows on one line, cut where it is too long."""
        cited = tuple(_cut(it, MAX_CITATION_CHARS) for it in self.citations[:MAX_CITATIONS])
        return replace(
            self,
            claim=_cut(self.claim, MAX_CLAIM_CHARS),
            citations=cited,
            worker_id=_cut(self.worker_id, MAX_NAME_CHARS),
        )


@dataclass(frozen=True, slots=True)
class Contested:
    """Two findings on one task that conflict, the older first. `size` is 0 to 1; grade and kind are the bus's words."""

    conflict_id: str
    grade: str
    kind: str
    size: float
    first: str
    second: str
    task_id: str

    @property
    def name(self) -> str:
        """Return what it is known by: the conflict's id."""
        return self.conflict_id

    def to_json(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def of_json(cls, text: str) -> Self:
        """Return what `to_json` wrote."""
        return cls(**json.loads(text))

    def bounded(self) -> Self:
        """Return it with text that a terminal shows on one line, cut where it is too long."""
        return replace(self, first=_cut(self.first, MAX_CLAIM_CHARS), second=_cut(self.second, MAX_CLAIM_CHARS))


def _cut(text: str, most_chars: int) -> str:
    """Return a text on one line; one that is cut ends in dots, so that nobody takes a part for the whole."""
    whole = printable(text)
    return whole if len(whole) <= most_chars else f"{whole[: most_chars - 1]}…"
