"""What everything that remembers a user's questions on its own promises, in memory and on each kind of server."""

import math
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Final

import pytest

from kitbash.blackboard.redis_context import MOST_TYPES, RedisContext
from kitbash.domain.context import DAY_S, GAIN, MAX_TYPE_CHARS, TemporalContext, Window
from kitbash.domain.level import Level
from kitbash.errors import UsageError
from tests.boards import TTL_S
from tests.servers import Server
from tests.twins.memory_context import MemoryContext
from tests.waiting import until

FACTS: Final = {Level.EMPIRICAL: 1.0, Level.HEURISTIC: 0.5}
SOON: Final = 1e-2
"""How much a number may have decayed, as a share, while a test ran on a real clock: half a minute of an hour."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is remembered. `pass_ms` returns when that much time has passed by its clock."""

    context: TemporalContext
    pass_ms: Callable[[int], None]
    short_lived: TemporalContext
    """one of the same kind that remembers a user for one second"""
    narrow: TemporalContext
    """one of the same kind that remembers three query types"""


@pytest.fixture(params=["memory", "plain", "cluster"])
def place(request: pytest.FixtureRequest) -> Generator[Place]:
    """Return an empty place of each kind."""
    if request.param == "memory":
        yield _in_memory()
        return
    server: Server = request.getfixturevalue(f"fresh_{request.param}")
    with closing(server.connect()) as client, closing(server.node()) as node:

        def now_ms() -> float:
            seconds, microseconds = node.time()
            return seconds * 1000 + microseconds / 1000

        def pass_ms(ms: int) -> None:
            begun_ms = now_ms()
            until(lambda: now_ms() >= begun_ms + ms)

        yield Place(
            RedisContext(client, server.url, TTL_S),
            pass_ms,
            RedisContext(client, server.url, 1),
            RedisContext(client, server.url, TTL_S, most_types=3),
        )


def _in_memory() -> Place:
    now_ms = [1_700_000_000_000]

    def clock_ms() -> int:
        return now_ms[0]

    def pass_ms(ms: int) -> None:
        now_ms[0] += ms

    return Place(
        MemoryContext(ttl_s=TTL_S, clock_ms=clock_ms),
        pass_ms,
        MemoryContext(ttl_s=1, clock_ms=clock_ms),
        MemoryContext(ttl_s=TTL_S, most_types=3, clock_ms=clock_ms),
    )


@pytest.fixture
def context(place: Place) -> TemporalContext:
    """Return an empty one of each kind."""
    return place.context


def visits(context: TemporalContext, user: str = "ann", query_type: str = "sky") -> int:
    """Return how many visits are remembered."""
    snapshot = context.look(user, query_type)
    return 0 if snapshot is None else snapshot.visits


def test_nothing_is_remembered_of_a_first_question(context: TemporalContext) -> None:
    assert context.look("ann", "sky") is None
    assert context.visit("ann", "sky", FACTS) is None


def test_a_visit_returns_what_was_before_it(context: TemporalContext) -> None:
    context.visit("ann", "sky", FACTS)
    before = context.visit("ann", "sky", {Level.MASK: 1.0})
    assert before is not None
    assert (before.query_type, before.visits) == ("sky", 1)
    for window in Window:
        held = before.windows[window]
        assert held[Level.EMPIRICAL] == pytest.approx(GAIN, rel=SOON)
        assert held[Level.HEURISTIC] == pytest.approx(GAIN / 2, rel=SOON)
        assert [held[level] for level in Level if level not in FACTS] == [0.0] * 4
    assert before.layer_salience[Level.EMPIRICAL] == pytest.approx(GAIN, rel=SOON)
    assert before.recency_decay == pytest.approx(1.0, rel=SOON)


def test_a_level_that_is_asked_for_again_becomes_more_salient_and_one_that_is_not_less(place: Place) -> None:
    place.context.visit("ann", "sky", FACTS)
    place.pass_ms(5)
    place.context.visit("ann", "sky", {Level.EMPIRICAL: 1.0})
    now = place.context.look("ann", "sky")
    assert now is not None
    assert now.visits == 2
    for window in Window:
        assert now.windows[window][Level.EMPIRICAL] == pytest.approx(GAIN + (1 - GAIN) * GAIN, rel=SOON)
        assert 0 < now.windows[window][Level.HEURISTIC] < GAIN / 2


def test_looking_adds_nothing_and_sees_what_the_next_visit_returns(context: TemporalContext) -> None:
    context.visit("ann", "sky", FACTS)
    looked = [context.look("ann", "sky") for _ in range(3)]
    before = context.visit("ann", "sky", FACTS)
    assert before is not None
    for one in looked:
        assert one is not None
        assert one.visits == before.visits == 1
        assert one.layer_salience == pytest.approx(dict(before.layer_salience), rel=SOON)


def test_what_is_remembered_decays_with_time_the_shorter_the_window_the_more(place: Place) -> None:
    place.context.visit("ann", "sky", FACTS)
    place.pass_ms(60)
    later = place.context.look("ann", "sky")
    assert later is not None
    left = [later.windows[window][Level.EMPIRICAL] for window in (Window.HOUR, Window.DAY, Window.WEEK)]
    assert left == sorted(left)
    elapsed_s = -math.log(later.recency_decay) * DAY_S
    assert elapsed_s >= 0.06 - 1e-9
    for window in Window:
        assert later.windows[window][Level.EMPIRICAL] == pytest.approx(GAIN * math.exp(-elapsed_s / window.tau_s))


