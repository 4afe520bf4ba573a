"""What the blackboard promises about a query's spotlights: filled at once, coupled atomically, never half written."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Protocol

from kitbash.domain.coupling import Coupled, Health
from kitbash.domain.ids import QueryId
from kitbash.domain.item import Item
from kitbash.domain.lifecycle import Lifecycle


class PostCode(IntEnum):
    """What came of filling spotlights; mirrors `lua/post.lua`."""

    POSTED = 1
    ENDED = -1
    MISSING = -2
    BAD_KAPPA = -3
    NO_LEVEL = -4


class CoupleCode(IntEnum):
    """What came of coupling; mirrors `lua/couple.lua`."""

    COUPLED = 1
    ENDED = -1
    MISSING = -2
    BAD_KAPPA = -3
    NOT_A_LIST = -4
    BAD_ITEM = -5


class HealthCode(IntEnum):
    """How a query's contradictions stand; mirrors `lua/health.lua`."""

    COHERENT = 1
    DISSONANT = 0
    NOT_A_LIST = -4
    BAD_DELTA = -5


class Bus(Protocol):
    """The part of the blackboard on which a query is thought through. Every method is atomic for one query.

    All raise StoreUnavailable when the blackboard does not answer, and BusError, with nothing written, when what is to
    be coupled cannot be.
    """

    def post(self, query_id: QueryId, items: Sequence[Item]) -> PostCode:
        """Have the six spotlights of a query hold exactly these items."""
        ...

    def couple(self, query_id: QueryId) -> Coupled | None:
        """Have the rules applied to a query's spotlights with its kappa; None when it has ended or is gone.

        Coupling again gives the same; what was resolved meanwhile is open again.
        """
        ...

    def health(self, query_id: QueryId, *, threshold: int) -> Health:
        """Return how a query's contradictions stand; coherent up to `threshold` critical and high ones."""
        ...

    def consider(self, query_id: QueryId, items: Sequence[Item], *, threshold: int) -> tuple[Coupled, Health] | None:
        """Post, couple and take the health, in one round trip where all keys are on one server."""
        ...

    def resolve(self, query_id: QueryId, delta_id: str, resolution: str) -> bool:
        """Have a contradiction resolved, with what was decided; False if the query has none of this name."""
        ...

    def advance(self, query_id: QueryId, lifecycle: Lifecycle) -> None:
        """Note that a query came this far in its life; it never goes back."""
        ...
