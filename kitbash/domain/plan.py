"""What triage decided about a question."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kitbash.domain.strategy import Strategy


@dataclass(frozen=True, slots=True)
class Plan:
    """How the rest of the cascade goes.

    `parts[0]` is the whole question, the others are what it asks for when it asks for several things.
    `shards` are groups of cartridges searched in parallel; none means that no cartridge knows a word of it.
    `weights` are the idf weights of each content stem of the question, over all visible cartridges; `unknown` names
    the stems that no cartridge holds. `form` is what kind of thing is asked for; `leans` says that the question leans
    on what was asked before. `consensus` is how the engines vote, if they do.
    """

    parts: tuple[str, ...]
    shards: tuple[tuple[str, ...], ...]
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    unknown: frozenset[str] = frozenset()
    kappa: float = 1.0
    reason: str = ""
    form: str = "statement"
    leans: bool = False
    consensus: Strategy = Strategy.NONE
