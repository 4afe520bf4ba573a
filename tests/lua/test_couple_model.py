"""Coupling on the server against the pure rules, over random spotlights: the same checks, contradictions, places."""

import math
from collections.abc import Generator
from typing import Final

import pytest
from hypothesis import example, given, settings

from kitbash.blackboard.redis_board import RedisBlackboard
from kitbash.cascade import coupling
from kitbash.domain.claim import Claim
from kitbash.domain.item import Item
from kitbash.domain.level import Level
from tests.boards import SPOTLIGHTS, new_query, redis_board, timeless
from tests.lua.worlds import WORLDS, World
from tests.servers import Server


@pytest.fixture(scope="module", params=["plain", "cluster"])
def board(request: pytest.FixtureRequest) -> Generator[RedisBlackboard]:
    """Return a board on each kind of server; every example has a query of its own."""
    server: Server = request.getfixturevalue(f"{request.param}_server")
    with redis_board(server) as board:
        yield board


def between(low: float, high: float) -> tuple[Claim, ...]:
    return (Claim("k", "", True, low, high),)


def ranges(*ends: tuple[float, float], kappa: float) -> World:
    """Return one item a level with one range each."""
    items = [Item(level, f"i{level.value}", claims=between(*it)) for level, it in zip(Level, ends, strict=False)]
    return World(tuple(items), kappa, 0)


ON_THE_THRESHOLD: Final = ranges((100, 100), (70, 70), kappa=1.0)
JUST_ABOVE: Final = ranges((100, 100), (math.nextafter(70, 0), 70 - 1e-13), kappa=1.0)
ROUNDED_UP: Final = ranges((1000, 1000), (400.5, 400.5), kappa=1.0)
OVERFLOWING: Final = ranges((-1e308, -1e308), (1e308, 1e308), kappa=10.0)
TINY: Final = ranges((5e-324, 5e-324), (0, 0), kappa=1.0)
SHARED_NAME: Final = World(
    (
        Item(Level.NARRATIVE, "y", claims=(Claim("a", ""),)),
        Item(Level.NARRATIVE, "x", claims=(Claim("b", ""),)),
        Item(Level.INTENT, "z", claims=(Claim("a", "", False),)),
        Item(Level.INTENT, "y", claims=(Claim("b", "", False),)),
    ),
    1.0,
    0,
)


@settings(max_examples=800, deadline=None, derandomize=True)
@example(World(SPOTLIGHTS, 1.5, 2))
@example(ON_THE_THRESHOLD)
@example(JUST_ABOVE)
@example(ROUNDED_UP)
@example(OVERFLOWING)
@example(TINY)
@example(SHARED_NAME)
@given(WORLDS)
def test_the_script_does_what_the_rules_say(board: RedisBlackboard, world: World) -> None:
    wanted = coupling.couple(world.items, world.kappa, 0)
    query = new_query("", kappa=world.kappa)
    board.open(query)
    board.post(query.query_id, world.items)
    coupled = board.couple(query.query_id)
    assert timeless(coupled) == wanted
    health = board.health(query.query_id, threshold=world.threshold)
    assert health == coupling.health(wanted.deltas, world.threshold)
