"""Visits on the server against the plain model, over any sequence and any time between; and what was damaged there."""

import math
import struct
import uuid
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from redis.client import Redis
from structlog.testing import capture_logs

from kitbash.blackboard import keys
from kitbash.blackboard.connection import client_url, connect
from kitbash.blackboard.redis_context import MOST_TYPES, RedisContext, VisitCode, snapshot
from kitbash.blackboard.scripts import AnyRedis, Scripts
from kitbash.domain import context
from kitbash.domain.context import Window, Windows
from kitbash.domain.level import Level
from kitbash.errors import StoreUnavailable
from tests.boards import TTL_S
from tests.servers import Server

DAY_MS: Final = 86_400_000
FORM: Final = "<B26d"
SHARE: Final = st.one_of(st.sampled_from([0.0, 1.0, 5e-324, 1e-9]), st.floats(0, 1))
LEVELS: Final = list(Level)


@dataclass(frozen=True, slots=True)
class Call:
    """A visit, or a look, so many ms after the last; the server may have forgotten its scripts before."""

    query_type: str
    shares: tuple[float, ...]
    after_ms: int
    adds: bool = True
    forgets: bool = False


AFTER_MS: Final = st.one_of(
    st.just(0), st.integers(0, 10_000), st.integers(0, 30 * DAY_MS), st.integers(-DAY_MS, -10_000), st.just(10**11)
)
CALLS: Final = st.lists(
    st.builds(
        Call,
        st.sampled_from(["sky", "sea"]),
        st.tuples(*[SHARE] * 6),
        AFTER_MS,
        adds=st.integers(0, 3).map(bool),
        forgets=st.integers(0, 5).map(lambda number: number == 0),
    ),
    max_size=12,
)
OFTEN: Final = [Call("sky", (1.0,) * 6, 0)] * 12
BACK: Final = [Call("sky", (1.0,) * 6, 0), Call("sky", (0.5,) * 6, -DAY_MS), Call("sky", (0.0,) * 6, DAY_MS)]


@dataclass(slots=True)
class Held:
    """What the model holds of one query type; `aged_ms` is how far its last visit was moved into the past."""

    state: Windows = field(default_factory=lambda: context.BLANK)
    visits: int = 0
    aged_ms: int = 0
    since_us: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """A server with its script, and a client that sees bytes."""

    server: Server
    client: AnyRedis
    script: Any
    raw: Any

    def remembering(self, most_types: int = MOST_TYPES) -> RedisContext:
        return RedisContext(self.client, self.server.url, TTL_S, most_types=most_types)

    def now_us(self) -> int:
        seconds, microseconds = self.raw.time()
        return seconds * 1_000_000 + microseconds

    def age(self, user: str, query_type: str, ms: int) -> None:
        """Move the last visit into the past, or into the future if negative."""
        number, last_ms, *rest = struct.unpack(FORM, self.raw.hget(keys.context(user), query_type))
        self.raw.hset(keys.context(user), query_type, struct.pack(FORM, number, last_ms - ms, *rest))

    def state(self, user: str, query_type: str) -> list[float]:
        return list(struct.unpack(FORM, self.raw.hget(keys.context(user), query_type))[3:])


@contextmanager
def node_of(server: Server) -> Generator[Node]:
    raw = cast("Any", Redis).from_url(client_url(server.url))
    with closing(server.connect()) as client, closing(raw):
        yield Node(server, client, Scripts.on(client).visit, raw)


@pytest.fixture(scope="module", params=["plain", "cluster"])
def node(request: pytest.FixtureRequest) -> Generator[Node]:
    """Return each kind of server; every example has a user of its own."""
    with node_of(request.getfixturevalue(f"{request.param}_server")) as node:
        yield node


@pytest.fixture
def user() -> str:
    """Return somebody new."""
    return uuid.uuid4().hex


def flat(state: Windows) -> list[float]:
    return [state[window][level] for window in Window for level in Level]


@settings(max_examples=60, deadline=None)
@example(OFTEN)
@example(BACK)
@given(CALLS)
def test_the_script_does_what_the_model_says(node: Node, calls: list[Call]) -> None:
    user = uuid.uuid4().hex
    model = {"sky": Held(), "sea": Held()}
    for call in calls:
        held = model[call.query_type]
        if held.visits:
            node.age(user, call.query_type, call.after_ms)
            held.aged_ms += call.after_ms
        if call.forgets:
            node.raw.script_flush()
        before_us = node.now_us()
        reply = node.script(
            keys=[keys.context(user)],
            args=[call.query_type, *call.shares, TTL_S, "visit" if call.adds else "look", 32],
        )
        after_us = node.now_us()
        state = held.state
        if held.visits:
            elapsed_ms = float(reply[1])
            least_ms = held.aged_ms
            most_ms = held.aged_ms + (after_us - held.since_us) / 1000
            assert max(0, least_ms) <= elapsed_ms + 0.001
            assert elapsed_ms <= max(0, most_ms) + 0.001
            state = context.decayed(state, elapsed_ms / 1000)
            said = snapshot(call.query_type, reply)
            assert (VisitCode(reply[0]), said.visits) == (VisitCode.REMEMBERED, held.visits)
            assert flat(said.windows) == pytest.approx(flat(state), abs=1e-9, rel=0)
            wanted = context.snapshot(call.query_type, state, elapsed_s=elapsed_ms / 1000, visits=held.visits)
            assert said.layer_salience == pytest.approx(dict(wanted.layer_salience), abs=1e-9, rel=0)
            assert said.recency_decay == wanted.recency_decay
        else:
            assert reply == [VisitCode.NOTHING]
        if call.adds:
            shares = dict(zip(LEVELS, call.shares, strict=True))
            model[call.query_type] = Held(context.visited(state, shares), held.visits + 1, 0, before_us)
    for query_type, held in model.items():
        if held.visits:
            assert node.state(user, query_type) == pytest.approx(flat(held.state), abs=1e-9, rel=0)


