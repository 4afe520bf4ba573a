"""A cascade small enough to see through: tiny cartridges, weights that count coverage alone, a model of our own."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from typing_extensions import override

from kitbash.blackboard.board import Blackboard, NewQuery, Trace
from kitbash.cascade import direct
from kitbash.cascade.collaborators import Collaborators
from kitbash.cascade.confidence import NAMES, Weights
from kitbash.cascade.policy import Policy, ProjectRule, Rule
from kitbash.cascade.served import ServedGrains
from kitbash.domain.context import TemporalContext
from kitbash.domain.ids import QueryId
from kitbash.domain.layer import Layer
from kitbash.domain.strategy import Strategy
from kitbash.knowledge.build import build
from kitbash.knowledge.library import Library
from kitbash.knowledge.meaning import Meaning
from kitbash.knowledge.source.files import recipes
from kitbash.models.generator import Generated, Generator, Prompt
from tests.boards import LONG_MS, MAX_DELIVERIES, TTL_S, new_query
from tests.twins.memory_board import MemoryBlackboard
from tests.twins.scripted_model import ScriptedModel

LEASE_MS: Final = 1000
WATER: Final = """# Water

- Ice floats on water. | a book | 0.9 | L0
  - Does ice float?
- Steam rises in cold air. | a paper | 0.8 | L1
  - What does steam do?
"""
POND: Final = """---
domain: pond
---
- A goldfish remembers for months. | a study | 0.9 | L0 | claim: goldfish ; memory lasts ; at least 3 months
  - How long does a goldfish remember?
- A goldfish remembers three seconds, they tell. | a tale | 0.6 | L2 | claim: goldfish ; memory lasts ; 3 s
- Mercury boils hot. | a table | 0.9 | L0 | claim: mercury ; boil at ; 357 °C
  - Where does mercury boil?
- Mercury boils cool. | a formula | 0.8 | L1 | claim: mercury ; boil at ; 100 °C
- Swans are black in the ballad. | a ballad | 0.9 | L2 | claim: swan ; is white ; no
- A frog croaks before rain. | a farmer | 0.7 | L3
- A frog swims well. | a book | 0.9 | L0
"""
"""L0 against L2 about goldfish, L0 against L1 about mercury, a narrative about swans, folk wisdom about frogs."""

TALE: Final = """---
domain: tale
faction: fiction
---
- Mercury boils when elves sing. | a saga | 0.9 | L2 | claim: mercury ; boil at ; 20 °C
  - When does mercury boil?
"""
RIGOUR: Final = """---
domain: rigour
faction: self
---
- Kitbash wants proof. | the author | 1.0 | L4 | forbids: folk wisdom, speculation
"""
BALLAD: Final = """---
domain: ballad
faction: self
---
- Kitbash wants swans to be white. | the author | 1.0 | L4 | claim: swan ; is white ; yes
"""
"""An intent that one of the narratives in `POND` contradicts."""

WEIGHTS: Final = Weights(tuple(9.0 if name == "coverage" else 0.0 for name in NAMES), -4.5)
THRESHOLDS: Final = {
    Layer.REFLEX: 0.9,
    Layer.BITNET: 0.0,
    Layer.CARTRIDGE: 0.8,
    Layer.SYNTHESIS: 0.6,
    Layer.KOBOLD: 0.3,
}
POLICY: Final = Policy(
    rules={layer: Rule(threshold, LONG_MS, LEASE_MS) for layer, threshold in THRESHOLDS.items()},
    projects={
        "default": ProjectRule(("general",), 1.0),
        "tale": ProjectRule(("general", "fiction"), 0.5),
        "grim": ProjectRule(("general", "fiction"), 1.0),
        "own": ProjectRule(("general", "self"), 1.0),
    },
    facts_per_shard=100,
    candidates=8,
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
class Model(ScriptedModel):
    """A model that says what it is told to, and keeps what it was asked."""

    reply: Callable[[Prompt], str] = lambda _: "Ice floats on water."
    asked: list[Prompt] = field(default_factory=list[Prompt])

    @override
    def generate(self, prompt: Prompt) -> Generated:
        self.asked.append(prompt)
        return Generated(self.reply(prompt), "a model")


def library_in(folder: Path, *sources: str) -> Library:
    """Return a library of a cartridge a source, built in a folder; without one, of that about water."""
    for number, text in enumerate(sources or (WATER,)):
        source = folder / ("water.md" if text is WATER else f"notes{number}.md")
        source.write_text(text)
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
    context: TemporalContext | None = None
    weights: Weights = WEIGHTS
    meaning: Meaning | None = None
    grains: ServedGrains | None = None
    consensus: Strategy = Strategy.NONE
    board: Blackboard = field(init=False)

    def __post_init__(self) -> None:  # noqa: D105
        self.board = MemoryBlackboard(ttl_s=TTL_S, max_deliveries=MAX_DELIVERIES, clock_ms=self.clock)

    @property
    def with_(self) -> Collaborators:
        """Return the collaborators as they are now."""
        return Collaborators(
            self.board,
            self.library,
            self.policy,
            self.weights,
            self.model,
            self.context,
            meaning=self.meaning,
            grains=self.grains,
        )

    def ask(self, text: str, *, timeout_ms: int = LONG_MS, project: str = "default") -> NewQuery:
        """Return a query that was opened, with its project's kappa."""
        rule = self.policy.projects.get(project)
        query = new_query(text, timeout_ms=timeout_ms, kappa=rule.kappa if rule else 1.0)
        query = replace(query, project=project, consensus=self.consensus)
        self.board.open(query)
        return query

    def ended(self, text: str, *, project: str = "default") -> Trace:
        """Return what the board holds about a query once all layers it needs have run."""
        query = self.ask(text, project=project)
        direct.run(query.query_id, self.with_)
        return self.trace(query.query_id)

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
