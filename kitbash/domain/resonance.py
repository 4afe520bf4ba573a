"""How strongly a question form still resonates: a memory that fades between turns, the slower the oftener it returned.

A turn is one background cycle of the metabolism. The weight is exp(-age / S), age in turns since the form was last
asked, S its stability. What returns after a pause is kept longer than what was only asked in a row (the spacing
effect: Cepeda and others, "Distributed practice in verbal recall tasks", Psychological Bulletin 132, 2006).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

STABILITY: Final = 3.0
"""Turns; of a form that was asked in one turn."""
GROWTH: Final = 2.0
MOST_STABILITY: Final = 384.0
"""Turns; without a bound a form that everybody asks would outlive everything, also when nobody asks it any more."""
LEAST_WEIGHT: Final = 0.001
ACTIVE: Final = 0.3
PROMOTED_HITS: Final = 3
MOST_PATTERNS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Pattern:
    """One question form. `hits` counts the turns in which it was asked, `asked` how often in all of them."""

    stability: float
    last_turn: int
    hits: int = 1
    asked: int = 1

    def weight(self, turn: int) -> float:
        """Return what is left of it at a turn, 0 to 1; a turn that went backwards counts as no time."""
        return math.exp(-max(0, turn - self.last_turn) / self.stability)

    @property
    def survives_turns(self) -> float:
        """Return after how many turns without a question it is forgotten: 21; 41, 83, 166 as its stability doubles."""
        return -math.log(LEAST_WEIGHT) * self.stability


def reinforced(pattern: Pattern, turn: int, *, times: int = 1) -> Pattern:
    """Return the pattern after it was asked in a turn; within one turn only the first time makes it more stable.

    Stability grows twofold without a pause, and nearly fourfold when the form was almost forgotten.
    """
    if turn <= pattern.last_turn:
        return Pattern(pattern.stability, pattern.last_turn, pattern.hits, pattern.asked + times)
    growth = GROWTH * (1 + (1 - pattern.weight(turn)))
    stability = min(MOST_STABILITY, pattern.stability * growth)
    return Pattern(stability, turn, pattern.hits + 1, pattern.asked + times)


@dataclass(frozen=True, slots=True)
class Resonance:
    """All patterns by the digest of their form, as of a turn."""

    turn: int = 0
    patterns: Mapping[str, Pattern] = field(default_factory=dict[str, Pattern])

    def after(self, asked: Iterable[str], *, most: int = MOST_PATTERNS) -> "Resonance":
        """Return the next turn: these forms were asked in it, what has faded is gone, and the weakest beyond `most`."""
        turn = self.turn + 1
        counts: dict[str, int] = {}
        for digest in asked:
            counts[digest] = counts.get(digest, 0) + 1
        patterns = dict(self.patterns)
        for digest, times in counts.items():
            known = patterns.get(digest)
            patterns[digest] = (
                Pattern(STABILITY, turn, asked=times) if known is None else reinforced(known, turn, times=times)
            )
        kept = {digest: it for digest, it in patterns.items() if it.weight(turn) >= LEAST_WEIGHT}
        if len(kept) > most:
            strongest = sorted(kept, key=lambda it: (-kept[it].weight(turn), -kept[it].stability, it))[:most]
            kept = {digest: kept[digest] for digest in strongest}
        return Resonance(turn, kept)

    @property
    def active(self) -> int:
        """Return how many patterns are still strong."""
        return sum(it.weight(self.turn) >= ACTIVE for it in self.patterns.values())

    @property
    def cruft_ratio(self) -> float:
        """Return which share of the patterns is no longer strong, 0 when there are none."""
        return 1 - self.active / len(self.patterns) if self.patterns else 0.0

    def promoted(self) -> tuple[str, ...]:
        """Return the forms that were asked in three turns or more, the strongest first."""
        found = [digest for digest, it in self.patterns.items() if it.hits >= PROMOTED_HITS]
        return tuple(sorted(found, key=lambda it: (-self.weight(it), -self.patterns[it].hits, it)))

    def weight(self, digest: str) -> float:
        """Return how strongly a form resonates, 0 if it is not known."""
        known = self.patterns.get(digest)
        return 0.0 if known is None else known.weight(self.turn)