def test_users_and_query_types_are_apart(context: TemporalContext) -> None:
    context.visit("ann", "sky", FACTS)
    context.visit("ann", "sky", FACTS)
    context.visit("ann", "sea", FACTS)
    context.visit("bob", "sky", FACTS)
    told = [visits(context, user, kind) for user in ("ann", "bob") for kind in ("sky", "sea")]
    assert told == [2, 1, 1, 0]


@pytest.mark.parametrize("text", ["", "0", "a\0b", "{ann}:state", "«Ann» 🜁", "a b\r\nc", "x" * MAX_TYPE_CHARS])
def test_any_text_is_a_user_and_a_query_type_of_its_own(context: TemporalContext, text: str) -> None:
    context.visit(text, text, FACTS)
    snapshot = context.look(text, text)
    assert snapshot is not None
    assert snapshot.query_type == text
    assert (visits(context, text + ".", text), visits(context, text, text[1:] + ".")) == (0, 0)


def test_a_user_that_is_half_a_character_is_a_user(context: TemporalContext) -> None:
    context.visit("\ud83c", "sky", FACTS)
    assert (visits(context, "\ud83c"), visits(context, "\ud83d")) == (1, 0)


@pytest.mark.parametrize("query_type", ["\ud83c", "x" * (MAX_TYPE_CHARS + 1)])
def test_a_query_type_that_is_no_text_or_too_long_is_refused(context: TemporalContext, query_type: str) -> None:
    with pytest.raises(UsageError, match="query type"):
        context.visit("ann", query_type, FACTS)
    with pytest.raises(UsageError, match="query type"):
        context.look("ann", query_type)


@pytest.mark.parametrize("share", [math.nan, math.inf, -math.inf, -0.1, 1.1])
def test_a_share_that_is_none_is_refused_and_changes_nothing(context: TemporalContext, share: float) -> None:
    with pytest.raises(UsageError, match="L2_NARRATIVE"):
        context.visit("ann", "sky", {Level.NARRATIVE: share})
    assert visits(context) == 0


def test_a_forgotten_user_is_forgotten_whole_and_alone(context: TemporalContext) -> None:
    for user, kind in (("ann", "sky"), ("ann", "sea"), ("bob", "sky")):
        context.visit(user, kind, FACTS)
    context.forget("ann")
    assert [visits(context, user, kind) for user, kind in (("ann", "sky"), ("ann", "sea"), ("bob", "sky"))] == [0, 0, 1]
    assert context.visit("ann", "sky", FACTS) is None


def test_forgetting_somebody_unknown_changes_nothing(context: TemporalContext) -> None:
    context.visit("ann", "sky", FACTS)
    context.forget("bob")
    assert visits(context) == 1


def test_of_too_many_query_types_the_longest_unvisited_goes(place: Place) -> None:
    for kind in ("first", "second", "third", "first", "second", "fourth"):
        place.narrow.visit("ann", kind, FACTS)
        place.pass_ms(2)
    told = {kind: visits(place.narrow, "ann", kind) for kind in ("first", "second", "third", "fourth")}
    assert told == {"first": 2, "second": 2, "third": 0, "fourth": 1}


def test_a_visit_to_a_query_type_that_is_there_makes_no_room(place: Place) -> None:
    for kind in ("first", "second", "third", "third"):
        place.narrow.visit("ann", kind, FACTS)
        place.pass_ms(2)
    assert [visits(place.narrow, "ann", kind) for kind in ("first", "second", "third")] == [1, 1, 2]


def test_looking_does_not_keep_a_query_type(place: Place) -> None:
    for kind in ("first", "second", "third"):
        place.narrow.visit("ann", kind, FACTS)
        place.pass_ms(2)
    place.narrow.look("ann", "first")
    place.narrow.look("ann", "unknown")
    assert visits(place.narrow, "ann", "first") == 1
    place.narrow.visit("ann", "fourth", FACTS)
    assert [visits(place.narrow, "ann", kind) for kind in ("first", "second")] == [0, 1]


def test_thirty_two_query_types_are_kept(place: Place) -> None:
    for number in range(MOST_TYPES + 1):
        place.context.visit("ann", f"type {number}", FACTS)
        place.pass_ms(1)
    told = [visits(place.context, "ann", f"type {number}") for number in range(MOST_TYPES + 1)]
    assert told == [0] + [1] * 32


def test_a_user_is_forgotten_when_the_time_to_live_ends_whoever_looks(place: Place) -> None:
    place.short_lived.visit("ann", "sky", FACTS)
    place.pass_ms(600)
    assert visits(place.short_lived) == 1
    place.pass_ms(401)
    assert place.short_lived.visit("ann", "sky", FACTS) is None


def test_the_time_to_live_begins_anew_with_every_visit(place: Place) -> None:
    place.short_lived.visit("ann", "sky", FACTS)
    place.pass_ms(600)
    place.short_lived.visit("ann", "sea", FACTS)
    place.pass_ms(600)
    assert visits(place.short_lived) == 1
