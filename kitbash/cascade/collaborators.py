"""What the layers work with; handed to them, never looked up."""

from dataclasses import dataclass

from kitbash.blackboard.board import Blackboard
from kitbash.cascade.confidence import Weights
from kitbash.cascade.policy import Policy
from kitbash.cascade.reputation import Reputation
from kitbash.domain.context import TemporalContext
from kitbash.knowledge.library import Library
from kitbash.models.generator import Generator
from kitbash.models.triage_network import TriageNetwork


@dataclass(frozen=True, slots=True)
class Collaborators:
    """One process's collaborators. Without a model `generator` is None; `context` is, when nothing remembers.

    Without a `network` triage goes by its rules alone; without a `composer` Layer 3's text is the rules'.
    Without a `reputation` every engine counts the same in a vote.
    """

    board: Blackboard
    library: Library
    policy: Policy
    weights: Weights
    generator: Generator | None = None
    context: TemporalContext | None = None
    network: TriageNetwork | None = None
    composer: Generator | None = None
    reputation: Reputation | None = None
