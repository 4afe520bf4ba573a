"""A sleep cycle in a process of its own that makes one grain of two, says so, and then waits to be killed."""

import sys
import time
from dataclasses import dataclass, replace

from kitbash.cascade.crystallising import Crystalliser
from kitbash.cascade.grains import subject_of
from kitbash.domain.grain import Grain, GrainState, Hit
from kitbash.domain.metabolism import CycleKind
from kitbash.metabolism.cycles import Metabolism
from kitbash.runtime import current

QUESTIONS = ("frogs: how do those swim", "swimming of frogs, how well")


@dataclass(slots=True)
class Halting:
    """`Crystals` that come to a stop after the first grain."""

    inner: Crystalliser
    made: int = 0

    def crystallise(self, grain: Grain) -> bool:
        """Have one grain served, and no other."""
        if self.made:
            sys.stdout.write("made one\n")
            sys.stdout.flush()
            time.sleep(600)
        self.made += 1
        return self.inner.crystallise(grain)

    def withdraw(self, grain: Grain) -> bool:
        """Have a grain withdrawn."""
        return self.inner.withdraw(grain)

    def restore(self) -> int:
        """Have nothing restored."""
        return 0


def main() -> None:
    """Lock two grains about the first fact that there is, and go to sleep on them."""
    here = current()
    fact = next(iter(next(iter(here.library.cartridges.values())).index.facts()))
    for question in QUESTIONS:
        subject = subject_of(question, fact)
        assert subject is not None
        for _ in range(5):
            here.grains.hit(Hit(subject, 0.99))
        for state in (GrainState.PERSISTENT, GrainState.LOCKED):
            grain = here.grains.get(subject.grain_id)
            assert grain is not None
            here.grains.promote(grain, state)
    needs = replace(here.metabolism.needs, crystals=Halting(here.crystals))
    Metabolism(needs).run(CycleKind.SLEEP)


if __name__ == "__main__":
    main()
