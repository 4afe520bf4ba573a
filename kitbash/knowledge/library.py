"""All cartridges that are open in this process, and which of them a project may use."""

import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kitbash.domain.fact import Fact
from kitbash.domain.normal_form import normal_form
from kitbash.errors import KnowledgeError
from kitbash.knowledge import contests, layout
from kitbash.knowledge.cartridge import Cartridge, open_cartridge

MAX_INTENTS: Final = 16
RECHECK_S: Final = 1.0
"""How often a long-lived process looks whether cartridges changed on disk."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A cartridge that could not be opened, and why; the others answer without it."""

    name: str
    folder: Path
    reason: str


@dataclass(frozen=True, slots=True)
class _Opened:
    cartridges: Mapping[str, Cartridge]
    set_aside: tuple[SetAside, ...]
    forms: Mapping[str, tuple[tuple[str, int], ...]]
    held: contests.Shared
    intents: tuple[Fact, ...]
    stamp: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class Library:
    """Opens every cartridge of the given folders; of two with one name the earlier folder's wins.

    Opening is lazy and belongs to the process that does it: not to be carried across a fork.
    """

    folders: Sequence[Path]
    cache: Path
    _opened: _Opened | None = None
    _retired: _Opened | None = None
    _checked_s: float = field(default=0.0)

    @property
    def cartridges(self) -> Mapping[str, Cartridge]:
        """Return the open cartridges by name."""
        return self._current().cartridges

    @property
    def set_aside(self) -> tuple[SetAside, ...]:
        """Return the cartridges that could not be opened."""
        return self._current().set_aside

    def visible(self, factions: Iterable[str]) -> list[Cartridge]:
        """Return the cartridges of these factions, in order of their names."""
        wanted = set(factions)
        return [cartridge for cartridge in self.cartridges.values() if cartridge.faction in wanted]

    def named(self, names: Iterable[str]) -> list[Cartridge]:
        """Return the cartridges of these names that are open."""
        cartridges = self.cartridges
        return [cartridges[name] for name in names if name in cartridges]

    def asked(self, question: str) -> tuple[tuple[str, int], ...]:
        """Return the (cartridge, fact id) pairs whose question form this is. A few microseconds."""
        return self.with_form(normal_form(question))

    def with_form(self, form: str) -> tuple[tuple[str, int], ...]:
        """Return the (cartridge, fact id) pairs that have a question of this normal form."""
        return self._current().forms.get(form, ())

    def fact(self, cartridge: str, fact_id: int) -> Fact | None:
        """Return one fact, or None if its cartridge is not open or has no such fact."""
        found = self.cartridges.get(cartridge)
        return None if found is None else found.index.fact(fact_id)

    def contesting(self, fact: Fact, factions: Iterable[str]) -> tuple[Fact, ...]:
        """Return the visible facts of another level, L0 to L3, that one of a fact's claims contradicts, at most eight.

        In order of level, cartridge and id. About a microsecond where no other fact claims anything of the same key.
        """
        if not fact.claims or not fact.level.states_facts:
            return ()
        opened = self._current()
        if not any(claim.key in opened.held for claim in fact.claims):
            return ()
        found = contests.against(fact, opened.held, factions)
        facts = (opened.cartridges[name].index.fact(fact_id) for name, fact_id in found)
        return tuple(it for it in facts if it is not None)

    def intents(self, factions: Iterable[str]) -> tuple[Fact, ...]:
        """Return the intents (L4) of the cartridges on Kitbash itself, if those may be used; at most sixteen."""
        return self._current().intents if layout.Faction.SELF in factions else ()

    def close(self) -> None:
        """Close every file; the next use opens them anew."""
        _close(self._opened)
        _close(self._retired)
        self._opened = self._retired = None

    def _current(self) -> _Opened:
        now_s = time.monotonic()
        if self._opened is not None and now_s - self._checked_s < RECHECK_S:
            return self._opened
        self._checked_s = now_s
        stamp = self._stamp()
        if self._opened is None or self._opened.stamp != stamp:
            # Another thread may still read the old files, so they are closed a reload later.
            _close(self._retired)
            self._retired, self._opened = self._opened, self._open(stamp)
        return self._opened

    def _stamp(self) -> tuple[tuple[str, int], ...]:
        found: list[tuple[str, int]] = []
        for where in self.folders:
            for folder in layout.folders(where).values():
                for name in (layout.MANIFEST, layout.FACTS, layout.ANNOTATIONS):
                    path = folder / name
                    try:
                        found.append((str(path), path.stat().st_mtime_ns))
                    except OSError:
                        # Gone, or being replaced at this moment: the next look sees what came of it.
                        found.append((str(path), 0))
        return tuple(found)

    def _open(self, stamp: tuple[tuple[str, int], ...]) -> _Opened:
        cartridges: dict[str, Cartridge] = {}
        aside: dict[str, SetAside] = {}
        forms: dict[str, tuple[tuple[str, int], ...]] = {}
        holders: list[contests.Holder] = []
        intents: list[Fact] = []
        for where in self.folders:
            for name, folder in layout.folders(where).items():
                if name in cartridges or name in aside:
                    continue
                try:
                    cartridge = open_cartridge(name, folder, self.cache)
                    asked = cartridge.index.forms()
                    claimed = contests.holders(cartridge)
                    meant = _intents(cartridge)
                except (KnowledgeError, OSError, ValueError, sqlite3.Error) as error:
                    aside[name] = SetAside(name, folder, str(error))
                else:
                    cartridges[name] = cartridge
                    holders += claimed
                    intents += meant
                    for form, fact_id in asked:
                        forms[form] = (*forms.get(form, ()), (name, fact_id))
        cartridges = dict(sorted(cartridges.items()))
        intents.sort(key=lambda it: (it.cartridge, it.fact_id))
        held = contests.shared(holders)
        return _Opened(cartridges, tuple(aside.values()), forms, held, tuple(intents[:MAX_INTENTS]), stamp)


def _intents(cartridge: Cartridge) -> list[Fact]:
    return cartridge.index.intents(MAX_INTENTS) if cartridge.faction is layout.Faction.SELF else []


def _close(opened: _Opened | None) -> None:
    for cartridge in opened.cartridges.values() if opened else ():
        cartridge.index.close()
