"""A grain: a question form that is earning, or has earned, an instant answer, with its own record of being right."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Final

from kitbash.domain.beta import Beta

HISTORY: Final = 50
"""How many cycles of hits are remembered."""
MAX_FORM_CHARS: Final = 300
"""A question whose normal form is longer is hardly asked again word for word."""
DOUBT: Final = 0.05
"""How probable it may be that the precision of a grain that is served lies below the target."""
PRIOR_STRENGTH: Final = 0.2
"""How many votes the confidence that minted a grain is worth.

The same question against the same fact is always right or always wrong: what is believed lies near 0 and near 1, and a
Beta distribution says that with little strength. However often it was asked, repetition adds nothing to what the first
hit said, and nobody's silence is consent. A grain minted at 0.99 is served at a target of 0.95 at once, one minted at
0.95 after one confirmation, one at 0.89 after two, and one that was refuted once comes back after seventeen.
"""
WRONG_VOTES: Final = 0.05
"""How many votes are wrong: one in twenty. So many refutations are expected of a grain that is right."""
_UNMEASURED: Final = 0.5
_NEVER_SURE: Final = 0.999


class GrainState(StrEnum):
    """How far a grain has come. What is locked or crystallised stays so whatever is asked next."""

    CANDIDATE = "candidate"
    """hit fewer than five times, or not surely enough"""
    PERSISTENT = "persistent"
    """hit five times or more with a mean confidence of 0.75 or more"""
    LOCKED = "locked"
    """it comes back steadily, and as sure each time"""
    CRYSTALLISED = "crystallised"
    """it passed the gates and is written beside its cartridge; served while its precision is beyond doubt"""
    DEAD = "dead"
    """its fact changed or is gone; the next hit begins a new record"""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a grain is about: a question's normal form and the fact that answers it, in the wording it had."""

    form: str
    cartridge: str
    fact_id: int
    fact_hash: str

    @property
    def grain_id(self) -> str:
        """Return `sg_` and 16 hexadecimal digits: the same for the same form and fact, whatever its wording."""
        named = f"{self.cartridge}#{self.fact_id}\n{self.form}"
        return f"sg_{sha256(named.encode(errors='surrogatepass')).hexdigest()[:16].upper()}"


@dataclass(frozen=True, slots=True)
class Grain:
    """One grain as its counters stand in cycle `cycle`.

    `hits` counts each query it would answer or answered; only the `measured` ones, which search answered, have a
    confidence, of which `mean` and `spread` (the sum of squared distances from the mean) are kept. `cycle_hits` are
    those of `cycle`, `history` those of the completed cycles from `first_cycle` on, at most 50, the newest last.
    """

    subject: Subject
    state: GrainState = GrainState.CANDIDATE
    hits: int = 0
    measured: int = 0
    mean: float = 0.0
    spread: float = 0.0
    confirmed: int = 0
    refuted: int = 0
    first_cycle: int = 0
    last_cycle: int = 0
    cycle: int = 0
    cycle_hits: int = 0
    history: tuple[int, ...] = ()

    @property
    def grain_id(self) -> str:
        """Return its subject's id."""
        return self.subject.grain_id

    @property
    def variance(self) -> float:
        """Return the variance of the measured confidences, 0 to 0.25; 0 of fewer than two."""
        return self.spread / self.measured if self.measured > 1 else 0.0

    @property
    def prior(self) -> Beta:
        """Return what is believed of its precision before any vote: the confidence it was measured with, as one vote.

        A grain that nothing measured has an even chance.
        """
        p = self.mean if self.measured else _UNMEASURED
        p = min(_NEVER_SURE, max(1 - _NEVER_SURE, p))
        return Beta(PRIOR_STRENGTH * p, PRIOR_STRENGTH * (1 - p))

    @property
    def precision(self) -> Beta:
        """Return what is believed of its precision after its votes: the posterior, with wrong votes allowed for.

        Of the refutations only those count that wrong votes do not explain (Rogan and Gladen, "Estimating prevalence
        from the results of a screening test", American Journal of Epidemiology 107, 1978).
        """
        prior, votes = self.prior, self.confirmed + self.refuted
        wrong = max(0.0, (self.refuted - WRONG_VOTES * votes) / (1 - 2 * WRONG_VOTES))
        wrong = min(float(votes), wrong)
        return Beta(prior.right + (votes - wrong), prior.wrong + wrong)

    @property
    def lower_bound(self) -> float:
        """Return the 5 % quantile of its precision."""
        return self.precision.quantile(DOUBT)

    def is_served(self, target_precision: float) -> bool:
        """Return whether it may answer: crystallised, and its lower bound at or above the target."""
        return self.state is GrainState.CRYSTALLISED and _is_beyond_doubt(self.precision, target_precision)

    def at(self, cycle: int) -> "Grain":
        """Return the grain as it stands in a cycle: those that ended since are in its history, without hits."""
        if cycle <= self.cycle:
            return self
        silent = min(cycle - self.cycle - 1, HISTORY)
        history = (*self.history, self.cycle_hits, *(0,) * silent)[-HISTORY:]
        return replace(self, cycle=cycle, cycle_hits=0, history=history)


@lru_cache(maxsize=16_384)
def _is_beyond_doubt(precision: Beta, target_precision: float) -> bool:
    # The same as comparing the lower bound, in one evaluation instead of sixty; kept, since a table that is loaded
    # anew holds mostly what it held before.
    return precision.below(target_precision) <= DOUBT


@dataclass(frozen=True, slots=True)
class Hit:
    """One query that a grain's fact answered; `confidence` is the search's, None when the grain itself answered."""

    subject: Subject
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody says an answer should have been: a proposal for a person to review, never knowledge by itself."""

    query_id: str
    question: str
    answer: str
    text: str
    sources: tuple[str, ...] = ()
    user: str = ""
    at_ms: int = 0


def by_form(grains: Sequence[Grain]) -> dict[str, tuple[Grain, ...]]:
    """Return grains by the form of their question."""
    found: dict[str, tuple[Grain, ...]] = {}
    for grain in grains:
        found[grain.subject.form] = (*found.get(grain.subject.form, ()), grain)
    return found
