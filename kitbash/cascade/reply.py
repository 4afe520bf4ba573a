"""A model's reply, made plain: without what a terminal or a chat template might obey, whole or as it grows."""

import re
from typing import Final

from kitbash.domain.question import visible

MAX_CHARS: Final = 32_000
"""A longer reply is cut: nobody reads it, and checking it takes its time."""
_MOST_HELD: Final = 256

_ESCAPE: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # a control sequence, such as a colour
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\|\x9c)"  # a string: a title
    r"|\x1b[ -/]*[0-~]"
)
_TEMPLATE: Final = re.compile(
    r"<\|[^<>|\n]{1,40}\|>|</?s>|\[/?[A-Z][A-Z_]{1,40}\]|<</?SYS>>|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>"
)
_UNFINISHED: Final = re.compile(
    r"(?:\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\x90\x98\x9c-\x9f]*\x1b?|[ -/]*)?|\x9b[0-?]*[ -/]*"
    r"|[\x90\x98\x9d-\x9f][^\x07\x1b\x90\x98\x9c-\x9f]*|<<?[|/]?[\w ]{0,40}\|?>?|\[/?[A-Z_]{0,41})\Z"
)
_PASSES: Final = 4
_SIGNS: Final = str.maketrans("", "", "<>[]\x1b\x90\x98\x9b\x9c\x9d\x9e\x9f")
"""What marks and escapes begin and end with."""


def plain(text: str) -> str:
    """Return a reply's lines without escape sequences, control characters and marks of chat templates."""
    lines = map(visible, _without_marks(text[:MAX_CHARS]).splitlines())
    # Again, since a mark may have been hidden by a character that is not shown.
    cut = _without_marks("\n".join(lines))
    return "\n".join(filter(None, (" ".join(line.split()) for line in cut.splitlines())))


def _without_marks(text: str) -> str:
    """Return a text without escapes and template marks, also without those that only come about by taking others.

    No reply in good faith nests marks: from one that still does after a few passes all their signs are taken, which
    bounds the time.
    """
    for _ in range(_PASSES):
        less = _TEMPLATE.sub("", _ESCAPE.sub("", text))
        if less == text:
            return less
        text = less
    return text.translate(_SIGNS)


class Growing:
    """A reply as it is shown while it grows: each piece as soon as it cannot be the beginning of a mark."""

    def __init__(self) -> None:
        """Hold nothing back yet."""
        self._held = ""

    def grow(self, piece: str) -> str:
        """Return what may be shown now that a piece, cut if it is too long, has come; empty if all is held back."""
        self._held += piece[:MAX_CHARS]
        found = _UNFINISHED.search(self._held)
        cut = found.start() if found and len(self._held) - found.start() <= _MOST_HELD else len(self._held)
        ready, self._held = self._held[:cut], self._held[cut:]
        return visible(_without_marks(ready))

    def rest(self) -> str:
        """Return what was held back, now that nothing more comes."""
        ready, self._held = self._held, ""
        return visible(_without_marks(ready))
