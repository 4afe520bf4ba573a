"""Measure Layer 1's network: `python -m bench triage_network`, with OTHERS named in BENCH_OTHERS (JSON lines).

OTHERS have `question`, each on what no starter cartridge holds; they are measured with and never trained on.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bench import figures
from kitbash.cascade import triage
from kitbash.client import Client
from kitbash.domain import codec
from kitbash.domain.impression import Impression
from kitbash.knowledge import starter
from kitbash.knowledge.library import Library
from kitbash.models.ternary import shipped
from kitbash.models.ternary.training.scoring import auroc
from kitbash.models.ternary.training.templates import is_held_out
from kitbash.runtime import policy
from kitbash.settings import load

FACTIONS = ("general", "self", "fiction", "experiment")


def triage_network(_: Client) -> None:
    """Measure a reading, opening the file, importing numpy; what the network does to plans; outside everything."""
    network = shipped.load()
    with TemporaryDirectory() as folder:
        starter.ensure(Path(folder))
        library = Library([Path(folder)], Path(folder) / "cache")
        cartridges = library.visible(FACTIONS)
        asked = [(alias, it.name) for it in cartridges for fact in it.index.facts() for alias in fact.aliases]
        rules = policy(load().settings)

        def plan(question: str, impression: Impression | None) -> list[str]:
            found = triage.triage(question, cartridges, 1.0, rules, impression=impression)
            return [name for shard in codec.plan_from(found.product or "").shards for name in shard]

        # Those that were held out from training; all of them, for what is lost.
        unseen = [it for it in asked if is_held_out(it[0])]
        plans = {
            "by_rules": [(plan(question, None), name) for question, name in asked],
            "with_network": [(plan(question, network.read(question)), name) for question, name in asked],
            "by_rules_held_out": [(plan(question, None), name) for question, name in unseen],
            "with_network_held_out": [(plan(question, network.read(question)), name) for question, name in unseen],
        }
        library.close()
    for question, _name in asked:
        network.read(question)
    samples = [figures.timed_ms(lambda question=question: network.read(question)) for question, _name in asked]
    figures.print_median("triage_network", samples, target_p50_ms=0.3)
    figures.print_median("triage_network_open", [figures.timed_ms(shipped.load) for _ in range(30)])
    bare = [figures.timed_ms(lambda: _python("pass")) for _ in range(15)]
    numpy = [figures.timed_ms(lambda: _python("import numpy")) for _ in range(15)]
    figures.print_median("python_start", bare)
    figures.print_median("python_start_with_numpy", numpy, ratio=figures.ratio(numpy, bare), baseline="python_start")
    for name, made in plans.items():
        figures.print_value(
            f"starter_plans_{name}",
            recall=round(sum(right in opened for opened, right in made) / len(made), 4),
            first=round(sum(opened[:1] == [right] for opened, right in made) / len(made), 4),
            cartridges=round(sum(len(opened) for opened, _ in made) / len(made), 3),
            n=len(made),
        )
    others = os.environ.get("BENCH_OTHERS")
    if others:
        lines = Path(others).read_text(encoding="utf-8").splitlines()
        outside = _outside([json.loads(line)["question"] for line in lines])
        held_out = _outside([question for question, _ in asked if is_held_out(question)])
        figures.print_value(
            "outside_everything",
            auroc_held_out_aliases=round(auroc(outside, held_out), 4),
            auroc_all_aliases=round(auroc(outside, _outside([question for question, _ in asked])), 4),
            n=len(outside),
            held_out=len(held_out),
        )


def _outside(questions: list[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    network = shipped.load()
    return np.array([network.read(question).outside for question in questions], np.float32)


def _python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)
