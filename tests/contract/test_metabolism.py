"""What the metabolism's memory promises, in memory and on each kind of server."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Final

import pytest

from kitbash.blackboard.metabolism import (
    MOST_CYCLES,
    MOST_RECENT,
    Findings,
    KeepCode,
    Lease,
    MetabolismStore,
    Running,
)
from kitbash.blackboard.redis_metabolism import RedisMetabolism
from kitbash.domain.coupling import Severity
from kitbash.domain.homeostasis import Balance, Tension
from kitbash.domain.layer import Layer
from kitbash.domain.metabolism import (
    Calibration,
    Changes,
    CycleKind,
    CycleResult,
    Precision,
    Proposal,
    ProposalKind,
    Settled,
    State,
    Statistics,
)
from kitbash.domain.resonance import Pattern
from tests.boards import LONG_MS, at_once
from tests.servers import Server
from tests.twins.memory_metabolism import MemoryMetabolism
from tests.waiting import until

SETTLED: Final = Settled("a" * 32, "f" * 32, Layer.CARTRIDGE, 0.75, 1_700_000_000_123)
CLASHING: Final = Settled("b" * 32, "e" * 32, None, 0.0, 5, True, {Severity.HIGH: 2}, {"sky#1|sky#2": 0.7})
STATE: Final = State(
    turn=3,
    settled=300,
    background_ms=1,
    idle_ms=2,
    sleep_ms=3,
    statistics=Statistics(2, {Layer.CARTRIDGE: 1}, 0.5, 0.5, 0.0, {Severity.HIGH: 2}, (("sky#1|sky#2", 1),)),
    balance=Balance({"sky#1|sky#2": Tension(0.7, 2, 3)}, 4),
    calibration=Calibration(20, 0.9, 0.85),
    crystallised=2,
    pending=Changes(7, 9, ("sg_1",), Precision(19, 20)),
    review=Changes(6, 8, (), Precision()),
    proposals=(Proposal(ProposalKind.LEVEL, "sky#1", "L2 -> L1", "«judged»", 7),),
)
PATTERN: Final = Pattern(0.1 + 0.2, 3, 2, 5)
RESULT: Final = CycleResult(7, CycleKind.SLEEP, 10, 20, True, 100, 3, ("1 grain crystallised",), "")


@dataclass(frozen=True, slots=True)
class Place:
    """A memory under test. `pass_ms` returns when that much time has passed by its clock."""

    store: MetabolismStore
    pass_ms: Callable[[int], None]


@pytest.fixture(params=["memory", "plain", "cluster"])
def place(request: pytest.FixtureRequest) -> Generator[Place]:
    """Return an empty memory of each kind."""
    if request.param == "memory":
        now_ms = [1_700_000_000_000]

        def turn_ms(ms: int) -> None:
            now_ms[0] += ms

        yield Place(MemoryMetabolism(clock_ms=lambda: now_ms[0]), turn_ms)
        return
    server: Server = request.getfixturevalue(f"fresh_{request.param}")
    with closing(server.connect()) as client:
        store = RedisMetabolism(client, server.url)

        def pass_ms(ms: int) -> None:
            begun_ms = store.now_ms()
            until(lambda: store.now_ms() >= begun_ms + ms)

        yield Place(store, pass_ms)


@pytest.fixture
def store(place: Place) -> MetabolismStore:
    """Return an empty memory of each kind."""
    return place.store


def begun(store: MetabolismStore, kind: CycleKind = CycleKind.SLEEP, *, lease_ms: int = LONG_MS) -> Lease:
    lease = store.begin(kind, token=f"t{store.now_ms()}", lease_ms=lease_ms)
    assert isinstance(lease, Lease)
    return lease


def test_nothing_is_remembered_at_first(store: MetabolismStore) -> None:
    assert (store.state(), store.patterns(), store.recent(9), store.cycles(9)) == (State(), {}, [], [])
    assert (store.count_settled(), store.running()) == (0, None)


def test_what_was_settled_is_noted_newest_first_and_counted(store: MetabolismStore) -> None:
    store.note([SETTLED, CLASHING])
    store.note([])
    store.note([replace(SETTLED, query_id="c")])
    assert store.recent(2) == [replace(SETTLED, query_id="c"), CLASHING]
    assert (len(store.recent(9)), store.count_settled()) == (3, 3)


def test_of_too_many_settled_queries_the_oldest_are_forgotten_and_all_counted(store: MetabolismStore) -> None:
    store.note([replace(SETTLED, ended_ms=at) for at in range(MOST_RECENT + 2)])
    found = store.recent(10**6)
    assert (len(found), found[0].ended_ms, found[-1].ended_ms) == (MOST_RECENT, MOST_RECENT + 1, 2)
    assert store.count_settled() == MOST_RECENT + 2


def test_while_a_cycle_runs_no_other_begins(store: MetabolismStore) -> None:
    lease = begun(store, CycleKind.IDLE)
    other = store.begin(CycleKind.SLEEP, token="b", lease_ms=LONG_MS)
    assert isinstance(other, Running)
    assert (other.cycle, other.kind) == (lease.cycle, CycleKind.IDLE)
    assert 0 < other.left_ms <= LONG_MS
    seen = store.running()
    assert seen is not None
    assert (seen.cycle, seen.kind) == (lease.cycle, CycleKind.IDLE)


def test_of_many_that_begin_at_once_one_does(store: MetabolismStore) -> None:
    found = at_once([lambda at=at: store.begin(CycleKind.SLEEP, token=str(at), lease_ms=LONG_MS) for at in range(16)])
    assert sum(isinstance(it, Lease) for it in found) == 1
    assert {it.cycle for it in found} == {1}


def test_every_cycle_has_a_larger_number_however_the_one_before_ended(place: Place) -> None:
    store = place.store
    first = begun(store)
    assert store.keep(first, Findings(result=RESULT), lease_ms=0) is KeepCode.KEPT
    second = begun(store, lease_ms=1)
    place.pass_ms(2)
    third = begun(store)
    assert [it.cycle for it in (first, second, third)] == [1, 2, 3]


def test_what_a_cycle_found_is_kept_whole_and_ends_it(store: MetabolismStore) -> None:
    lease = begun(store)
    findings = Findings(STATE, RESULT, (), {"f" * 32: PATTERN})
    assert store.keep(lease, findings, lease_ms=0) is KeepCode.KEPT
    assert (store.state(), store.cycles(9), store.patterns()) == (STATE, [RESULT], {"f" * 32: PATTERN})
    assert store.running() is None
    assert store.keep(lease, Findings(State(), RESULT), lease_ms=0) is KeepCode.LOST
    assert (store.state(), len(store.cycles(9))) == (STATE, 1)


def test_a_note_on_the_way_leaves_the_cycle_running_and_lengthens_its_lease(place: Place) -> None:
    store = place.store
    lease = begun(store, lease_ms=2000)
    assert store.keep(lease, Findings(STATE), lease_ms=LONG_MS) is KeepCode.KEPT
    assert (store.state(), store.cycles(9)) == (STATE, [])
    seen = store.running()
    assert seen is not None
    assert seen.left_ms > 2000
    assert store.keep(lease, Findings(result=RESULT), lease_ms=0) is KeepCode.KEPT
    assert store.state() == STATE


def test_a_cycle_whose_lease_ended_writes_nothing(place: Place) -> None:
    store = place.store
    late = begun(store, lease_ms=1)
    place.pass_ms(2)
    findings = Findings(STATE, RESULT, (), {"f" * 32: PATTERN})
    assert store.keep(late, findings, lease_ms=LONG_MS) is KeepCode.LOST
    now = begun(store)
    assert store.keep(late, findings, lease_ms=LONG_MS) is KeepCode.LOST
    assert (store.state(), store.cycles(9), store.patterns()) == (State(), [], {})
    assert store.keep(now, findings, lease_ms=0) is KeepCode.KEPT


def test_patterns_are_changed_and_dropped_one_by_one(store: MetabolismStore) -> None:
    many = {f"{at:032x}": replace(PATTERN, asked=at) for at in range(9000)}
    assert store.keep(begun(store), Findings(asked=many), lease_ms=0) is KeepCode.KEPT
    assert store.patterns() == many
    gone, stays = list(many)[:8999], list(many)[8999]
    changed = Findings(faded=gone, asked={stays: PATTERN})
    assert store.keep(begun(store), changed, lease_ms=0) is KeepCode.KEPT
    assert store.patterns() == {stays: PATTERN}


def test_only_the_last_hundred_cycles_are_remembered_newest_first(store: MetabolismStore) -> None:
    for number in range(MOST_CYCLES + 2):
        store.keep(begun(store), Findings(result=replace(RESULT, cycle=number)), lease_ms=0)
    found = [it.cycle for it in store.cycles(10**6)]
    assert (len(found), found[0], found[-1]) == (MOST_CYCLES, MOST_CYCLES + 1, 2)
    assert [it.cycle for it in store.cycles(2)] == [MOST_CYCLES + 1, MOST_CYCLES]
