"""Knowledge opened for measuring, and questions asked of it as the cascade would, timed."""

import json
import random
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from kitbash.cascade import calibrated, confidence, fuse, search, triage
from kitbash.domain import codec
from kitbash.domain.fact import Fact
from kitbash.domain.level import Level
from kitbash.knowledge.build import store
from kitbash.knowledge.cartridge import Cartridge
from kitbash.knowledge.layout import name_of
from kitbash.knowledge.library import Library
from kitbash.runtime import policy
from kitbash.settings import load

_SETTINGS: Final = load().settings
RULES: Final = policy(_SETTINGS)
WEIGHTS: Final = confidence.load()
SCALES: Final = calibrated.load(_SETTINGS.target_precision)


@dataclass(frozen=True, slots=True)
class Said:
    """What Layer 2 proposes for one question: the ids of its facts, best first, and how sure the first one is.

    `is_answered` says that this is enough for the precision in force.
    """

    probability: float
    is_answered: bool
    ids: tuple[int, ...]
    took_ms: float


def read(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def ask(question: str, cartridges: Sequence[Cartridge], ids: dict[str, int]) -> Said:
    """Return what triage, search and the ranking make of a question, timed together."""
    started_ns = time.perf_counter_ns()
    plan = codec.plan_from(triage.triage(question, cartridges, 1.0, RULES).product or "")
    product = search.search(plan, cartridges, RULES.candidates, WEIGHTS, SCALES).product
    ranked = fuse.best(codec.candidates_from(product or "[]"), WEIGHTS, part=0)
    took_ms = (time.perf_counter_ns() - started_ns) / 1e6
    found = tuple(ids.get(it.candidate.fact.text, -1) for it in ranked)
    if not ranked:
        return Said(0.0, is_answered=False, ids=found, took_ms=took_ms)
    first = ranked[0]
    return Said(first.probability, first.probability >= first.candidate.scale.threshold, found, took_ms)


def spliced(facts: list[dict[str, Any]], count: int) -> Iterator[Fact]:
    """Yield the facts, then sentences made of the halves of two, a word in seven a rare one, up to a count."""
    chance = random.Random(7)
    for it in facts:
        yield Fact("", 0, it["text"], Level.EMPIRICAL, 0.9, topic=it["title"])
    for number in range(len(facts), count):
        one, two = chance.choice(facts), chance.choice(facts)
        first, second = one["text"].split(), two["text"].split()
        words = first[: len(first) // 2] + second[len(second) // 2 :]
        rare = (f"w{int(chance.paretovariate(0.6)) % 2_000_000}" if chance.random() < 1 / 7 else it for it in words)
        yield Fact("", 0, " ".join(rare), Level.EMPIRICAL, 0.9, topic=f"{one['title']} {number // 200}")


def built(facts: list[dict[str, Any]], count: int, folder: str) -> None:
    """Build the cartridge."""
    store(name_of("unseen"), spliced(facts, count), Path(folder))


@contextmanager
def library_of(facts: list[dict[str, Any]], count: int) -> Generator[list[Cartridge]]:
    """Give the one cartridge of some facts, opened; it is built by another process, whose memory is not counted."""
    with TemporaryDirectory() as folder:
        builder = get_context("spawn").Process(target=built, args=(facts, count, folder))
        builder.start()
        builder.join()
        library = Library([Path(folder)], Path(folder) / "cache")
        try:
            yield list(library.cartridges.values())
        finally:
            library.close()
