"""The starter knowledge: built once from the Markdown that ships with Kitbash, and again when that changes."""

import shutil
from hashlib import sha256
from pathlib import Path
from typing import Final

from kitbash import assets
from kitbash.knowledge import layout
from kitbash.knowledge.fingerprint import VERSION
from kitbash.knowledge.folder import writing

_STAMP: Final = ".starter"


def ensure(where: Path) -> None:
    """Have exactly the starter cartridges of this release in a folder; a millisecond when they already are."""
    sources = sorted(assets.path("cartridges").glob("*.md"))
    digest = sha256(VERSION.encode())
    for source in sources:
        digest.update(source.read_bytes())
    stamp = where / _STAMP
    if stamp.is_file():
        made_of, *names = stamp.read_text(encoding="utf-8").split()
        if made_of == digest.hexdigest() and names == list(layout.folders(where)):
            return
    # Imported here: what reads Markdown is needed once a release, and most questions come later.
    from kitbash.knowledge import build  # noqa: PLC0415
    from kitbash.knowledge.source import files  # noqa: PLC0415

    with writing(where):
        built = [build.build(recipe, where).name for recipe in files.recipes(list(sources))]
        for name, folder in layout.folders(where).items():
            if name not in built:
                shutil.rmtree(folder)
        stamp.write_text("\n".join([digest.hexdigest(), *sorted(built)]), encoding="utf-8")
