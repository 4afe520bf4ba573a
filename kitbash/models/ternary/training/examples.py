"""Questions with what they are: made of templates, aliases and facts; some to train on, others to measure with."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from kitbash.domain.fact import Fact
from kitbash.domain.impression import FORMS
from kitbash.models.ternary.training.templates import OUTSIDE, Split, Templates, filled, is_held_out

_SUBJECT: Final = re.compile(r"^(?:What|Who|Where) (?:is|are|was|were) ([^?]+?)(?<! of)(?<! for)(?<! from)(?<! in)\?$")
_TOLD: Final = (
    (
        re.compile(r"^(?:When|Who|Where|Whose|In which|How (?:many|much|far|long|high|tall|deep|old|hot|big|heavy))\b"),
        "fact",
    ),
    (re.compile(r"^Why\b"), "reasoning"),
    (re.compile(r"^(?:Is|Are|Was|Were|Does|Do|Did|Which)\b"), "fact"),
)
_MAX_SUBJECT_WORDS: Final = 4
_FILLED_PER_FORM: Final = 2400
_OUTSIDE: Final = 5200
_NONSENSE: Final = 2400
_HELD_OUT_PER_FORM: Final = 250
_COPIES: Final = 3
_HEADING: Final = "›"
_SYLLABLES: Final = ("ba", "cor", "del", "fi", "gan", "hu", "jo", "kel", "lin", "mo", "nar", "pel", "quo", "ri", "sta")
_POLITE: Final = ("please", "hey", "so", "ok", "um", "i wonder", "quick question", "well", "and")
_TALKS: Final = frozenset({"small_talk", "command"})


@dataclass(frozen=True, slots=True)
class Example:
    """A question; `form` is None where nobody said it, `domain` is a cartridge's name or "outside"."""

    text: str
    form: str | None
    domain: str


@dataclass(frozen=True, slots=True)
class Examples:
    """What is trained on, and two kinds of questions that are not: of templates, and of aliases, that were held out."""

    train: tuple[Example, ...]
    of_templates: tuple[Example, ...]
    of_aliases: tuple[Example, ...]


@dataclass(slots=True)
class _Maker:
    templates: Templates
    things: Mapping[str, Sequence[str]]
    chance: random.Random
    names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.names = sorted(name for name, found in self.things.items() if found)

    def slots(self, name: str, *, held_out: bool) -> dict[str, Sequence[str]]:
        """Return what fills templates about a cartridge, or about nothing that one has."""
        found: dict[str, Sequence[str]] = {
            kind: (it.held_out if held_out and it.held_out else it.train) for kind, it in self.templates.fillers.items()
        }
        about = found["thing"] if name == OUTSIDE else self.things[name]
        return found | {"thing": about, "other": about}

    def of_form(self, form: str, *, held_out: bool) -> Example:
        lines: Split = self.templates.forms[form]
        line = self.chance.choice(lines.held_out if held_out else lines.train)
        is_outside = "{thing}" not in line or self.chance.random() < _HALF
        name = OUTSIDE if is_outside else self.chance.choice(self.names)
        text = filled(line, self.slots(name, held_out=held_out), self.chance)
        return Example(text if form in _TALKS else self.polite(text), form, name)

    def outside(self, *, held_out: bool) -> Example:
        lines = self.templates.outside.held_out if held_out else self.templates.outside.train
        text = filled(self.chance.choice(lines), self.slots(OUTSIDE, held_out=held_out), self.chance)
        return Example(self.polite(text), None, OUTSIDE)

    def nonsense(self) -> Example:
        """Return a question with invented words where its content was: of no domain, whatever its form."""
        form = self.chance.choice([form for form in FORMS if form not in _TALKS])
        words = [self.word() for _ in range(12)]
        slots = self.slots(OUTSIDE, held_out=False) | {"thing": words, "other": words}
        return Example(filled(self.chance.choice(self.templates.forms[form].train), slots, self.chance), form, OUTSIDE)

    def word(self) -> str:
        return "".join(self.chance.choice(_SYLLABLES) for _ in range(self.chance.randint(2, 4)))

    def polite(self, text: str) -> str:
        return f"{self.chance.choice(_POLITE)} {text}" if self.chance.random() < _RARELY else text

    def shortened(self, text: str) -> str:
        """Return a text without one of its words, as somebody else might have put it."""
        words = text.split()
        if len(words) > _MAX_SUBJECT_WORDS:
            del words[self.chance.randrange(len(words))]
        return " ".join(words)


_HALF: Final = 0.5
_RARELY: Final = 0.15


def told(alias: str) -> str | None:
    """Return the form of an alias whose first word tells it beyond doubt, else None."""
    return next((form for pattern, form in _TOLD if pattern.search(alias)), None)


def subjects(facts: Sequence[Fact]) -> dict[str, tuple[str, ...]]:
    """Return what the facts of each cartridge are about: the X of "What is X?", and the last of their headings."""
    found: dict[str, dict[str, None]] = {}
    for fact in facts:
        about = found.setdefault(fact.cartridge, {})
        asked = [match[1] for alias in fact.aliases if (match := _SUBJECT.match(alias)) and not is_held_out(alias)]
        named = [*asked, fact.topic.rpartition(_HEADING)[2].strip().lower()]
        about.update((name, None) for name in named if 0 < len(name.split()) <= _MAX_SUBJECT_WORDS)
    return {name: tuple(about) for name, about in sorted(found.items())}


def examples(templates: Templates, facts: Sequence[Fact], seed: int) -> Examples:
    """Return the questions, the same for the same seed. Every fifth alias is held out; its fact's text is not."""
    maker = _Maker(templates, subjects(facts), random.Random(seed))  # noqa: S311 - to be repeatable, not secret
    train = [maker.of_form(form, held_out=False) for form in FORMS for _ in range(_FILLED_PER_FORM)]
    train += [maker.outside(held_out=False) for _ in range(_OUTSIDE)]
    train += [maker.nonsense() for _ in range(_NONSENSE)]
    of_aliases: list[Example] = []
    for fact in facts:
        train.append(Example(fact.text, None, fact.cartridge))
        for alias in fact.aliases:
            if is_held_out(alias):
                of_aliases.append(Example(alias, None, fact.cartridge))
                continue
            train.append(Example(alias, told(alias), fact.cartridge))
            train += [Example(maker.shortened(alias), told(alias), fact.cartridge) for _ in range(_COPIES - 1)]
    tests = [maker.of_form(form, held_out=True) for form in FORMS for _ in range(_HELD_OUT_PER_FORM)]
    tests += [maker.outside(held_out=True) for _ in range(_HELD_OUT_PER_FORM * 2)]
    return Examples(tuple(train), tuple(dict.fromkeys(tests)), tuple(of_aliases))
