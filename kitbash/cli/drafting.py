"""A model's reply shown on a terminal while it grows, as the draft it is until it was checked."""

import sys

from kitbash.blackboard.board import Event, EventKind
from kitbash.cli import output

_DIM = "\x1b[2m"
_PLAIN = "\x1b[0m"


class Draft:
    """Shows the text events of one query. What a model says again after a worker died begins on a new line."""

    def __init__(self) -> None:
        """Have shown nothing."""
        self._is_shown = False

    def show(self, event: Event) -> None:
        """Show what an event adds to the draft."""
        if event.kind is EventKind.TEXT:
            # The text is outside text: only the dimming around it is ours.
            output.write(f"{_DIM}{output.visible(event.data)}{_PLAIN}")
            output.flush()
            self._is_shown = True
        elif event.kind in {EventKind.STARTED, EventKind.VERDICT, EventKind.FINISHED}:
            self.end()

    def end(self) -> None:
        """End the line of the draft, if there is one."""
        if self._is_shown:
            output.write("\n")
            output.flush()
            self._is_shown = False


def is_wanted() -> bool:
    """Return whether drafts can be shown: only people at a terminal read them."""
    return sys.stdout.isatty()
