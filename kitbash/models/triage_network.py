"""What reads a question before anything is searched."""

from typing import Protocol

from kitbash.domain.impression import Impression


class TriageNetwork(Protocol):
    """A trained reader of questions."""

    def read(self, question: str) -> Impression | None:
        """Return what it makes of a question, or None when there is no network to ask. Raises nothing."""
        ...
