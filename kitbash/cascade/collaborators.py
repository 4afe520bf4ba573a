"""What the layers work with; handed to them, never looked up."""

from dataclasses import dataclass

from kitbash.blackboard.board import Blackboard
from kitbash.cascade.confidence import Weights
from kitbash.cascade.policy import Policy
from kitbash.knowledge.library import Library
from kitbash.models.generator import Generator


@dataclass(frozen=True, slots=True)
class Collaborators:
    """One process's collaborators. `generator` is None when no model is configured."""

    board: Blackboard
    library: Library
    policy: Policy
    weights: Weights
    generator: Generator | None = None
