"""One more fact in a cartridge that stands, or in a new one; what it holds already stays."""

from dataclasses import replace
from pathlib import Path

from kitbash.domain.fact import Fact
from kitbash.knowledge import layout, manifest
from kitbash.knowledge.build import Built, store
from kitbash.knowledge.cartridge import facts_in
from kitbash.knowledge.folder import writing
from kitbash.knowledge.layout import CartridgeName


def add(name: CartridgeName, fact: Fact, where: Path, *, description: str = "") -> Built:
    """Have a cartridge hold one more fact; one of the same text gains its sources and aliases, and keeps what it has.

    The folder is replaced as a whole, and two writers take turns. `description` is for a cartridge that is new. Raises
    KnowledgeError if the one that stands there cannot be read: it is not replaced by a poorer one.
    """
    with writing(where):
        folder = layout.folders(where).get(str(name))
        before = [] if folder is None else list(facts_in(folder, str(name)))
        said = description if folder is None else manifest.read(folder / layout.MANIFEST).description
        same = next((it for it in before if it.text == fact.text), None)
        kept = [it for it in before if it is not same]
        return store(name, [*kept, fact if same is None else _joined(same, fact)], where, description=said)


def _joined(old: Fact, new: Fact) -> Fact:
    return replace(
        old,
        confidence=max(old.confidence, new.confidence),
        sources=tuple(dict.fromkeys((*old.sources, *new.sources))),
        aliases=tuple(dict.fromkeys((*old.aliases, *new.aliases))),
    )
