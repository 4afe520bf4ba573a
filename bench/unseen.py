"""Measure Layer 2 on questions it was never fitted to: `python -m bench.unseen FACTS QUESTIONS OTHERS` (JSON lines).

FACTS have `id`, `title`, `text`; QUESTIONS `question`, `answerable`, `fact_ids`; OTHERS `question`. Prints the share of
answerable questions whose right fact comes first, then, for the default threshold, how many questions were answered
and how many of the answers were right: answerable and other questions together, and with unanswerable ones.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import figures
from kitbash.cascade import confidence, fuse, search, triage
from kitbash.domain import codec
from kitbash.domain.fact import Fact
from kitbash.domain.level import Level
from kitbash.knowledge.build import store
from kitbash.knowledge.layout import name_of
from kitbash.knowledge.library import Library
from kitbash.runtime import policy
from kitbash.settings import load


def read(path: str) -> list[dict[str, Any]]:
    """Return the objects of a file of JSON lines."""
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def main() -> None:
    """Print three lines."""
    facts, questions, others = (read(path) for path in sys.argv[1:4])
    rules, weights = policy(load().settings), confidence.load()
    threshold = load().settings.layers.cartridge.threshold
    ids = {fact["text"]: fact["id"] for fact in facts}
    with TemporaryDirectory() as folder:
        rows = [Fact("", 0, it["text"], Level.EMPIRICAL, 0.9, topic=it["title"]) for it in facts]
        store(name_of("unseen"), rows, Path(folder))
        library = Library([Path(folder)], Path(folder) / "cache")
        cartridges = list(library.cartridges.values())

        def best(question: str) -> tuple[float, object]:
            plan = codec.plan_from(triage.triage(question, cartridges, 1.0, rules).product or "")
            found = codec.candidates_from(search.search(plan, cartridges, rules.candidates).product or "[]")
            ranked = fuse.best(found, weights, part=0)
            return (ranked[0].probability, ids[ranked[0].candidate.fact.text]) if ranked else (0.0, None)

        said = [(it, *best(it["question"])) for it in questions]
        answerable = [(p, fact in it["fact_ids"]) for it, p, fact in said if it["answerable"]]
        unanswerable = [(p, False) for it, p, _ in said if not it["answerable"]]
        other = [(best(it["question"])[0], False) for it in others]
        library.close()
    first = sum(right for _, right in answerable) / len(answerable)
    figures.print_value("right_fact_first", value=round(first, 3), n=len(answerable))
    for name, asked in (
        ("answerable_and_other", answerable + other),
        ("answerable_other_and_unanswerable", answerable + other + unanswerable),
    ):
        given = [right for p, right in asked if p >= threshold]
        precision = round(sum(given) / len(given), 3) if given else None
        figures.print_value(name, answered=round(len(given) / len(asked), 3), right=precision, n=len(asked))


main()
