"""Whether what a sleep cycle changed made answers worse: measured by people's votes, against what was before."""

from typing import Final

from kitbash.cascade.risk import lower_bound
from kitbash.domain.metabolism import Changes, Precision

MOST_FALL: Final = 0.05
"""How much of the precision may be lost, relative to what it was."""
CHANCE: Final = 0.05
"""How probable it may be that a fall is bad luck: of twenty votes at 0.95, three wrong ones are no rare thing."""
ENOUGH: Final = 20
"""After so many votes without a fall a change stands; with fewer it is reviewed together with the next."""


def since(changes: Changes, votes: Precision) -> Precision:
    """Return what was judged since a change."""
    return Precision(votes.right - changes.precision.right, votes.judged - changes.precision.judged)


def is_worse(changes: Changes, votes: Precision) -> bool:
    """Return whether precision has fallen by more than 5 % of what it was, and not by chance.

    The second is a Clopper-Pearson bound: the share of wrong answers since is surely above what it was before.
    """
    now, before = since(changes, votes), changes.precision
    if not changes.grains or not before.judged or not now.judged:
        return False
    if not 0 <= now.right <= now.judged:
        # The votes were counted anew, by a server that lost them: there is nothing to compare.
        return False
    fell = now.share < before.share * (1 - MOST_FALL)
    return fell and lower_bound(now.judged - now.right, now.judged, CHANCE) > 1 - before.share


def is_settled(changes: Changes, votes: Precision) -> bool:
    """Return whether enough was judged since a change to let it stand."""
    return since(changes, votes).judged >= ENOUGH
