"""What an encoder adds: `python -m bench.knowledge_dense DATA ENCODER [--facts n]`, one JSON object.

DATA is as for `bench.knowledge`, ENCODER a folder as for KITBASH_ENCODER__PATH. Each question is asked four ways: by
words alone; by meaning alone (the cosine is the confidence); as Layer 2 does, by meaning too where words are not sure
enough; and by both always. FACTS adds spliced sentences up to that many, each with a random vector, to measure speed
alone.
"""

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.knowledge_asking import RULES, SCALES, WEIGHTS, Said, library_of, read
from bench.knowledge_scores import Scored, tested
from kitbash.cascade import fuse, search, triage
from kitbash.cascade.training.figures import auroc, calibration_error
from kitbash.domain import codec
from kitbash.domain.encoder import Encoder
from kitbash.domain.layer import Stage
from kitbash.knowledge.cartridge import Cartridge
from kitbash.knowledge.meaning import Meaning
from kitbash.knowledge.vectors import Floats
from kitbash.models.encoder.opened import load

CUT = RULES.rule(Stage.FUSE).threshold
ALWAYS = 2.0


@dataclass(frozen=True, slots=True)
class Held:
    """An encoder that is open already."""

    encoder: Encoder

    def open(self) -> Encoder:
        """Return it."""
        return self.encoder


class Quick:
    """Encodes questions as another encoder does, and facts at once, as random vectors."""

    def __init__(self, encoder: Encoder) -> None:
        """Hold the encoder."""
        self._encoder = encoder
        self._chance = np.random.default_rng(7)
        self.name, self.digest, self.dimension = encoder.name, encoder.digest, encoder.dimension

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors."""
        if len(texts) == 1:
            return self._encoder.encode(texts)
        found = self._chance.normal(size=(len(texts), self.dimension)).astype(np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)


Ask = Callable[[str], Said]


def said_of(probability: float, ids: tuple[int, ...], took_ms: float) -> Said:
    """Return what was said, held against the threshold in force."""
    return Said(probability, is_answered=probability >= CUT, ids=ids, took_ms=took_ms)


def ways(cartridges: Sequence[Cartridge], ids: dict[str, int], meaning: Meaning) -> dict[str, Ask]:
    """Return how a question can be asked."""

    def layer2(question: str, using: Meaning | None, cut: float) -> Said:
        started_ns = time.perf_counter_ns()
        plan = codec.plan_from(triage.triage(question, cartridges, 1.0, RULES).product or "")
        said = search.search(plan, cartridges, RULES.candidates, WEIGHTS, SCALES, meaning=using, cut=cut)
        ranked = fuse.best(codec.candidates_from(said.product or "[]"), WEIGHTS, part=0)
        took_ms = (time.perf_counter_ns() - started_ns) / 1e6
        found = tuple(ids.get(it.candidate.fact.text, -1) for it in ranked)
        return said_of(ranked[0].probability if ranked else 0.0, found, took_ms)

    def cosine(question: str) -> Said:
        started_ns = time.perf_counter_ns()
        vector = meaning.read(question)
        assert vector is not None
        near = meaning.near(cartridges[0], vector)
        assert near is not None
        best = near.best(RULES.candidates)
        facts = cartridges[0].index.of(best)
        closest = near.of(best[0])
        took_ms = (time.perf_counter_ns() - started_ns) / 1e6
        return said_of(max(closest or (0.0,)), tuple(ids.get(it.text, -1) for it in facts), took_ms)

    return {
        "words": lambda it: layer2(it, None, CUT),
        "meaning": cosine,
        "as_layer_2_does": lambda it: layer2(it, meaning, CUT),
        "both_always": lambda it: layer2(it, meaning, ALWAYS),
    }


def measured(ask: Ask, questions: list[dict[str, Any]], others: list[dict[str, Any]]) -> dict[str, object]:
    """Return the figures of one way to ask."""
    titles = {title: at % 2 for at, title in enumerate(sorted({it["title"] for it in questions}))}
    mixed: list[tuple[int, tuple[float, bool]]] = []
    adversarial: Scored = []
    firsts: list[bool] = []
    fives: list[bool] = []
    times: list[float] = []
    for it in questions:
        one = ask(it["question"])
        times.append(one.took_ms)
        gold = set(it["fact_ids"])
        if it["answerable"]:
            firsts.append(bool(gold & set(one.ids[:1])))
            fives.append(bool(gold & set(one.ids[:5])))
            mixed.append((titles[it["title"]], (one.probability, firsts[-1])))
        else:
            adversarial.append((one.probability, False))
    mixed += [(at % 2, (ask(it["question"]).probability, False)) for at, it in enumerate(others)]
    every: Scored = [it for _, it in mixed]
    halves: list[Scored] = [[it for half, it in mixed if half == which] for which in (0, 1)]
    return {
        "recall_at_1": round(sum(firsts) / len(firsts), 4),
        "recall_at_5": round(sum(fives) / len(fives), 4),
        "auroc": round(auroc(every), 4),
        "auroc_of_the_test_half": round(auroc(halves[1]), 4),
        "ece": round(calibration_error(every), 4),
        **tested(*halves),
        "at_shipped_threshold": _at(every, CUT),
        "auroc_with_adversarial": round(auroc([*every, *adversarial]), 4),
        "p50_ms": round(statistics.median(times), 3),
        "p90_ms": round(statistics.quantiles(times, n=10)[8], 3),
    }


def _at(scored: Scored, threshold: float) -> dict[str, float | None]:
    said = [is_right for p, is_right in scored if p >= threshold]
    precision = round(sum(said) / len(said), 4) if said else None
    return {"threshold": threshold, "coverage": round(len(said) / len(scored), 4), "precision": precision}


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("encoder", type=Path)
    parser.add_argument("--facts", type=int, default=0)
    given = parser.parse_args(sys.argv[1:])
    facts, questions = read(given.data / "squad_facts.jsonl"), read(given.data / "squad_questions.jsonl")
    others = read(given.data / "other_domain_questions.jsonl")
    ids = {it["text"]: it["id"] for it in facts}
    before_kb = _peak_kb()
    encoder = load(given.encoder)
    opened_kb = _peak_kb()
    with library_of(facts, given.facts) as cartridges:
        source = Held(Quick(encoder) if given.facts else encoder)
        started_s = time.monotonic()
        place = Meaning(source, Path()).embed(cartridges[0])
        figures: dict[str, object] = {
            "name": "knowledge_dense",
            "encoder": encoder.name,
            "facts": max(given.facts, len(facts)),
            "embedding_s": round(time.monotonic() - started_s, 1),
            "file_mb": round(place.stat().st_size / 1e6, 1),
            "peak_mb_before_and_after_opening_the_encoder": [round(it / 1024) for it in (before_kb, opened_kb)],
        }
        meaning = Meaning(Held(encoder), Path())
        each = ways(cartridges, ids, meaning)
        if given.facts:
            vector = encoder.encode(["How fast is it?"])[0]
            for name in ("encoding", "searching"):
                times: list[float] = []
                for it in questions[:300]:
                    started_ns = time.perf_counter_ns()
                    if name == "encoding":
                        encoder.encode([it["question"]])
                    else:
                        near = meaning.near(cartridges[0], vector)
                        assert near is not None
                        near.best(12)
                    times.append((time.perf_counter_ns() - started_ns) / 1e6)
                figures[f"{name}_p50_ms"] = round(statistics.median(times), 3)
        else:
            figures |= {name: measured(ask, questions, others) for name, ask in each.items()}
        figures["peak_mb"] = round(_peak_kb() / 1024)
    print(json.dumps(figures))


def _peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
