"""What of the moment a question needs to be answered: the day, and what was asked before."""

import re
from datetime import UTC, datetime
from typing import Final

from kitbash.domain.context import Snapshot
from kitbash.domain.level import Level

_TIMELY: Final = re.compile(
    r"\b(?:now|today|tomorrow|yesterday|currently|current|ago|nowadays|this (?:year|month|week|morning|evening)|"
    r"(?:next|last) (?:year|month|week)|how old|how long since)\b",
    re.IGNORECASE,
)
_ABOUT: Final = {
    Level.EMPIRICAL: "what is measured",
    Level.AXIOMATIC: "what follows from laws",
    Level.NARRATIVE: "what is told",
    Level.HEURISTIC: "folk wisdom",
}


def circumstances(question: str, *, at_ms: int, leans: bool, context: Snapshot | None) -> tuple[str, ...]:
    """Return the lines a prompt needs: the date if the question asks by it, what was asked before if it leans on it."""
    lines: list[str] = []
    if _TIMELY.search(question):
        lines.append(f"Today is {datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()}.")
    if leans and context is not None and context.visits:
        hot = max(_ABOUT, key=lambda level: (context.layer_salience.get(level, 0.0), -level))
        lines.append(f"Earlier questions were mostly about {_ABOUT[hot]}.")
    return tuple(lines)
