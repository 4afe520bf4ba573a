"""What of an archived query comes out otherwise when it is replayed, line by line."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kitbash.archive import reader
from kitbash.archive.entry import Kind
from kitbash.archive.finding import Archived
from kitbash.archive.skipped import Skipped
from kitbash.cascade.overrides import Overrides
from kitbash.cascade.record import THOUGHT, digest, is_remade
from kitbash.cascade.recorded import Recorded, recorded
from kitbash.cascade.replay import Change, Outcome, changes, replay
from kitbash.domain.answer import Answer
from kitbash.domain.decision import Decision

_CHANGES: Final = {
    Kind.ROUTING_DECISIONS: Change.DECISIONS,
    Kind.COUPLING_CHECKS: Change.CHECKS,
    Kind.STRUCTURAL_DELTAS: Change.DELTAS,
}


@dataclass(slots=True)
class Digests:
    """Digests of the archived lines of each query and append, by kind: 32 bytes a line, whatever a day holds."""

    by_append: dict[tuple[str, str], dict[Kind, list[bytes]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    @classmethod
    def of_day(cls, root: Path, day: str, skipped: Skipped) -> "Digests":
        """Return those of a day of the archive. Raises as the archive's reader does."""
        found = cls()
        for kind in THOUGHT:
            for line in reader.read(root, day, kind, skipped):
                found.add(kind, line)
        return found

    @classmethod
    def of_query(cls, archived: Archived) -> "Digests":
        """Return those of one archived query."""
        found = cls()
        for kind in THOUGHT:
            for line in archived.lines[kind]:
                found.add(kind, line)
        return found

    def add(self, kind: Kind, line: Mapping[str, Any]) -> None:
        """Take a line in, if it is one that a replay makes again."""
        if is_remade(line):
            self.by_append[line["query_id"], str(line.get("append", ""))][kind].append(digest(kind, line))

    def of(self, line: Mapping[str, Any], kind: Kind) -> list[bytes]:
        """Return those of one trace's query."""
        return self.by_append.get((line["query_id"], str(line.get("append", ""))), {}).get(kind, [])


@dataclass(frozen=True, slots=True)
class Differing:
    """A query that comes out otherwise: how it ended, how it would end, and which kinds of lines differ."""

    query_id: str
    query: str
    what: tuple[Change, ...]
    was: Answer | None
    now: Answer | None
    decisions: tuple[Decision, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "query_id": self.query_id,
            "query": self.query,
            "what": [change.value for change in self.what],
            "was": _answer_json(self.was),
            "now": _answer_json(self.now),
        }

    def words(self) -> list[str]:
        """Return it in lines for people."""
        lines = [f"was  {_answer_words(self.was)}", f"now  {_answer_words(self.now)}"]
        lines += [f"     {it.kind.value}: {it.rationale}" for it in self.decisions if Change.DECISIONS in self.what]
        return [f"differs in {', '.join(change.value for change in self.what)}", *lines]


def compare(line: Mapping[str, Any], digests: Digests, set_to: Overrides) -> Differing | None:
    """Return how an archived query comes out otherwise with these settings, or None if it does not.

    Raises UsageError for a trace that cannot be read.
    """
    was: Recorded = recorded(line)
    now: Outcome = replay(was, set_to)
    lines = now.lines()
    what = changes(was, now, set_to)
    what += [
        change
        for kind, change in _CHANGES.items()
        if [digest(kind, it) for it in lines.get(kind, ())] != digests.of(line, kind)
    ]
    return Differing(was.query_id, was.text, tuple(what), was.answer, now.answer, now.decisions) if what else None


def _answer_json(answer: Answer | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    return {
        "status": answer.status.value,
        "layer": None if answer.layer is None else int(answer.layer),
        "answer": answer.text,
        "confidence": round(answer.confidence, 4),
    }


def _answer_words(answer: Answer | None) -> str:
    if answer is None:
        return "goes on to a layer that was not recorded"
    layer = "no layer" if answer.layer is None else f"layer {int(answer.layer)} {answer.layer.label}"
    return f"{answer.status.value} by {layer}, confidence {answer.confidence:.2f}: {answer.text}"
