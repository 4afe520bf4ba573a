"""Which calibration a fact is read by: its cartridge's own, else that of the starter questions most like it.

A cartridge that nobody wrote questions for is the harder case: nothing says what it is asked. Its facts need the
threshold that was chosen on starter facts without a single alias, where half of the questions had their fact taken out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kitbash.domain.calibration import EXACT, NEVER, UNTAUGHT, Calibration, Origin, Promise, Scale, promised
from kitbash.domain.fact import Fact

DEFAULT_TARGET: Final = 0.95
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Scales:
    """The shipped calibrations, the digest of the weights they hold for, and the precision that is wanted, 0 to 1.

    The shipped ones move no probability: they are what it was fitted to.
    """

    aliases: Calibration = UNTAUGHT
    texts: Calibration = UNTAUGHT
    target: float = DEFAULT_TARGET
    model: str = ""

    @property
    def exact(self) -> Scale:
        """Return how an exact question form is read: it needs no more than a fact that is only like the question."""
        if self.target > EXACT:
            return Scale(origin=Origin.EXACT)
        return Scale(threshold=min(self.target, self._needed(self.aliases.alone)), composed=0.0, origin=Origin.EXACT)

    @property
    def usual(self) -> Scale:
        """Return how a fact with aliases is read, of a cartridge without a calibration of its own."""
        alone, composed = self._needed(self.aliases.alone), self._needed(self.aliases.composed)
        return Scale(threshold=alone, composed=composed, origin=Origin.ALIASES)

    @property
    def bare(self) -> Scale:
        """Return how a fact without aliases is read, of a cartridge without a calibration of its own."""
        alone, composed = self._needed(self.texts.alone), self._needed(self.texts.composed)
        return Scale(threshold=alone, composed=composed, origin=Origin.TEXTS)

    def of(self, fact: Fact, own: Calibration | None) -> Scale:
        """Return how a fact's probability is read; `own` is the calibration of its cartridge, if it has one.

        One made for other weights is not used. Where it cannot promise the target, what ships decides as without it.
        """
        shipped = self.usual if fact.aliases else self.bare
        if own is None or own.model != self.model:
            return shipped
        return Scale(
            own.slope,
            own.offset,
            self._needed(own.alone, own.moved(shipped.threshold)),
            self._needed(own.composed, own.moved(shipped.composed)),
            Origin.CARTRIDGE,
        )

    def _needed(self, promises: Sequence[Promise], else_: float = NEVER) -> float:
        found = promised(promises, self.target)
        return round(else_ if found is None else found.threshold, _DIGITS)


UNPROMISED: Final = Scales()
"""Where nothing was calibrated, nothing is promised."""
