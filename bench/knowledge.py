"""How well knowledge is found and how honest the confidence is: `make bench-knowledge [DATA=folder] [FACTS=n]`.

DATA holds squad_facts.jsonl (id, title, text), squad_questions.jsonl (title, question, answerable, fact_ids) and
other_domain_questions.jsonl (question); each sentence is a fact without aliases, its title the topic. Without DATA the
starter knowledge is asked, each alias as if it were not written down. FACTS adds spliced sentences up to that many, to
measure speed alone. The threshold for the target precision is chosen on half of the titles and tested on the other.
"""

import argparse
import json
import resource
import statistics
import sys
from pathlib import Path

from bench.knowledge_asking import ask, library_of, read
from bench.knowledge_scores import TARGET, Scored, in_force, recalibrated_error, share, tested
from bench.knowledge_starter import on_starter
from kitbash.cascade.risk import choose
from kitbash.cascade.training.figures import auroc, calibration_error


def on_data(folder: Path, count: int) -> dict[str, object]:
    """Return the figures for a folder of questions on sentences."""
    facts = read(folder / "squad_facts.jsonl")
    questions = read(folder / "squad_questions.jsonl")
    others = read(folder / "other_domain_questions.jsonl")
    ids = {it["text"]: it["id"] for it in facts}
    with library_of(facts, count) as cartridges:
        before_kb = _peak_kb()
        said = [(it, ask(it["question"], cartridges, ids)) for it in questions]
        foreign = [ask(it["question"], cartridges, ids) for it in others]
    other = [(at % 2, (one.probability, False)) for at, one in enumerate(foreign)]
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
        "recall_at_1": share([bool(set(gold) & set(found[:1])) for gold, found in right]),
        "recall_at_5": share([bool(set(gold) & set(found[:5])) for gold, found in right]),
        "auroc": round(auroc([it for _, it in mixed]), 4),
        "ece": round(calibration_error([it for _, it in mixed]), 4),
        "ece_on_half": round(calibration_error(halves[1]), 4),
        "ece_on_half_recalibrated_on_the_other": round(recalibrated_error(*halves), 4),
        **tested(*halves),
        "halves_swapped": swapped,
        "in_force": in_force(
            [one.is_answered for it, one, _ in rows if it["answerable"]] + [one.is_answered for one in foreign],
            [is_right for it, _, is_right in rows if it["answerable"]] + [False] * len(foreign),
        ),
        "adversarial": {
            "unanswerable": len(adversarial),
            "auroc": round(auroc([it for half in whole for it in half]), 4),
            "ece": round(calibration_error([it for half in whole for it in half]), 4),
            "precision_at_the_same_threshold": share(
                [is_right for p, is_right in whole[1] if first and p >= first.threshold]
            ),
            "threshold_chosen_with_them": tested(*whole),
            "in_force": in_force(
                [one.is_answered for _, one, _ in rows] + [one.is_answered for one in foreign],
                [is_right and it["answerable"] for it, _, is_right in rows] + [False] * len(foreign),
            ),
        },
        "p50_ms": round(statistics.median(times), 3),
        "p90_ms": round(statistics.quantiles(times, n=10)[8], 3),
        "peak_mb_before_and_after_asking": [round(it / 1024) for it in (before_kb, _peak_kb())],
    }


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
