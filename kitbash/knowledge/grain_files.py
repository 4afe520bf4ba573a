"""Crystallised grains as files: `grains/<grain id>.json` of their cartridge's folder, or of one beside.

Each is replaced as a whole: after a crash there is the old one or the new one.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kitbash.domain.fact import Fact
from kitbash.domain.grain import Grain
from kitbash.domain.ternary_form import TernaryForm
from kitbash.errors import KnowledgeError
from kitbash.knowledge import layout
from kitbash.knowledge.cartridge import Cartridge
from kitbash.knowledge.grain_record import grain_of, record_of

MAX_BYTES: Final = 64_000
_WORK: Final = ".writing-"
_SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is no grain of its cartridge, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class GrainFiles:
    """The files of all cartridges' grains. `beside` is where those of folders lie that are not to be written to.

    `read_only` are folders of cartridges that Kitbash itself replaces, such as the starter knowledge.
    """

    beside: Path
    read_only: tuple[Path, ...] = ()

    def write(self, cartridge: Cartridge, grain: Grain, fact: Fact, form: TernaryForm) -> Path:
        """Have a grain's file written and synced, and return where. Raises KnowledgeError if no place takes it."""
        text = json.dumps(record_of(grain, fact, form), indent=2, ensure_ascii=False) + "\n"
        refused: list[str] = []
        for folder in self._places(cartridge):
            path = folder / (grain.grain_id + _SUFFIX)
            try:
                _replace(path, text)
            except OSError as error:
                refused.append(str(error))
            else:
                return path
        message = f"{grain.grain_id} of {cartridge.name} cannot be written: {'; '.join(refused)}; free or open a folder"
        raise KnowledgeError(message)

    def read(self, cartridge: Cartridge) -> tuple[list[Grain], list[Skipped]]:
        """Return a cartridge's grains as their files have them, crystallised, and the files that hold none."""
        grains: dict[str, Grain] = {}
        skipped: list[Skipped] = []
        for path in self._files(cartridge):
            try:
                grain = _grain(path, cartridge.name)
            except (OSError, KnowledgeError) as error:
                skipped.append(Skipped(path, str(error)))
            else:
                grains.setdefault(grain.grain_id, grain)
        return list(grains.values()), skipped

    def remove(self, cartridge: Cartridge, grain_id: str) -> None:
        """Have a grain's file gone, wherever it is. Raises KnowledgeError if it is there and stays."""
        for place in self._places(cartridge):
            try:
                (place / (grain_id + _SUFFIX)).unlink(missing_ok=True)
            except OSError as error:
                message = f"the file of {grain_id} cannot be removed: {error}; delete it yourself"
                raise KnowledgeError(message) from error

    def tidy(self, cartridge: Cartridge) -> None:
        """Have gone what a crashed writer left half written."""
        for place in self._places(cartridge):
            for left in place.glob(_WORK + "*"):
                with suppress(OSError):
                    left.unlink()

    def _places(self, cartridge: Cartridge) -> list[Path]:
        beside = self.beside / cartridge.name
        is_ours = any(cartridge.folder.is_relative_to(where) for where in self.read_only)
        return [beside] if is_ours else [cartridge.folder / layout.GRAINS, beside]

    def _files(self, cartridge: Cartridge) -> Iterator[Path]:
        for place in self._places(cartridge):
            with suppress(OSError):
                yield from sorted(path for path in place.glob("sg_*" + _SUFFIX) if path.is_file())


def _grain(path: Path, cartridge: str) -> Grain:
    if path.stat().st_size > MAX_BYTES:
        message = f"larger than {MAX_BYTES:,} bytes; a grain is a short file"
        raise KnowledgeError(message)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        message = f"not a grain: {error}"
        raise KnowledgeError(message) from error
    return grain_of(text, cartridge, path.stem)


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, work = tempfile.mkstemp(prefix=_WORK, dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(work).chmod(0o644)
        Path(work).replace(path)
    except BaseException:
        Path(work).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
