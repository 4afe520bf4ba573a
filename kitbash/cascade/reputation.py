"""How much an engine counts in a vote, by how often people judged it right.

What one counts about which too little is known, the vote decides: the mean of the others.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from kitbash.blackboard.engines import Engines, Judged
from kitbash.domain.layer import Layer

ENOUGH: Final = 50
"""Of fewer judgements nothing follows (the first Kitbash's figure)."""


class Reputation(Protocol):
    """Knows what was said of the answers of each engine."""

    def weights(self) -> Mapping[Layer, float]:
        """Return each engine's share of right answers, 0 to 1; none for those about which too little is known."""
        ...


class JudgedEngines:
    """A `Reputation` that is read from the judgements when a vote needs it. Raises as these do."""

    def __init__(self, engines: Engines) -> None:
        """Hold where the judgements are."""
        self._engines = engines

    def weights(self) -> Mapping[Layer, float]:
        """Return each engine's share of right answers, 0 to 1; none for those about which too little is known."""
        return shares(self._engines.judged())


def shares(judged: Mapping[Layer, Judged]) -> Mapping[Layer, float]:
    """Return the share of right answers of every engine that was judged often enough."""
    return {layer: it.right / (it.right + it.wrong) for layer, it in judged.items() if it.right + it.wrong >= ENOUGH}
