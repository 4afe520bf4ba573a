"""`kitbash cartridge ...`: what the commands do."""

import json
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kitbash.cli import output
from kitbash.domain.fact import Fact
from kitbash.domain.question import visible
from kitbash.errors import KnowledgeError, NotFound
from kitbash.knowledge import importing
from kitbash.knowledge.build import Built
from kitbash.knowledge.build import build as build_one
from kitbash.knowledge.cartridge import Cartridge
from kitbash.knowledge.library import Library
from kitbash.knowledge.source import files
from kitbash.runtime import Runtime
from kitbash.settings import load


def build(sources: list[Path], *, name: str | None, faction: str | None, out: Path | None, as_json: bool) -> None:
    """Build cartridges from source files, telling how far it is."""
    where = out or load().settings.paths.cartridges
    built: list[Built] = []
    for recipe in files.recipes(sources, name=name, faction=faction):
        with _progress(str(recipe.name)) as progress:
            built.append(build_one(recipe, where, progress=progress))
    _tell(built, as_json=as_json)


def import_(folders: list[Path], *, faction: str | None, as_json: bool) -> None:
    """Take in existing cartridges."""
    where = load().settings.paths.cartridges
    _tell([importing.import_folder(folder, where, faction=faction) for folder in folders], as_json=as_json)


def list_(*, as_json: bool) -> None:
    """List cartridges, those set aside with their reason."""
    library = _library()
    rows: list[dict[str, Any]] = []
    broken: list[tuple[str, str, str]] = []
    for cartridge in library.cartridges.values():
        try:
            rows.append(_about(cartridge))
        except KnowledgeError as error:
            broken.append((cartridge.name, str(cartridge.folder), str(error)))
    broken += [(it.name, str(it.folder), it.reason) for it in library.set_aside]
    if as_json:
        aside: list[dict[str, Any]] = [
            {"name": name, "facts": 0, "levels": {}, "path": folder, "set_aside": reason}
            for name, folder, reason in broken
        ]
        output.print_json([*rows, *aside])
        return
    output.table(
        "Cartridges",
        ("name", "faction", "facts", "levels", "path"),
        [
            (it["name"], it["faction"], it["facts"], " ".join(f"{k}:{v}" for k, v in it["levels"].items()), it["path"])
            for it in rows
        ],
    )
    for name, _, reason in broken:
        output.note(f"set aside: {name}: {reason}")


def show(name: str, *, limit: int, as_json: bool) -> None:
    """Show a cartridge and its first facts. Raises NotFound naming those there are."""
    cartridge = _named(name)
    facts = list(cartridge.index.facts())
    if as_json:
        output.print_json({**_about(cartridge), "items": [_fact_json(fact) for fact in facts[:limit]]})
        return
    rows = [
        (it.fact_id, it.level.label, f"{it.confidence:.2f}", it.text, "; ".join(it.sources)) for it in facts[:limit]
    ]
    output.table(f"{name}: {len(facts)} facts", ("id", "level", "confidence", "text", "source"), rows)
    if len(facts) > limit:
        output.note(f"{len(facts) - limit} more; --limit shows them")


def export(name: str, out: Path | None) -> None:
    """Write a cartridge as Markdown or JSON. Raises NotFound, or KnowledgeError for a file it cannot write."""
    cartridge = _named(name)
    facts = list(cartridge.index.facts())
    as_json = out is not None and out.suffix == ".json"
    text = (
        json.dumps([_fact_json(fact) for fact in facts], indent=2, ensure_ascii=False) + "\n"
        if as_json
        else markdown(cartridge, facts)
    )
    if out is None:
        for line in text.splitlines():
            output.write(visible(line) + "\n")
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{out} cannot be written: {error}"
        raise KnowledgeError(message) from error
    output.note(f"{len(facts)} facts written to {out}")


def markdown(cartridge: Cartridge, facts: list[Fact]) -> str:
    """Return facts in the form that `build` reads."""
    domain = cartridge.name.removesuffix(f"_{cartridge.faction.value}")
    lines = ["---", f"domain: {domain}", f"faction: {cartridge.faction.value}", "---"]
    topic: list[str] = []
    for fact in sorted(facts, key=lambda it: (it.topic, it.fact_id)):
        headings = fact.topic.split(" › ")
        if headings != topic:
            same = next((at for at, (a, b) in enumerate(zip(headings, topic, strict=False)) if a != b), len(topic))
            for depth, heading in enumerate(headings[same:], start=same + 1):
                lines += ["", f"{'#' * min(depth, 6)} {heading}", ""]
            topic = headings
        columns = (fact.text, *fact.sources, f"{fact.confidence:g}", f"L{int(fact.level)}")
        lines.append("- " + " | ".join(column.replace("|", "\\|") for column in columns))
        lines += [f"  - {alias}" for alias in fact.aliases]
    return "\n".join(lines) + "\n"


def _fact_json(fact: Fact) -> dict[str, Any]:
    return {
        "fact_id": fact.fact_id,
        "text": fact.text,
        "level": fact.level.label,
        "confidence": fact.confidence,
        "sources": list(fact.sources),
        "aliases": list(fact.aliases),
        "topic": fact.topic,
    }


def _about(cartridge: Cartridge) -> dict[str, Any]:
    levels: dict[str, int] = {}
    for fact in cartridge.index.facts():
        levels[fact.level.label] = levels.get(fact.level.label, 0) + 1
    return {
        "name": cartridge.name,
        "faction": cartridge.faction.value,
        "facts": cartridge.index.fact_count,
        "levels": dict(sorted(levels.items())),
        "path": str(cartridge.folder),
    }


def _library() -> Library:
    return Runtime(load().settings).library


def _named(name: str) -> Cartridge:
    library = _library()
    found = library.cartridges.get(name.removesuffix(".kbc"))
    if found is None:
        aside = {it.name: it.reason for it in library.set_aside}
        if name in aside:
            raise KnowledgeError(aside[name])
        message = f"there is no cartridge {name!r}; there are {', '.join(library.cartridges) or 'none'}"
        raise NotFound(message)
    return found


def _tell(built: list[Built], *, as_json: bool) -> None:
    if as_json:
        output.print_json(
            [
                {
                    "name": it.name,
                    "facts": it.facts,
                    "added": it.added,
                    "changed": it.changed,
                    "removed": it.removed,
                    "kept": it.kept,
                    "path": str(it.folder),
                }
                for it in built
            ]
        )
        return
    columns = ("name", "facts", "added", "changed", "removed", "kept", "path")
    rows = [(it.name, it.facts, it.added, it.changed, it.removed, it.kept, it.folder) for it in built]
    output.table("Built", columns, rows)


@contextmanager
def _progress(name: str) -> Generator[Callable[[int], None]]:
    """Give a function to call with the number of statements read; shown on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal pays for it
    from rich.progress import Progress, SpinnerColumn, TextColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.description}: {task.completed:.0f} statements"))
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=None)
        yield lambda number: bar.update(task, completed=number)
