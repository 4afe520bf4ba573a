"""Other ways to ask what somebody wrote down as a question: by rule, with a seed, never in the same normal form."""

import re
from collections.abc import Callable
from random import Random
from typing import Final

from kitbash.domain.normal_form import normal_form

_BEGINNINGS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (r"what is (.+)", ("{0}: what is it", "{0}, what is that", "define {0}", "so what is meant by {0}")),
    (r"what are (.+)", ("{0}: what are they", "{0}, what are those")),
    (r"who (.+)", ("which person {0}", "what was the name of the one who {0}")),
    (r"when ((?:did|was|were) .+)", ("in which year {0}", "in what year {0}")),
    (r"where ((?:is|are|does|do) .+)", ("in what place {0}", "at which place {0}")),
    (r"how many (.+)", ("what number of {0}", "how large is the number of {0}")),
    (r"why (.+)", ("for what reason {0}", "how come {0}", "what is the reason, why {0}")),
    (r"how ((?:do|does|did|is|are|can) .+)", ("in what way {0}", "by what means {0}")),
)
_AROUND: Final = (
    "remind me: {0}",
    "quick question: {0}",
    "I forgot, {0}",
    "once more: {0}",
    "{0}, in a few words",
    "{0}, for a quiz",
    "my friend asks: {0}",
    "honestly, {0}",
)


def reworded(question: str, random: Random) -> str:
    """Return the question in other words; some rules fit it, or only something said around it."""
    asked = question.rstrip("?").strip()
    fitting = [(found, ways) for rule, ways in _BEGINNINGS if (found := re.fullmatch(rule, asked, re.IGNORECASE))]
    said = asked[:1].lower() + asked[1:]
    if fitting:
        found, ways = random.choice(fitting)
        said = random.choice(ways).format(found[1])
    if not fitting or random.random() < 1 / 3:
        said = random.choice(_AROUND).format(said)
    return f"{said}?"


def rewordings(question: str, count: int, random: Random, is_written: Callable[[str], bool]) -> list[str]:
    """Return up to so many wordings of different normal forms, none of which `is_written` knows as a question form."""
    found: dict[str, str] = {}
    for _ in range(count * 4):
        said = reworded(question, random)
        form = normal_form(said)
        if len(found) < count and not is_written(form):
            found.setdefault(form, said)
    return list(found.values())
