"""The figures for the starter knowledge, each alias asked as if nobody had written it down."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.knowledge_asking import SCALES, WEIGHTS, ask, read
from bench.knowledge_scores import Scored, share, tested
from kitbash.cascade.training.examples import Questions, examples, small_talk
from kitbash.cascade.training.figures import auroc, calibration_error
from kitbash.cascade.training.judging import best_of, judged
from kitbash.knowledge import starter
from kitbash.knowledge.library import Library


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
        wrongly = [ask(it["question"], cartridges, {}).is_answered for it in others]
        library.close()
    places = [_place(it.options, it.right) for it in kept]
    needed = [SCALES.of(it.facts[best_of(it, WEIGHTS)], None).threshold for it in kept]
    scored = [judged(it, WEIGHTS) for it in kept]
    pairs = [(it.probability, it.is_right) for it in scored]
    mixed = pairs + [(it.probability, False) for it in talk]
    halves: list[Scored] = [[it for at, it in enumerate(mixed) if at // 3 % 2 == which] for which in (0, 1)]
    said = [is_right for (p, is_right), threshold in zip(pairs, needed, strict=True) if p >= threshold]
    return {
        "name": "knowledge_starter",
        "questions": len(kept),
        "recall_at_1": share([place == 0 for place in places]),
        "recall_at_5": share([place < 5 for place in places]),
        "auroc": round(auroc(mixed), 4),
        "ece": round(calibration_error(mixed), 4),
        **tested(*halves),
        "in_force": {"coverage": round(len(said) / len(pairs), 4), "precision": share(said)},
        "other_domain": len(wrongly),
        "other_domain_answered": sum(wrongly),
        "p50_ms": round(statistics.median(times), 3),
    }


def _place(options: Sequence[Any], right: int | None) -> int:
    if right is None:
        return len(options) + 5
    strengths = [WEIGHTS.strength(it) for it in options]
    return sum(it > strengths[right] for it in strengths)