def test_a_clock_that_went_backwards_counts_as_no_time(node: Node, user: str) -> None:
    remembering = node.remembering()
    remembering.visit(user, "sky", {Level.EMPIRICAL: 1.0})
    node.age(user, "sky", -DAY_MS)
    before = remembering.visit(user, "sky", {})
    assert before is not None
    assert flat(before.windows) == [0.3, 0, 0, 0, 0, 0] * 4
    assert before.recency_decay == 1.0
    node.age(user, "sky", DAY_MS)
    later = remembering.look(user, "sky")
    assert later is not None
    assert later.windows[Window.DAY][Level.EMPIRICAL] == pytest.approx(0.3 / math.e, rel=1e-3)


SOUND: Final = (1, 1e12, 1.0, *[0.5] * 24)


def damaged(at: int, value: float) -> bytes:
    """Return a state with one field that cannot be."""
    fields = list(SOUND)
    fields[at] = value
    return struct.pack(FORM, int(fields[0]), *fields[1:])


DAMAGED: Final = {
    "empty": b"",
    "text": b'{"h": 1}',
    "short": struct.pack(FORM, *SOUND)[:-1],
    "long": struct.pack(FORM, *SOUND) + b"\0",
    "another-form": damaged(0, 2),
    "no-time": damaged(1, math.nan),
    "endless-time": damaged(1, math.inf),
    "before-1970": damaged(1, -1.0),
    "no-visits": damaged(2, 0.0),
    "half-a-visit": damaged(2, 1.5),
    "endless-visits": damaged(2, math.inf),
    "not-a-number": damaged(3, math.nan),
    "too-much": damaged(26, 1.0000001),
    "too-little": damaged(14, -1e-9),
}


@pytest.mark.parametrize("packed", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_state_is_nothing_remembered_and_the_next_visit_replaces_it(
    node: Node, user: str, packed: bytes
) -> None:
    remembering = node.remembering()
    remembering.visit(user, "sea", {Level.MASK: 1.0})
    node.raw.hset(keys.context(user), "sky", packed)
    with capture_logs() as logs:
        assert remembering.look(user, "sky") is None
        assert node.raw.hget(keys.context(user), "sky") == packed
        assert remembering.visit(user, "sky", {Level.EMPIRICAL: 1.0}) is None
    assert [(log["event"], log["log_level"], log["why"]) for log in logs] == [
        ("context.unreadable", "warning", "damaged")
    ] * 2
    assert user not in str(logs)
    assert node.state(user, "sky") == [0.3, 0, 0, 0, 0, 0] * 4
    assert [it.visits for kind in ("sky", "sea") if (it := remembering.look(user, kind))] == [1, 1]


def test_a_damaged_state_is_the_first_to_make_room(node: Node, user: str) -> None:
    remembering = node.remembering(most_types=2)
    remembering.visit(user, "sea", {})
    node.raw.hset(keys.context(user), "sky", "damaged")
    remembering.visit(user, "ice", {})
    assert set(node.raw.hkeys(keys.context(user))) == {b"sea", b"ice"}


def test_more_types_than_are_allowed_now_shrink_to_that_many(node: Node, user: str) -> None:
    for number in range(6):
        node.remembering().visit(user, f"{number}", {})
    node.remembering(most_types=2).visit(user, "new", {})
    assert set(node.raw.hkeys(keys.context(user))) == {b"5", b"new"}


def test_a_key_of_another_type_is_left_alone_and_forgetting_removes_it(node: Node, user: str) -> None:
    remembering = node.remembering()
    node.raw.set(keys.context(user), "something else")
    with capture_logs() as logs:
        assert remembering.visit(user, "sky", {Level.EMPIRICAL: 1.0}) is None
        assert remembering.look(user, "sky") is None
    assert [log["why"] for log in logs] == ["no_hash"] * 2
    assert node.raw.get(keys.context(user)) == b"something else"
    assert node.raw.ttl(keys.context(user)) == -1
    remembering.forget(user)
    assert remembering.visit(user, "sky", {Level.EMPIRICAL: 1.0}) is None
    assert remembering.look(user, "sky") is not None


def test_a_visit_is_one_call_and_what_it_writes_has_an_end(node: Node, user: str) -> None:
    remembering = node.remembering()
    remembering.visit("warm " + user, "sky", {})
    before = node.raw.info("commandstats")["cmdstat_evalsha"]["calls"]
    remembering.visit(user, "sky", {})
    assert node.raw.info("commandstats")["cmdstat_evalsha"]["calls"] == before + 1
    assert 0 < node.raw.ttl(keys.context(user)) <= TTL_S
    assert node.raw.hstrlen(keys.context(user), "sky") == 209


def test_a_server_that_is_away_is_unavailable() -> None:
    url = "redis://:secret@127.0.0.1:1"
    with closing(connect(url, connect_timeout_s=1, socket_timeout_s=1)) as client:
        remembering = RedisContext(client, url, TTL_S)
        for call in (
            lambda: remembering.visit("ann", "sky", {}),
            lambda: remembering.look("ann", "sky"),
            lambda: remembering.forget("ann"),
        ):
            with pytest.raises(StoreUnavailable, match=r"\*\*\*@127") as refusal:
                call()
            assert "secret" not in str(refusal.value)
