"""Existing `.kbc` folders taken in, in either schema, without touching them."""

from pathlib import Path

from kitbash.errors import KnowledgeError
from kitbash.knowledge import layout, manifest
from kitbash.knowledge.build import Built, store
from kitbash.knowledge.cartridge import facts_in


def import_folder(source: Path, where: Path, *, faction: str | None = None) -> Built:
    """Copy a cartridge's facts and annotations into a new cartridge under `where`; the source is only read.

    Fact ids are kept. Without `faction` the folder's name decides. Raises KnowledgeError naming what is broken.
    """
    if source.suffix != layout.SUFFIX or not source.is_dir():
        message = f"{source} is not a cartridge folder; its name ends in {layout.SUFFIX}"
        raise KnowledgeError(message)
    name = layout.parse_name(source.stem)
    if faction is not None:
        name = layout.name_of(name.domain, faction)
    about = manifest.read(source / layout.MANIFEST) if (source / layout.MANIFEST).exists() else None
    facts = list(facts_in(source, source.stem))
    if not facts:
        message = f"{source} holds no active fact; nothing was imported"
        raise KnowledgeError(message)
    return store(name, facts, where, description=about.description if about else "")
