"""Questions whose right fact is known: each alias of a fact, asked as if nobody had written it down."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from kitbash.cascade.asked import Asked
from kitbash.cascade.features import features
from kitbash.cascade.search import DEPTH, closest, nearby
from kitbash.cascade.training.small_talk import SMALL_TALK
from kitbash.cascade.triage import idf
from kitbash.domain.candidate import Features
from kitbash.domain.fact import Fact
from kitbash.domain.words import content_stems
from kitbash.knowledge.cartridge import Cartridge
from kitbash.knowledge.index import indexed_stems

FOLDS: Final = 10
Row = Sequence[float]
_ENOUGH: Final = 2


@dataclass(frozen=True, slots=True)
class Example:
    """What one question proposes. `right` is the place of its fact in `options`, None if it is not there.

    `fold` is the same for all questions of a fact. `is_short` says that a word of the question was left out,
    `is_kept` that its fact was not; `cartridge` is where that fact is from, empty for small talk.
    """

    question: str
    fold: int
    options: tuple[Row, ...]
    facts: tuple[Fact, ...]
    right: int | None
    is_short: bool = False
    is_kept: bool = True
    cartridge: str = ""


class Questions:
    """Asks questions against facts as they are, or as if an alias or a whole fact were not there."""

    def __init__(self, cartridges: Sequence[Cartridge]) -> None:
        """Read all facts."""
        self.cartridges = cartridges
        self.facts = [fact for it in cartridges for fact in it.index.facts() if fact.level.states_facts]
        self._stems = {_key(fact): frozenset(indexed_stems(fact)) for fact in self.facts}
        self._holders: dict[str, int] = {}
        for stems in self._stems.values():
            for stem in stems:
                self._holders[stem] = self._holders.get(stem, 0) + 1

    def ask(self, question: str, own: Fact | None, *, keep: bool) -> tuple[Sequence[Row], list[Fact], int | None]:
        """Return what a question proposes; `own` stands for the fact of its id, or is left out."""
        return self.beside((), question, own, keep=keep)

    def beside(
        self, also: Sequence[Fact], question: str, own: Fact | None, *, keep: bool
    ) -> tuple[list[Features], list[Fact], int | None]:
        """Return the same with other facts beside those that share a word with the question."""
        stems = tuple(dict.fromkeys(content_stems(question)))
        gone = frozenset[str]()
        if own is not None:
            gone = self._stems[_key(own)] - (frozenset(indexed_stems(own)) if keep else frozenset())
        held = {it: self._holders.get(it, 0) - (it in gone) for it in stems}
        weights = {it: idf(len(self.facts), held[it]) for it in stems}
        unknown = frozenset(it for it in stems if not held[it])
        asked = Asked.of(question, weights, unknown)
        near = [it for cartridge in self.cartridges for it in nearby(asked, cartridge, unknown, DEPTH)]
        if own is not None:
            others = [it for it in near if _key(it) != _key(own)]
            # Proposed by what is left of it, or not at all: its own alias must not bring it back.
            is_near = keep and not asked.weights.keys().isdisjoint(indexed_stems(own))
            near = [*others, *(own for it in near if is_near and _key(it) == _key(own))]
        facts = closest(asked, near, DEPTH)
        held_already = {_key(it) for it in facts}
        facts += [it for it in also if _key(it) not in held_already]
        shared = [features(asked, fact) for fact in facts]
        right = next((at for at, fact in enumerate(facts) if own is not None and _key(fact) == _key(own)), None)
        return shared, facts, right


def examples(questions: Questions, asked_of: Sequence[Fact], seed: int, *, with_shorter: bool) -> Iterator[Example]:
    """Yield an example for each alias of each fact, once with the fact and once without it.

    `asked_of` are facts with their aliases; those of `questions` may have none.
    """
    known = {_key(fact): fact for fact in questions.facts}
    for fact in asked_of:
        if _key(fact) not in known:
            continue
        fold = fold_of(fact.text, seed)
        for alias in fact.aliases:
            there = known[_key(fact)]
            without = replace(there, aliases=tuple(it for it in there.aliases if it != alias))
            yield from _asked(questions, alias, without, fold, is_short=False)
            for shorter in shortened(alias) if with_shorter else ():
                yield from _asked(questions, shorter, there, fold, is_short=True)


def small_talk(questions: Questions) -> Iterator[Example]:
    """Yield an example for each question that no fact answers."""
    for number, question in enumerate(SMALL_TALK):
        options, facts, _ = questions.ask(question, None, keep=True)
        if options:
            yield Example(question, number % FOLDS, tuple(options), tuple(facts), None, is_kept=False)


def fold_of(text: str, seed: int) -> int:
    """Return the fold of a fact, 0 to 9."""
    return int(sha256(f"{seed}:{text}".encode()).hexdigest(), 16) % FOLDS


def shortened(alias: str) -> Iterator[str]:
    """Yield the alias with one content word left out, as a person might have asked it; none if it has too few."""
    words = alias.split()
    content = [at for at, word in enumerate(words) if content_stems(word)]
    if len(content) > _ENOUGH:
        out = content[int(sha256(alias.encode()).hexdigest(), 16) % len(content)]
        yield " ".join(word for at, word in enumerate(words) if at != out)


def _asked(questions: Questions, question: str, own: Fact, fold: int, *, is_short: bool) -> Iterator[Example]:
    for keep in (True, False):
        options, facts, right = questions.ask(question, own, keep=keep)
        if options:
            yield Example(question, fold, tuple(options), tuple(facts), right, is_short, keep, own.cartridge)


def _key(fact: Fact) -> tuple[str, int]:
    return fact.cartridge, fact.fact_id
