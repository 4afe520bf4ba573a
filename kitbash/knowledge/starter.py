"""The starter knowledge: built once from the Markdown that ships with Kitbash, and again when that changes."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from kitbash import assets
from kitbash.knowledge import build, index
from kitbash.knowledge.source import files

_STAMP: Final = ".starter"


def ensure(where: Path) -> None:
    """Have the starter cartridges of this release built in a folder; a few milliseconds when they already are."""
    sources = sorted(assets.path("cartridges").glob("*.md"))
    digest = sha256(index.VERSION.encode())
    for source in sources:
        digest.update(source.read_bytes())
    stamp = where / _STAMP
    if stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return
    for recipe in files.recipes(list(sources)):
        build.build(recipe, where)
    stamp.write_text(digest.hexdigest())
