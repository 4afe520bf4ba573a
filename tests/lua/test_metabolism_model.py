"""The scripts of the metabolism do what their plain model does, whatever is called in whatever order."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from kitbash.blackboard import keys, scripts
from kitbash.blackboard.metabolism import Findings, KeepCode, Lease, MetabolismStore, Running
from kitbash.blackboard.redis_metabolism import RedisMetabolism
from kitbash.domain.metabolism import CycleKind, CycleResult, State
from kitbash.domain.resonance import Pattern
from tests.boards import LONG_MS
from tests.servers import Server
from tests.twins.memory_metabolism import MemoryMetabolism


@dataclass(frozen=True, slots=True)
class Begin:
    """Somebody wants to begin a cycle."""

    who: int
    kind: CycleKind


@dataclass(frozen=True, slots=True)
class Keep:
    """Somebody writes what the last cycle that he began found, and ends it or not."""

    who: int
    turn: int
    ends: bool
    faded: tuple[str, ...]
    asked: tuple[str, ...]


VERBS: Final = {"begin_cycle": 1, "keep_cycle": 4}
FORMS: Final = st.lists(st.sampled_from("abcd"), max_size=3, unique=True).map(tuple)
CALLS: Final = st.lists(
    st.one_of(
        st.builds(Begin, st.integers(0, 2), st.sampled_from(CycleKind)),
        st.builds(Keep, st.integers(0, 2), st.integers(1, 9), st.booleans(), FORMS, FORMS),
    ),
    max_size=20,
)


class Person:
    """Makes calls on one store, and keeps what came of them, but for times."""

    def __init__(self, store: MetabolismStore) -> None:
        self.store = store
        self.leases: dict[int, Lease] = {}
        self.told: list[object] = []

    def call(self, call: Begin | Keep, number: int) -> None:
        if isinstance(call, Begin):
            found = self.store.begin(call.kind, token=f"{call.who}.{number}", lease_ms=LONG_MS)
            if isinstance(found, Lease):
                self.leases[call.who] = found
            self.told.append((type(found), found.cycle, found.kind))
        elif call.who in self.leases:
            lease = self.leases[call.who]
            result = CycleResult(lease.cycle, lease.kind, 1, 2, True) if call.ends else None
            asked = {form: Pattern(3.0, call.turn) for form in call.asked}
            findings = Findings(State(turn=call.turn), result, call.faded, asked)
            self.told.append(self.store.keep(lease, findings, lease_ms=0 if call.ends else LONG_MS))

    def sees(self) -> object:
        running = self.store.running()
        return (
            self.told,
            self.store.state(),
            self.store.patterns(),
            self.store.cycles(99),
            None if running is None else (running.cycle, running.kind),
        )


@pytest.fixture(scope="module", params=["plain", "cluster"])
def server(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue(f"{request.param}_server")


@pytest.fixture(scope="module")
def store(server: Server) -> Generator[RedisMetabolism]:
    with closing(server.connect()) as client:
        yield RedisMetabolism(client, server.url)


@settings(max_examples=60, deadline=None)
@given(CALLS)
def test_any_sequence_of_calls_does_what_the_model_does(
    server: Server, store: RedisMetabolism, calls: Sequence[Begin | Keep]
) -> None:
    server.flush()
    real, model = Person(store), Person(MemoryMetabolism())
    for number, call in enumerate(calls):
        real.call(call, number)
        model.call(call, number)
    assert real.sees() == model.sees()


@pytest.mark.parametrize(("verb", "count"), VERBS.items())
def test_it_is_given_as_many_keys_as_its_header_names(
    server: Server, store: RedisMetabolism, monkeypatch: pytest.MonkeyPatch, verb: str, count: int
) -> None:
    server.flush()
    given_keys: list[tuple[str, int]] = []
    call: Any = scripts.Script.__call__

    def noted(script: Any, keys: Sequence[Any], args: Sequence[Any], client: Any = None) -> Any:
        given_keys.extend(
            (it, len(keys)) for it in ("begin_cycle", "keep_cycle") if script.script == scripts.source(it)
        )
        return call(script, keys, args, client)

    monkeypatch.setattr(scripts.Script, "__call__", noted)
    lease = store.begin(CycleKind.IDLE, token="t", lease_ms=LONG_MS)
    assert isinstance(lease, Lease)
    assert store.keep(lease, Findings(State()), lease_ms=0) is KeepCode.KEPT
    assert (verb, count) in given_keys


def test_its_keys_lie_in_one_slot(cluster_server: Server) -> None:
    with closing(cluster_server.node()) as node:
        assert len({node.execute_command("CLUSTER", "KEYSLOT", key) for key in keys.METABOLISM}) == 1
        other = [*keys.METABOLISM[:3], "kb:{other}:resonance"]
        with pytest.raises(redis.ResponseError, match="same slot"):
            node.eval(scripts.source("keep_cycle"), 4, *other, "t", 0, "", "", 1, 0)


def test_what_something_else_wrote_is_passed_over(server: Server, store: RedisMetabolism) -> None:
    server.flush()
    at = keys.METABOLISM
    with closing(server.node()) as node:
        node.set(at.state, '{"turn": "many"}')
        node.hset(at.resonance, mapping={"good": "3.0 1 1 1", "bad": "3.0", "none": "0 1 1 1", "odd": "x 1 1 1"})
        node.rpush(at.recent, "{", '{"query_id": 1}')
        node.rpush(at.cycles, "null")
    assert store.state() == State()
    assert store.patterns() == {"good": Pattern(3.0, 1)}
    assert (store.recent(9), store.cycles(9)) == ([], [])
    lease = store.begin(CycleKind.SLEEP, token="t", lease_ms=LONG_MS)
    assert isinstance(lease, Lease)
    assert isinstance(store.begin(CycleKind.SLEEP, token="u", lease_ms=LONG_MS), Running)
