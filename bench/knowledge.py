"""How well knowledge is found and how honest the confidence is: `make bench-knowledge [DATA=folder] [FACTS=n]`.

DATA holds squad_facts.jsonl (id, title, text), squad_questions.jsonl (title, question, answerable, fact_ids) and
other_domain_questions.jsonl (question); each sentence is a fact without aliases, its title the topic. Without DATA the
starter knowledge is asked, each alias as if it were not written down. FACTS adds spliced sentences up to that many, to
measure speed alone. The threshold for the target precision is chosen on half of the titles and tested on the other.
"""

import argparse
import json
import math
import random
import resource
import statistics
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kitbash.cascade import confidence, fuse, search, triage
from kitbash.cascade.risk import choose
from kitbash.cascade.training.examples import Questions, examples, small_talk
from kitbash.cascade.training.fitting import fit_probability
from kitbash.cascade.training.train import calibration_error, judged
from kitbash.domain import codec
from kitbash.domain.fact import Fact
from kitbash.domain.level import Level
from kitbash.knowledge import starter
from kitbash.knowledge.build import store
from kitbash.knowledge.cartridge import Cartridge
from kitbash.knowledge.layout import name_of
from kitbash.knowledge.library import Library
from kitbash.runtime import policy
from kitbash.settings import load

TARGET = 0.95
RULES = policy(load().settings)
WEIGHTS = confidence.load()
Scored = list[tuple[float, bool]]


@dataclass(frozen=True, slots=True)
class Said:
    """What Layer 2 proposes for one question: the ids of its facts, best first, and how sure the first one is."""

    probability: float
    ids: tuple[int, ...]
    took_ms: float


