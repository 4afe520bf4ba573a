"""What the layers work with; handed to them, never looked up."""

from dataclasses import dataclass

from kitbash.blackboard.board import Blackboard
from kitbash.cascade.confidence import Weights
from kitbash.cascade.policy import Policy
from kitbash.cascade.reputation import Reputation
from kitbash.cascade.scales import UNPROMISED, Scales
from kitbash.cascade.served import ServedGrains
from kitbash.domain.context import TemporalContext
from kitbash.knowledge.library import Library
from kitbash.knowledge.meaning import Meaning
from kitbash.models.generator import Generator
from kitbash.models.triage_network import TriageNetwork


@dataclass(frozen=True, slots=True)
class Collaborators:
    """One process's collaborators. Without a model `generator` is None; `context` is, when nothing remembers.

    Without a `network` triage goes by its rules alone, without `meaning` search goes by words alone, without `grains`
    Layer 0 by what facts were written to answer. `scales` say how sure is sure enough. Without a `composer` Layer 3's
    text is the rules', and without a `reputation` every engine counts the same in a vote.
    """

    board: Blackboard
    library: Library
    policy: Policy
    weights: Weights
    generator: Generator | None = None
    context: TemporalContext | None = None
    network: TriageNetwork | None = None
    scales: Scales = UNPROMISED
    meaning: Meaning | None = None
    grains: ServedGrains | None = None
    composer: Generator | None = None
    reputation: Reputation | None = None
