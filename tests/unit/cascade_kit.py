"""A cascade small enough to see through: one cartridge, weights that count coverage alone, a model of our own."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from kitbash.blackboard.board import Blackboard, NewQuery, Trace
from kitbash.cascade.collaborators import Collaborators
from kitbash.cascade.confidence import NAMES, Weights
from kitbash.cascade.policy import Policy, ProjectRule, Rule
from kitbash.domain.ids import QueryId
from kitbash.domain.layer import Layer
from kitbash.knowledge.build import build
from kitbash.knowledge.library import Library
from kitbash.knowledge.source.files import recipes
from kitbash.models.generator import Generated, Generator, Prompt
from tests.boards import LONG_MS, MAX_DELIVERIES, TTL_S, new_query
from tests.twins.memory_board import MemoryBlackboard

LEASE_MS: Final = 1000
WATER: Final = """# Water

- Ice floats on water. | a book | 0.9 | L0
  - Does ice float?
- Steam rises in cold air. | a paper | 0.8 | L1
  - What does steam do?
"""
WEIGHTS: Final = Weights(tuple(10.0 if name == "coverage" else 0.0 for name in NAMES), -5.0)
THRESHOLDS: Final = {
    Layer.REFLEX: 0.9,
    Layer.BITNET: 0.0,
    Layer.CARTRIDGE: 0.8,
    Layer.SYNTHESIS: 0.6,
    Layer.KOBOLD: 0.3,
}
POLICY: Final = Policy(
    rules={layer: Rule(threshold, LONG_MS, LEASE_MS) for layer, threshold in THRESHOLDS.items()},
    projects={"default": ProjectRule(("general",), 1.0)},
    facts_per_shard=100,
    candidates=8,
    model_slots=1,
    max_tokens=50,
    temperature=0.0,
)


@dataclass(slots=True)
class Clock:
    """The board's clock, turned by hand."""

    now_ms: int = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now_ms


@dataclass(slots=True)
class Model:
    """A model that says what it is told to, and keeps what it was asked."""

    reply: Callable[[Prompt], str] = lambda _: "Ice floats on water."
    asked: list[Prompt] = field(default_factory=list[Prompt])

    def generate(self, prompt: Prompt) -> Generated:
        self.asked.append(prompt)
        return Generated(self.reply(prompt), "a model", is_complete=True)

    def close(self) -> None:
        """Have nothing to release."""


def library_in(folder: Path) -> Library:
    """Return a library of the one cartridge, built in a folder."""
    source = folder / "water.md"
    source.write_text(WATER)
    for recipe in recipes([source]):
        build(recipe, folder / "cartridges")
    return Library([folder / "cartridges"], folder / "cache")


@dataclass(slots=True)
class Cascade:
    """Collaborators around a board in memory, with its clock."""

    library: Library
    clock: Clock = field(default_factory=Clock)
    model: Generator | None = None
    policy: Policy = POLICY
    board: Blackboard = field(init=False)

    def __post_init__(self) -> None:  # noqa: D105
        self.board = MemoryBlackboard(ttl_s=TTL_S, max_deliveries=MAX_DELIVERIES, clock_ms=self.clock)

    @property
    def with_(self) -> Collaborators:
        """Return the collaborators as they are now."""
        return Collaborators(self.board, self.library, self.policy, WEIGHTS, self.model)

    def ask(self, text: str, *, timeout_ms: int = LONG_MS, project: str = "default") -> NewQuery:
        """Return a query that was opened."""
        query = replace(new_query(text, timeout_ms=timeout_ms), project=project)
        self.board.open(query)
        return query

    def trace(self, query_id: QueryId) -> Trace:
        """Return what the board holds about a query."""
        trace = self.board.trace(query_id)
        assert trace is not None
        return trace

    def exhaust(self, query_id: QueryId, stage: str) -> None:
        """Have a stage delivered as often as it may be, each time to somebody who dies."""
        for delivery in range(MAX_DELIVERIES):
            self.board.claim(query_id, stage, token=f"died{delivery}", lease_ms=LEASE_MS)
            self.clock.now_ms += LEASE_MS
