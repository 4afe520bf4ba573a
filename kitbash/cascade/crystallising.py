"""How a grain comes to be served and ceases to be: its file and its record, in an order that a crash does no harm to.

The file is written first. One whose grain did not crystallise after all, since somebody died in between, is overwritten
when it does, and read by nobody but `restore`, which takes a file only where there is no record.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kitbash.blackboard.grains import Grains, MoveCode
from kitbash.domain.fact import Fact, content_hash
from kitbash.domain.grain import Grain, GrainState
from kitbash.domain.ternary_form import Neighbour, TernaryForm, ternary_form
from kitbash.errors import KnowledgeError
from kitbash.knowledge.cartridge import Cartridge
from kitbash.knowledge.grain_files import GrainFiles
from kitbash.knowledge.library import Library
from kitbash.knowledge.relations import relations_of
from kitbash.observe import logs

_log: Final = logs.logger(__name__)


@dataclass(frozen=True, slots=True)
class Crystalliser:
    """Brings grains into service and out of it. Calls raise StoreUnavailable when the blackboard does not answer.

    A file that cannot be written or removed is told in the log: the record on the blackboard decides what is served.
    """

    grains: Grains
    library: Library
    files: GrainFiles

    def crystallise(self, grain: Grain) -> bool:
        """Have a grain served and written beside its cartridge; False if it or its fact changed since it was read."""
        fact = self.fact_of(grain)
        if fact is None:
            return False
        self._write(grain, fact)
        if self.grains.promote(grain, GrainState.CRYSTALLISED) is MoveCode.MOVED:
            return True
        held = self.grains.get(grain.grain_id)
        if held is None or held.state is not GrainState.CRYSTALLISED:
            self._remove(grain)
        return False

    def keep(self, grain: Grain) -> None:
        """Have the file of a crystallised grain say what was counted by now, so that votes outlive the blackboard."""
        fact = self.fact_of(grain)
        if fact is not None and grain.state is GrainState.CRYSTALLISED:
            self._write(grain, fact)

    def withdraw(self, grain: Grain) -> bool:
        """Have a grain dead, no longer served, its file gone; False if it changed since it was read."""
        if self.grains.promote(grain, GrainState.DEAD) is not MoveCode.MOVED:
            return False
        self._remove(grain)
        return True

    def drop(self, grain: Grain) -> bool:
        """Have a grain, its counters and its file gone; False if there was none."""
        was_there = self.grains.drop(grain.grain_id)
        self._remove(grain)
        return was_there

    def restore(self) -> int:
        """Have every grain that is written somewhere on the blackboard, and every served one written; return how many.

        For a blackboard that lost its keys, and a cartridge that was built anew. What there is stays as it is. A file
        of another cartridge or another wording, or a damaged one, is told in the log and passed over.
        """
        restored = 0
        served = self.grains.crystallised()
        for cartridge in self.library.cartridges.values():
            self.files.tidy(cartridge)
            found, skipped = self.files.read(cartridge)
            for it in skipped:
                _log.warning("grains.file_skipped", path=str(it.path), why=it.reason)
            for grain in found:
                if self.fact_of(grain) is None:
                    _log.warning("grains.file_stale", grain=grain.grain_id, cartridge=cartridge.name)
                elif self.grains.restore(grain):
                    restored += 1
            written = {grain.grain_id for grain in found}
            for grain in served:
                fact = self.fact_of(grain) if grain.subject.cartridge == cartridge.name else None
                if fact is not None and grain.grain_id not in written:
                    restored += self._write(grain, fact)
        return restored

    def fact_of(self, grain: Grain) -> Fact | None:
        """Return a grain's fact, if it still says what it said."""
        fact = self.library.fact(grain.subject.cartridge, grain.subject.fact_id)
        return fact if fact is not None and content_hash(fact.text) == grain.subject.fact_hash else None

    def form_of(self, fact: Fact) -> TernaryForm:
        """Return a fact's ternary form, from its claims, its relations and what its cartridge claims beside it."""
        cartridge = self.library.cartridges[fact.cartridge]
        relations = relations_of(cartridge.folder, cartridge.name, fact.fact_id)
        return ternary_form(fact, relations, tuple(_neighbours(fact, cartridge)))

    def _write(self, grain: Grain, fact: Fact) -> bool:
        try:
            self.files.write(self.library.cartridges[fact.cartridge], grain, fact, self.form_of(fact))
        except KnowledgeError as error:
            _log.warning("grains.not_written", grain=grain.grain_id, why=str(error))
            return False
        return True

    def _remove(self, grain: Grain) -> None:
        cartridge = self.library.cartridges.get(grain.subject.cartridge)
        if cartridge is None:
            return
        try:
            self.files.remove(cartridge, grain.grain_id)
        except KnowledgeError as error:
            _log.warning("grains.not_removed", grain=grain.grain_id, why=str(error))


def _neighbours(fact: Fact, cartridge: Cartridge) -> Iterator[Neighbour]:
    """Yield what other facts of a cartridge claim of the subjects of a fact's claims."""
    subjects = {claim.subject for claim in fact.claims}
    if not subjects:
        return
    for fact_id, level, claims in cartridge.index.claims():
        if fact_id != fact.fact_id and level.states_facts:
            for claim in claims:
                if claim.subject in subjects:
                    yield Neighbour(f"{cartridge.name}#{fact_id}", claim)
