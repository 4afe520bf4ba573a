"""What the triage network makes of a question, before anything is searched."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FORMS: Final = (
    "fact",
    "definition",
    "comparison",
    "procedure",
    "reasoning",
    "creative",
    "small_talk",
    "command",
)
"""The forms that the network tells apart, in the order of its outputs."""


@dataclass(frozen=True, slots=True)
class Impression:
    """How probable each reading is, 0 to 1.

    `form` is the likeliest of `FORMS`. `domains` has the cartridges that the network was trained on, by name; they and
    `outside`, that none of them is about it, sum to 1.
    """

    form: str
    form_probability: float
    domains: Mapping[str, float]
    outside: float


_SAID: Final = {
    "reasoning": "asks for a line of reasoning",
    "creative": "asks for something made up",
    "small_talk": "is small talk",
    "command": "is a command",
}


def asks_for(form: str) -> str:
    """Return a form, the network's or the rules', as words that follow "it"."""
    return _SAID.get(form, f"asks for a {form}")
