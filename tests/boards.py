"""Boards on real servers, and what tests write on a board when any will do."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Barrier
from typing import Final, TypeVar

from kitbash.blackboard.board import NewQuery
from kitbash.blackboard.redis_board import RedisBlackboard
from kitbash.domain.answer import Answer, Mode, Status
from kitbash.domain.claim import Claim
from kitbash.domain.coupling import Coupled, Delta, Severity
from kitbash.domain.decision import Decision, DecisionKind
from kitbash.domain.fact import Fact
from kitbash.domain.ids import new_query_id
from kitbash.domain.item import Item
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.level import Level
from kitbash.domain.verdict import Verdict
from tests.servers import Server

TTL_S: Final = 600
MAX_DELIVERIES: Final = 3
LONG_MS: Final = 60_000
"""A lease or a time limit that does not end during a test."""

FACT: Final = Fact(
    "sky_general", 7, "A comet is a ball of ice — and dust.", Level.EMPIRICAL, 0.9, ("a book",), (), "sky"
)
ANSWER: Final = Answer(Status.ANSWERED, FACT.text, Layer.CARTRIDGE, 0.75, (FACT,))
OTHER_ANSWER: Final = Answer(Status.UNKNOWN, "I don't know.", None, 0.0)

Value = TypeVar("Value")


def boils_at(low: float, high: float | None = None, *, affirmed: bool = True) -> Claim:
    """Return a claim about the one quantity that tests contradict each other on."""
    return Claim("water", "boil at", affirmed, low, low if high is None else high, "degC")


CALM: Final = Claim("sea", "be calm")
LAW: Final = Item(Level.EMPIRICAL, "sky#1", "It boils at 100 °C.", 0.9, "sky", 0.8, leads=True, claims=(boils_at(100),))
RIVAL: Final = Item(Level.AXIOMATIC, "sky#2", "It boils at 50 °C.", 0.8, "sky", 0.7, claims=(boils_at(50),))
LEGEND: Final = Item(
    Level.NARRATIVE, "sky#3", "It boiled at 60 °C.", 0.7, "sky", claims=(boils_at(60),), event_time="1900"
)
STORY: Final = Item(Level.NARRATIVE, "sky#4", "The sea was calm.", claims=(CALM,), narrative_time="2001-02-03")
PROVERB: Final = Item(Level.HEURISTIC, "sky#5", "A watched pot never boils.", 0.5, "sky", 0.25)
INTENT: Final = Item(
    Level.INTENT,
    "a storm — please",
    claims=(replace(CALM, affirmed=False),),
    allows_folk_wisdom=False,
    allows_speculation=False,
)
MASK: Final = Item(Level.MASK, "bard", character_context="who sings")
SPOTLIGHTS: Final = (LAW, RIVAL, LEGEND, STORY, PROVERB, INTENT, MASK)
"""Items of all levels. Of every pair of levels two contradict each other, but L1 is blocked before it meets L2."""

PEACEFUL: Final = (LAW, Item(Level.AXIOMATIC, "sky#6", claims=(boils_at(99),)), MASK)
"""Items that agree."""

DECISIONS: Final = (
    Decision("one", 1_700_000_000_123, DecisionKind.SPOTLIGHT, "it's «near»", ("sky#1",), ("sky#1", "50 %"), 0.75),
    Decision("two", 1_700_000_000_123, DecisionKind.ROUTE, "nothing\nelse", (), (), 1.0),
)

DELTAS: Final = (
    Delta("r1", Level.EMPIRICAL, Level.NARRATIVE, "sky#1", "reply#2", "water boil", 0.5, Severity.HIGH, "struck"),
)


@contextmanager
def redis_board(
    server: Server, *, ttl_s: int = TTL_S, max_deliveries: int = MAX_DELIVERIES, socket_timeout_s: float = 10.0
) -> Generator[RedisBlackboard]:
    """Yield a board on a server, with a client of its own."""
    client = server.connect(socket_timeout_s=socket_timeout_s)
    board = RedisBlackboard(client, server.url, ttl_s=ttl_s, max_deliveries=max_deliveries)
    try:
        yield board
    finally:
        board.close()


def new_query(text: str = "what is a comet", *, timeout_ms: int = LONG_MS, kappa: float = 1.5) -> NewQuery:
    """Return a question with an id of its own."""
    return NewQuery(new_query_id(), text, "default", kappa, timeout_ms, Mode.DIRECT, "ann", "morning")


def verdict(stage: Stage = Stage.FUSE, *, reason: str = "it fits") -> Verdict:
    """Return what a layer said that passed."""
    return Verdict(stage, 0.75, 0.5, passed=True, reason=reason, latency_ms=1.25)


def timeless(coupled: Coupled | None) -> Coupled:
    """Return an outcome of coupling without when it was."""
    assert coupled is not None
    assert coupled.at_ms > 0
    return replace(coupled, at_ms=0)


def at_once(calls: Sequence[Callable[[], Value]]) -> list[Value]:
    """Return what calls return that all begin at the same moment, each in a thread of its own."""
    barrier = Barrier(len(calls), timeout=20)

    def run(call: Callable[[], Value]) -> Value:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(20) for future in [pool.submit(run, call) for call in calls]]
