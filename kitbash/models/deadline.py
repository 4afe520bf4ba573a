"""The moment by which a call has to be back, on a clock that never goes back."""

import time
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment of `time.monotonic`, in seconds, and how much was allowed until then."""

    ends_s: float
    allowed_s: float

    @classmethod
    def within(cls, allowed_s: float) -> Self:
        """Return the moment that many seconds from now; with nothing allowed it is over."""
        return cls(time.monotonic() + allowed_s, allowed_s)

    @property
    def left_s(self) -> float:
        """Return how many seconds are left; 0 or less when it is over."""
        return self.ends_s - time.monotonic()

    @property
    def is_over(self) -> bool:
        """Return whether no time is left."""
        return self.left_s <= 0

    def sooner(self, within_s: float) -> "Deadline":
        """Return this moment, or the one that many seconds from now if it comes first."""
        other = Deadline.within(within_s)
        return other if other.ends_s < self.ends_s else self
