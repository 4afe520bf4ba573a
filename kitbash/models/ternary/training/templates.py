"""The templates in `config/triage`: what they say, how they are filled, which are held out."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from kitbash.domain.impression import FORMS
from kitbash.errors import UsageError

_CHOICE: Final = re.compile(r"\(([^()]*)\)")
_SLOT: Final = re.compile(r"\{(\w+)\}")
_HELD_OUT: Final = 5
"""One line in so many is held out."""

OUTSIDE: Final = "outside"
FILLERS: Final = "fillers"


@dataclass(frozen=True, slots=True)
class Split:
    """What is trained on, and what is only measured with. No line is in both."""

    train: tuple[str, ...]
    held_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Templates:
    """Everything in the folder: templates by form, those outside everything, and what fills their slots."""

    forms: Mapping[str, Split]
    outside: Split
    fillers: Mapping[str, Split]


def is_held_out(line: str) -> bool:
    """Return whether a template, filler or alias is only measured with: one in five, by its digest."""
    return int.from_bytes(sha256(line.encode()).digest()[:4], "big") % _HELD_OUT == 0


def split(lines: Sequence[str]) -> Split:
    """Return lines with those that are held out apart, in their order; a line alone is trained on."""
    apart = tuple(line for line in lines if is_held_out(line))
    kept = tuple(line for line in lines if not is_held_out(line))
    return Split(kept, apart) if kept else Split(apart, ())


def read(folder: Path) -> Templates:
    """Return what a folder of templates holds. Raises UsageError naming the file and the slot that nothing fills."""
    fillers: dict[str, Split] = {}
    for line in _lines(folder / f"{FILLERS}.txt"):
        kind, _, values = line.partition(":")
        fillers[kind.strip()] = split([value.strip() for value in values.split(";") if value.strip()])
    forms = {form: split(_lines(folder / f"{form}.txt")) for form in FORMS}
    outside = split(_lines(folder / f"{OUTSIDE}.txt"))
    for name, found in (*forms.items(), (OUTSIDE, outside)):
        for line in (*found.train, *found.held_out):
            unknown = {slot for slot in _SLOT.findall(line) if slot not in fillers and slot != "other"}
            if unknown:
                message = f"{folder / name}.txt: nothing fills {', '.join(sorted(unknown))} in {line!r}"
                raise UsageError(message)
    return Templates(forms, outside, fillers)


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"the templates in {path} cannot be read: {error}"
        raise UsageError(message) from error
    found = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not found:
        message = f"{path} holds no template"
        raise UsageError(message)
    return list(dict.fromkeys(found))


def filled(template: str, slots: Mapping[str, Sequence[str]], chance: random.Random) -> str:
    """Return a question: each choice taken, each slot filled, both by chance. Choices may hold slots."""
    chosen = _CHOICE.sub(lambda found: chance.choice(found[1].split("|")), template)
    return " ".join(_SLOT.sub(lambda found: chance.choice(slots[found[1]]), chosen).split())
