"""A metabolism small enough to see through: everything in memory, over a pond of facts, with a clock of our own."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from kitbash.blackboard.grains import MoveCode
from kitbash.blackboard.metabolism import Running
from kitbash.domain.fact import content_hash
from kitbash.domain.grain import Grain, GrainState, Hit, Subject
from kitbash.domain.ids import new_query_id
from kitbash.domain.layer import Layer
from kitbash.domain.metabolism import CycleKind, CycleResult, Settled
from kitbash.knowledge.library import Library
from kitbash.metabolism.cycles import Metabolism
from kitbash.metabolism.needs import Needs
from kitbash.metabolism.schedule import Rhythm
from tests.boards import MAX_DELIVERIES, TTL_S
from tests.twins.memory_board import MemoryBlackboard
from tests.twins.memory_grains import MemoryGrains
from tests.twins.memory_metabolism import MemoryMetabolism
from tests.unit.cascade_kit import Clock

FROG: Final = 7
MERCURY: Final = 3
"""A fact of L0 that one of L1 contradicts."""
GOLDFISH_TALE: Final = 2
"""A narrative that a fact of L0 contradicts."""
RHYTHM: Final = Rhythm(background_every=100, idle_after_s=300, sleep_every_s=86_400)


class Dies(Exception):
    """The process ends here, as far as the cycle is concerned."""


@dataclass(slots=True)
class Shelf:
    """`Crystals` without files; it can be told to die before, or after, so many grains."""

    grains: MemoryGrains
    dies_after: int | None = None
    made: list[str] = field(default_factory=list[str])
    withdrawn: list[str] = field(default_factory=list[str])
    kept: list[Grain] = field(default_factory=list[Grain])

    def crystallise(self, grain: Grain) -> bool:
        if self.dies_after is not None and len(self.made) >= self.dies_after:
            raise Dies
        self.made.append(grain.grain_id)
        return self.grains.promote(grain, GrainState.CRYSTALLISED) is MoveCode.MOVED

    def withdraw(self, grain: Grain) -> bool:
        self.withdrawn.append(grain.grain_id)
        return self.grains.promote(grain, GrainState.DEAD) is MoveCode.MOVED

    def restore(self) -> int:
        return sum(self.grains.restore(grain) for grain in self.kept)


@dataclass(slots=True)
class Body:
    """A metabolism with everything it needs within reach."""

    library: Library
    clock: Clock = field(default_factory=Clock)
    grains: MemoryGrains = field(default_factory=MemoryGrains)
    store: MemoryMetabolism = field(init=False)
    shelf: Shelf = field(init=False)
    board: MemoryBlackboard = field(init=False)
    needs: Needs = field(init=False)

    def __post_init__(self) -> None:  # noqa: D105
        self.store = MemoryMetabolism(clock_ms=self.clock)
        self.shelf = Shelf(self.grains)
        self.board = MemoryBlackboard(ttl_s=TTL_S, max_deliveries=MAX_DELIVERIES, clock_ms=self.clock)
        self.needs = Needs(
            self.store, self.grains, self.shelf, self.board, self.library, RHYTHM, threshold=0.8, target_precision=0.95
        )

    @property
    def metabolism(self) -> Metabolism:
        return Metabolism(self.needs)

    def run(self, kind: CycleKind) -> CycleResult:
        done = self.metabolism.run(kind)
        assert not isinstance(done, Running)
        return done

    def settle(self, forms: Sequence[str], *, confidence: float = 0.9) -> None:
        """Have queries of these forms settled, one after the other."""
        layer = Layer.CARTRIDGE if confidence else None
        self.store.note([Settled(new_query_id(), form, layer, confidence, self.clock()) for form in forms])

    def subject(self, form: str = "frog swim", fact_id: int = FROG) -> Subject:
        """Return a question about a fact of the pond."""
        fact = self.library.fact(next(iter(self.library.cartridges)), fact_id)
        assert fact is not None
        return Subject(form, fact.cartridge, fact_id, content_hash(fact.text))

    def hit(self, subject: Subject, times: int = 5, *, confidence: float = 0.97) -> Grain:
        """Have a question hit its fact so often in this grain cycle."""
        for _ in range(times):
            self.grains.hit(Hit(subject, confidence))
        return self.grain(subject)

    def grain(self, subject: Subject) -> Grain:
        """Return the grain of a question as it stands."""
        grain = self.grains.get(subject.grain_id)
        assert grain is not None
        return grain

    def locked(self, form: str = "frog swim", fact_id: int = FROG, *, confidence: float = 0.97) -> Subject:
        """Return a question whose grain has come as far as sleep needs it."""
        subject = self.subject(form, fact_id)
        grain = self.hit(subject, confidence=confidence)
        for state in (GrainState.PERSISTENT, GrainState.LOCKED):
            assert self.grains.promote(grain, state) is MoveCode.MOVED
            grain = replace(grain, state=state)
        return subject

    def vote(self, subject: Subject, right: int, wrong: int) -> None:
        """Have people judge the answers of a question."""
        for at in range(right + wrong):
            self.grains.vote(new_query_id(), subject, is_right=at < right)
