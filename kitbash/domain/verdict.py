"""What one layer said."""

from dataclasses import dataclass

from kitbash.domain.coupling import Delta
from kitbash.domain.decision import Decision
from kitbash.domain.fact import Fact
from kitbash.domain.layer import Layer, Stage


@dataclass(frozen=True, slots=True)
class Verdict:
    """One attempt of one layer. `confidence` is how sure the layer is that its answer fits the question, 0 to 1."""

    stage: Stage
    confidence: float
    threshold: float
    passed: bool
    reason: str
    latency_ms: float = 0.0

    @property
    def layer(self) -> Layer:
        """Return the layer that spoke."""
        return self.stage.layer


@dataclass(frozen=True, slots=True)
class Finding:
    """What a layer function returns: how sure it is, why, and an answer when it is sure enough.

    `product` is what later stages need (a plan, candidates), as JSON. `evidence` are the facts an answer stands on,
    or the nearest there are; `sources` those that the answer cites, where that is not all of them. `refusal` is what
    the user is told when the layer ends the query without an answer. `threshold` is what the confidence is held
    against where the facts decide that, None where the layer's rule does. `deltas` are what a reply contradicts.
    `layer` is who speaks for those that agree in a vote; then `confidence` is the answer's, its sources reckoned in.
    """

    confidence: float
    reason: str
    answer: str | None = None
    evidence: tuple[Fact, ...] = ()
    product: str | None = None
    decisions: tuple[Decision, ...] = ()
    refusal: str | None = None
    threshold: float | None = None
    sources: tuple[Fact, ...] | None = None
    deltas: tuple[Delta, ...] = ()
    layer: Layer | None = None
