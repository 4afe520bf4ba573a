"""How much an engine counts in a vote, by how often it was right."""

from collections.abc import Mapping
from typing import Protocol

from kitbash.domain.layer import Layer


class Reputation(Protocol):
    """Knows what was said of the answers of each engine."""

    def weights(self) -> Mapping[Layer, float]:
        """Return each engine's share of right answers, 0 to 1; none for those about which too little is known."""
        ...
