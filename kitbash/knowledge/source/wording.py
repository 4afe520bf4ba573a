"""How subjects and attributes of claims are spelled: in normal form, the verb as if its subject were one thing."""

import re
from typing import Final

from kitbash.domain.normal_form import normal_form

_ONE: Final = {"are": "is", "be": "is", "were": "was", "have": "has"}
_BEFORE: Final = "x"
_OWNED: Final = re.compile(r"((?:an? |the )?[^\s'’]+(?: [^\s'’]+)?)['’]s (.+)", re.IGNORECASE)


def subject_of(text: str) -> str:
    """Return a subject in normal form, "a goldfish's memory" as "the memory of a goldfish"."""
    owned = _OWNED.fullmatch(text)
    return _form(f"{owned[2]} of {owned[1]}" if owned else text)


def attribute_of(text: str) -> str:
    """Return an attribute in normal form: "are", "have" and "were" as "is", "has" and "was"."""
    first, _, rest = text.strip().partition(" ")
    return _form(f"{_ONE.get(first.lower(), first)} {rest}")


def _form(text: str) -> str:
    # Polite words are dropped at the beginning of a question, but "well water" is no water.
    return normal_form(f"{_BEFORE} {text}").removeprefix(_BEFORE).strip()
