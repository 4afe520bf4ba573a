"""`kitbash calibrate`: how sure Layer 2 is, measured on the starter questions, or fitted to them again."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from kitbash.cascade import confidence
from kitbash.cascade.risk import choose
from kitbash.cascade.training.examples import Questions, examples
from kitbash.cascade.training.train import judged, report, train
from kitbash.cli import output
from kitbash.domain.fact import Fact
from kitbash.knowledge import starter
from kitbash.knowledge.build import store
from kitbash.knowledge.cartridge import Cartridge
from kitbash.knowledge.layout import parse_name
from kitbash.knowledge.library import Library

FACTIONS = ("general", "self")


def calibrate(*, fit: bool, seed: int, target: float, write: Path | None) -> None:
    """Print the fitted weights, or what the shipped ones reach and the threshold for a precision."""
    with TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        starter.ensure(whole)
        library = Library([whole], Path(folder) / "cache")
        try:
            cartridges = library.visible(FACTIONS)
            if not fit:
                output.print_json(_measured(cartridges, seed, target))
                return
            text = _fitted(cartridges, Path(folder), seed)
        finally:
            library.close()
    typer.echo(text, nl=False)
    if write is not None:
        write.write_text(text, encoding="utf-8")


def _fitted(cartridges: list[Cartridge], folder: Path, seed: int) -> str:
    for it in cartridges:
        store(parse_name(it.name), [_bare(fact) for fact in it.index.facts()], folder / "bare")
    bare = Library([folder / "bare"], folder / "cache")
    try:
        return train(cartridges, bare.visible(FACTIONS), seed)
    finally:
        bare.close()


def _bare(fact: Fact) -> Fact:
    return replace(fact, aliases=())


def _measured(cartridges: list[Cartridge], seed: int, target: float) -> dict[str, object]:
    """Return what the shipped weights reach when each alias is asked as if nobody had written it down."""
    weights = confidence.load()
    asked = Questions(cartridges)
    every = examples(asked, asked.facts, seed, with_shorter=False)
    found = [judged(it, weights) for it in every if it.is_kept]
    cut = choose([(it.probability, it.is_right) for it in found], target)
    chosen = {
        "target_precision": target,
        "threshold": round(cut.threshold, 4) if cut else None,
        "coverage": round(cut.coverage, 4) if cut else 0.0,
        "achieved_precision": round(cut.precision, 4) if cut else None,
        "precision_at_least": round(cut.at_least, 4) if cut else None,
    }
    return {**report(found), **chosen}
