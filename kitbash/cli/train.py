"""`kitbash train triage`: the network of Layer 1, trained from the templates and starter facts that ship."""

import os
import tempfile
from pathlib import Path

from kitbash import assets
from kitbash.cascade import triage as rules
from kitbash.cli import output as printing
from kitbash.domain.fact import Fact
from kitbash.knowledge import starter
from kitbash.knowledge.library import Library
from kitbash.models.ternary import file, shipped
from kitbash.models.ternary.training import examples, templates
from kitbash.models.ternary.training.trainer import Size, train


def triage(*, seed: int, output: Path | None, as_json: bool, size: Size | None = None) -> None:
    """Write the trained network and print its figures beside its twin's and the rules'. Raises UsageError."""
    made = examples.examples(templates.read(assets.path("config/triage")), starter_facts(), seed)
    domains = sorted({it.domain for it in made.train} - {templates.OUTSIDE})
    found = train(made, domains, seed, size or Size(), printing.note)
    data = file.encode(found.network)
    path = output or assets.root() / shipped.NAME
    write(path, data)
    by_rules = rules_accuracy(made)
    if as_json:
        record = {"file": str(path), "bytes": len(data), "ternary": found.figures, "twin": found.twin}
        printing.print_json(record | {"rules": {"form": by_rules}})
        return
    for name, value in found.figures.items():
        beside = f", by the rules {by_rules:.4f}" if name == "form" else ""
        printing.line(f"{name:16} {value:.4f}, its twin {found.twin[name]:.4f}{beside}")
    printing.line(f"{path}: {len(data)} bytes, {len(made.train)} questions, seed {seed}")


def starter_facts() -> list[Fact]:
    """Return the facts of all starter cartridges, built into a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        starter.ensure(Path(folder))
        library = Library([Path(folder)], Path(folder) / "cache")
        try:
            return [fact for it in library.cartridges.values() for fact in it.index.facts()]
        finally:
            library.close()


def rules_accuracy(made: examples.Examples) -> float:
    """Return how often the rules are right on held-out templates, each of their forms read as what it most often is."""
    counts: dict[tuple[str, bool], dict[str, int]] = {}
    for it in made.train:
        if it.form is not None:
            count = counts.setdefault(rules.shape_of(it.text), {})
            count[it.form] = count.get(it.form, 0) + 1
    best = {shape: max(sorted(count), key=lambda form: count[form]) for shape, count in counts.items()}
    told = [it for it in made.of_templates if it.form is not None]
    right = sum(best.get(rules.shape_of(it.text)) == it.form for it in told)
    return round(right / len(told), 4) if told else 0.0


def write(path: Path, data: bytes) -> None:
    """Have a file hold these bytes, whole or as it was before."""
    handle, work = tempfile.mkstemp(prefix=".triage-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file_:
            file_.write(data)
            file_.flush()
            os.fsync(file_.fileno())
        Path(work).chmod(0o644)
        Path(work).replace(path)
    finally:
        Path(work).unlink(missing_ok=True)
