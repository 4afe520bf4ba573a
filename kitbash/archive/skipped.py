"""What a reader passed over, told by file and reason."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Fault(StrEnum):
    """Why a line was passed over."""

    TORN = "torn line"
    """The last one of its file and not whole: it is being written, or was when its writer died."""
    BAD = "bad line"
    """Not a line of the archive, with others after it."""
    DAMAGED = "damaged end"
    """A compressed file that cannot be read on from here."""


@dataclass(slots=True)
class Skipped:
    """A count that a reader adds to while it is read."""

    counts: Counter[tuple[Path, Fault]] = field(default_factory=Counter[tuple[Path, Fault]])

    def note(self, path: Path, fault: Fault) -> None:
        """Count one more."""
        self.counts[path, fault] += 1

    @property
    def total(self) -> int:
        """Return how many there were in all files."""
        return self.counts.total()

    def told(self) -> list[str]:
        """Return a sentence for each file and reason, sorted: `1 torn line skipped in FILE`."""
        return [
            f"{count} {fault}{'s' * (count > 1)} skipped in {path}"
            for (path, fault), count in sorted(self.counts.items())
        ]
