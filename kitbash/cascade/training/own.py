"""The questions that cartridges are calibrated on: their own aliases, and questions that they cannot know.

Each alias is asked as if nobody had written it down. Other cartridges' aliases and small talk are asked too, as many as
the cartridge has questions of its own: half of what it hears it can answer. A question counts for the cartridge that
the likeliest fact is from.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final

from kitbash.cascade.confidence import Weights
from kitbash.cascade.training.examples import Example, Questions
from kitbash.cascade.training.judging import best_of, judged
from kitbash.cascade.training.refit import Asked
from kitbash.cascade.training.small_talk import SMALL_TALK
from kitbash.domain.fact import Fact
from kitbash.domain.normal_form import normal_form
from kitbash.knowledge.cartridge import Cartridge

MOST: Final = 2000
"""Of a cartridge's own questions no more are asked."""


@dataclass(slots=True)
class Own:
    """What a cartridge was asked; `ambiguous` of its aliases were left out, since several facts have them."""

    asked: list[Asked] = field(default_factory=list[Asked])
    ambiguous: int = 0


def own_questions(mine: Sequence[Cartridge], others: Sequence[Cartridge], weights: Weights) -> dict[str, Own]:
    """Return, for each of some cartridges, the questions that it answered first, the same each time."""
    questions = Questions(mine)
    found = {cartridge.name: Own() for cartridge in mine}
    holders = Counter(form for fact in questions.facts for form in _forms(fact))
    wanted: Counter[str] = Counter()
    for fact, alias, form in _shuffled(questions.facts):
        own = found[fact.cartridge]
        if holders[form] > 1:
            own.ambiguous += 1
        elif wanted[fact.cartridge] < MOST:
            wanted[fact.cartridge] += 1
            left = tuple(it for it in fact.aliases if normal_form(it) != form)
            _add(found, _example(questions, alias, replace(fact, aliases=left)), weights)
    _add_foreign(found, wanted, questions, [it for it in _foreign(others) if normal_form(it) not in holders], weights)
    return found


def _add_foreign(
    found: dict[str, Own], wanted: Counter[str], questions: Questions, foreign: Sequence[str], weights: Weights
) -> None:
    taken: Counter[str] = Counter()
    for text in foreign:
        if all(taken[name] >= count for name, count in wanted.items()):
            return
        example = _example(questions, text, None)
        name = None if example is None else example.facts[best_of(example, weights)].cartridge
        if name is not None and taken[name] < wanted[name]:
            taken[name] += 1
            _add(found, example, weights)


def _add(found: dict[str, Own], example: Example | None, weights: Weights) -> None:
    if example is not None:
        said = judged(example, weights)
        winner = example.facts[best_of(example, weights)].cartridge
        found[winner].asked.append(Asked(example.question, said.probability, said.is_right))


def _example(questions: Questions, text: str, own: Fact | None) -> Example | None:
    """Return what a question proposes; None if that is nothing, and so nobody is sure of anything."""
    options, facts, right = questions.ask(text, own, keep=True)
    return Example(text, 0, tuple(options), tuple(facts), right) if options else None


def _shuffled(facts: Iterable[Fact]) -> Iterator[tuple[Fact, str, str]]:
    """Yield each alias once a fact, with its normal form, in an order that the texts decide."""
    every = [(fact, alias, normal_form(alias)) for fact in facts for alias in fact.aliases]
    once = {(fact.cartridge, fact.fact_id, form): (fact, alias, form) for fact, alias, form in reversed(every) if form}
    yield from sorted(once.values(), key=lambda it: (_order(it[1]), it[0].cartridge, it[0].fact_id))


def _foreign(others: Iterable[Cartridge]) -> list[str]:
    aliases = (alias for it in others for fact in it.index.facts() for alias in fact.aliases)
    return sorted({*aliases, *SMALL_TALK}, key=lambda it: (_order(it), it))


def _forms(fact: Fact) -> set[str]:
    return {form for alias in fact.aliases if (form := normal_form(alias))}


def _order(text: str) -> bytes:
    return sha256(text.encode()).digest()