def read(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def ask(question: str, cartridges: Sequence[Cartridge], ids: dict[str, int]) -> Said:
    """Return what triage, search and the ranking make of a question, timed together."""
    started_ns = time.perf_counter_ns()
    plan = codec.plan_from(triage.triage(question, cartridges, 1.0, RULES).product or "")
    found = codec.candidates_from(search.search(plan, cartridges, RULES.candidates, WEIGHTS).product or "[]")
    ranked = fuse.best(found, WEIGHTS, part=0)
    took_ms = (time.perf_counter_ns() - started_ns) / 1e6
    probability = ranked[0].probability if ranked else 0.0
    return Said(probability, tuple(ids.get(it.candidate.fact.text, -1) for it in ranked), took_ms)


def auroc(scored: Scored) -> float:
    """Return how probable it is that a right one scores above a wrong one; ties count half."""
    right = sorted(p for p, is_right in scored if is_right)
    wrong = sorted(p for p, is_right in scored if not is_right)
    if not right or not wrong:
        return 0.5
    below = at = equal = wins = 0
    for p in right:
        while below < len(wrong) and wrong[below] < p:
            below += 1
        at = max(at, below)
        while at < len(wrong) and wrong[at] == p:
            at += 1
        equal = at - below
        wins += 2 * below + equal
    return wins / (2 * len(right) * len(wrong))


def refitted_error(fitted: Scored, held_out: Scored) -> float:
    """Return the calibration error on some questions after slope and offset were fitted on others (Platt, 1999)."""
    (slope,), offset = fit_probability([(logit(p),) for p, _ in fitted], [is_right for _, is_right in fitted])
    moved = [(1 / (1 + math.exp(-slope * logit(p) - offset)), is_right) for p, is_right in held_out]
    return calibration_error(moved)


def logit(p: float) -> float:
    """Return the log odds of a probability, at most 7 to either side."""
    return max(-7.0, min(7.0, math.log(max(p, 1e-9) / max(1 - p, 1e-9))))


def tested(fitted: Scored, held_out: Scored) -> dict[str, object]:
    """Return how a threshold chosen on some questions does on others."""
    cut = choose(fitted, TARGET)
    said = [is_right for p, is_right in held_out if cut and p >= cut.threshold]
    return {
        "target_precision": TARGET,
        "threshold": round(cut.threshold, 4) if cut else None,
        "achieved_precision": round(sum(said) / len(said), 4) if said else None,
        "coverage": round(len(said) / len(held_out), 4) if held_out else 0.0,
        "answered": len(said),
    }


def at_threshold(scored: Scored) -> dict[str, float | None]:
    """Return what share is answered at the threshold in force, and what share of that is right."""
    threshold = load().settings.layers.cartridge.threshold
    said = [is_right for p, is_right in scored if p >= threshold]
    return {"threshold": threshold, "coverage": round(len(said) / len(scored), 4), "precision": _share(said)}


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


def on_data(folder: Path, count: int) -> dict[str, object]:
    """Return the figures for a folder of questions on sentences."""
    facts = read(folder / "squad_facts.jsonl")
    questions = read(folder / "squad_questions.jsonl")
    others = read(folder / "other_domain_questions.jsonl")
    ids = {it["text"]: it["id"] for it in facts}
    with library_of(facts, count) as cartridges:
        before_kb = _peak_kb()
        said = [(it, ask(it["question"], cartridges, ids)) for it in questions]
        other = [(at % 2, (ask(it["question"], cartridges, ids).probability, False)) for at, it in enumerate(others)]
    titles = {title: at % 2 for at, title in enumerate(sorted({it["title"] for it in questions}))}
    rows = [(it, one, bool(one.ids) and one.ids[0] in it["fact_ids"]) for it, one in said]
    answerable = [(titles[it["title"]], (one.probability, right)) for it, one, right in rows if it["answerable"]]
    adversarial = [(titles[it["title"]], (one.probability, False)) for it, one, _ in rows if not it["answerable"]]
    mixed = answerable + other
    halves: list[Scored] = [[it for half, it in mixed if half == which] for which in (0, 1)]
    swapped = tested(halves[1], halves[0])
    whole: list[Scored] = [[it for half, it in mixed + adversarial if half == which] for which in (0, 1)]
    right = [(it["fact_ids"], one.ids) for it, one, _ in rows if it["answerable"]]
    times = [one.took_ms for _, one, _ in rows]
    first = choose(halves[0], TARGET)
    return {
        "name": "knowledge",
        "facts": max(count, len(facts)),
        "questions": len(right),
        "recall_at_1": _share([bool(set(gold) & set(found[:1])) for gold, found in right]),
        "recall_at_5": _share([bool(set(gold) & set(found[:5])) for gold, found in right]),
        "auroc": round(auroc([it for _, it in mixed]), 4),
        "ece": round(calibration_error([it for _, it in mixed]), 4),
        "ece_refitted_on_the_other_half": round(refitted_error(*halves), 4),
        **tested(*halves),
        "halves_swapped": swapped,
        "at_shipped_threshold": at_threshold([it for _, it in mixed]),
        "adversarial": {
            "unanswerable": len(adversarial),
            "auroc": round(auroc([it for half in whole for it in half]), 4),
            "ece": round(calibration_error([it for half in whole for it in half]), 4),
            "precision_at_the_same_threshold": _share(
                [is_right for p, is_right in whole[1] if first and p >= first.threshold]
            ),
            "threshold_chosen_with_them": tested(*whole),
            "at_shipped_threshold": at_threshold([it for half in whole for it in half]),
        },
        "p50_ms": round(statistics.median(times), 3),
        "p90_ms": round(statistics.quantiles(times, n=10)[8], 3),
        "peak_mb_before_and_after_asking": [round(it / 1024) for it in (before_kb, _peak_kb())],
    }


def on_starter(data: Path | None) -> dict[str, object]:
    """Return the figures for the starter knowledge, each alias asked as if it were not written down."""
    with TemporaryDirectory() as folder:
        starter.ensure(Path(folder))
        library = Library([Path(folder)], Path(folder) / "cache")
        cartridges = library.visible(("general", "self"))
        asked = Questions(cartridges)
        found = list(examples(asked, asked.facts, 0, with_shorter=False))
        kept = [it for it in found if it.is_kept]
        talk = [judged(it, WEIGHTS) for it in small_talk(asked)]
        times = [ask(it.question, cartridges, {}).took_ms for it in kept]
        others = read(data / "other_domain_questions.jsonl") if data else []
        sure = [ask(it["question"], cartridges, {}).probability for it in others]
        library.close()
    places = [_place(it.options, it.right) for it in kept]
    threshold = load().settings.layers.cartridge.threshold
    scored = [judged(it, WEIGHTS) for it in kept]
    pairs = [(it.probability, it.is_right) for it in scored]
    mixed = pairs + [(it.probability, False) for it in talk]
    halves: list[Scored] = [[it for at, it in enumerate(mixed) if at // 3 % 2 == which] for which in (0, 1)]
    said = [is_right for p, is_right in pairs if p >= threshold]
    return {
        "name": "knowledge_starter",
        "questions": len(kept),
        "recall_at_1": _share([place == 0 for place in places]),
        "recall_at_5": _share([place < 5 for place in places]),
        "auroc": round(auroc(mixed), 4),
        "ece": round(calibration_error(mixed), 4),
        **tested(*halves),
        "shipped_threshold": threshold,
        "answered_at_shipped_threshold": round(len(said) / len(pairs), 4),
        "precision_at_shipped_threshold": _share(said),
        "other_domain": len(sure),
        "other_domain_answered": sum(p >= threshold for p in sure),
        "p50_ms": round(statistics.median(times), 3),
    }


def _place(options: Sequence[Any], right: int | None) -> int:
    if right is None:
        return len(options) + 5
    strengths = [WEIGHTS.strength(it) for it in options]
    return sum(it > strengths[right] for it in strengths)


def _share(some: Sequence[bool]) -> float | None:
    return round(sum(some) / len(some), 4) if some else None


def _peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", type=Path, help="folder with the three files")
    parser.add_argument("--facts", type=int, default=0, help="add spliced sentences up to this many facts")
    given = parser.parse_args(sys.argv[1:])
    figures = on_starter(None) if given.data is None else on_data(given.data, given.facts)
    if given.data is not None and not given.facts:
        figures["starter"] = on_starter(given.data)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
