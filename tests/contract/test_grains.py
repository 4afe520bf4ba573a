"""What everything that keeps grains promises, in memory and on each kind of server."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Final

import pytest

from kitbash.blackboard.grains import MOST_CORRECTIONS, Grains, HitCode, MoveCode, VoteCode
from kitbash.blackboard.redis_grains import RedisGrains
from kitbash.domain.grain import HISTORY, Correction, Grain, GrainState, Hit, Subject
from kitbash.domain.ids import new_query_id
from tests.servers import Server
from tests.twins.memory_grains import MemoryGrains
from tests.unit.grain_kit import EDITED, OTHER, SUBJECT, grain
from tests.waiting import until

SURE: Final = Hit(SUBJECT, 0.9)
BY_ITSELF: Final = Hit(SUBJECT, None)


@dataclass(frozen=True, slots=True)
class Place:
    """Where grains are kept. `pass_ms` returns when that much time has passed by its clock."""

    grains: Grains
    narrow: Grains
    """the same place, where two grains that are not crystallised are kept"""
    pass_ms: Callable[[int], None]


@pytest.fixture(params=["memory", "plain", "cluster"])
def place(request: pytest.FixtureRequest) -> Generator[Place]:
    """Return an empty place of each kind."""
    if request.param == "memory":
        narrow = MemoryGrains(most_grains=2)
        yield Place(narrow, narrow, lambda _: None)
        return
    server: Server = request.getfixturevalue(f"fresh_{request.param}")
    with closing(server.connect()) as client, closing(server.node()) as node:

        def now_ms() -> float:
            seconds, microseconds = node.time()
            return seconds * 1000 + microseconds / 1000

        def pass_ms(ms: int) -> None:
            begun_ms = now_ms()
            until(lambda: now_ms() >= begun_ms + ms)

        yield Place(RedisGrains(client, server.url), RedisGrains(client, server.url, most_grains=2), pass_ms)


@pytest.fixture
def grains(place: Place) -> Grains:
    """Return an empty place of each kind."""
    return place.grains


def held(grains: Grains, subject: Subject = SUBJECT) -> Grain:
    """Return a grain that must be there."""
    found = grains.get(subject.grain_id)
    assert found is not None
    return found


def become(grains: Grains, state: GrainState, subject: Subject = SUBJECT) -> Grain:
    """Return a grain after it was brought to a state."""
    grains.hit(Hit(subject, 0.97))
    assert grains.promote(held(grains, subject), state) is MoveCode.MOVED
    return held(grains, subject)


def test_nothing_is_kept_at_first(grains: Grains) -> None:
    assert (grains.get(SUBJECT.grain_id), list(grains.every()), list(grains.crystallised())) == (None, [], [])
    assert (grains.version(), grains.cycle(), list(grains.corrections(9))) == (0, 0, [])


def test_a_first_hit_begins_a_candidate(grains: Grains) -> None:
    assert grains.hit(SURE) is HitCode.BEGUN
    assert held(grains) == Grain(SUBJECT, hits=1, measured=1, mean=0.9, cycle_hits=1)
    assert grains.hit(SURE) is HitCode.COUNTED
    assert list(grains.every()) == [held(grains)]


def test_mean_and_variance_are_those_of_what_was_measured(grains: Grains) -> None:
    for confidence in (0.7, 0.9, 0.95, 0.8):
        grains.hit(Hit(SUBJECT, confidence))
    found = held(grains)
    assert (found.hits, found.measured) == (4, 4)
    assert found.mean == pytest.approx(0.8375, abs=1e-12)
    assert found.variance == pytest.approx(0.00921875, abs=1e-12)


def test_entering_counts_nothing(grains: Grains) -> None:
    assert grains.hit(SURE, enters=True) is HitCode.BEGUN
    assert grains.hit(SURE, enters=True) is HitCode.COUNTED
    assert held(grains) == Grain(SUBJECT)


@pytest.mark.parametrize("state", [None, GrainState.CANDIDATE, GrainState.LOCKED, GrainState.DEAD])
def test_what_a_grain_answered_counts_only_while_it_is_crystallised(grains: Grains, state: GrainState | None) -> None:
    if state is not None:
        become(grains, state)
    assert grains.hit(BY_ITSELF) is HitCode.UNKNOWN
    assert [it.hits for it in grains.every()] == ([] if state is None else [1])


def test_what_a_grain_answered_is_no_measure_of_it(grains: Grains) -> None:
    before = become(grains, GrainState.CRYSTALLISED)
    version = grains.version()
    assert grains.hit(BY_ITSELF) is HitCode.COUNTED
    assert held(grains) == replace(before, hits=2, cycle_hits=2)
    assert grains.version() == version


def test_what_search_says_of_a_crystallised_grain_changes_the_version(grains: Grains) -> None:
    become(grains, GrainState.CRYSTALLISED)
    version = grains.version()
    grains.hit(SURE)
    assert (grains.version(), held(grains).mean) == (version + 1, pytest.approx(0.935))


@pytest.mark.parametrize("state", [GrainState.CANDIDATE, GrainState.CRYSTALLISED])
def test_a_fact_in_another_wording_begins_anew(grains: Grains, state: GrainState) -> None:
    become(grains, state)
    grains.vote(new_query_id(), SUBJECT, is_right=True)
    version = grains.version()
    assert grains.hit(Hit(EDITED, None)) is HitCode.UNKNOWN
    assert grains.hit(Hit(EDITED, 0.8)) is HitCode.BEGUN
    assert held(grains) == Grain(EDITED, hits=1, measured=1, mean=0.8, cycle_hits=1)
    assert list(grains.crystallised()) == []
    assert grains.version() == version + (state is GrainState.CRYSTALLISED)


def test_a_dead_grain_begins_anew(grains: Grains) -> None:
    become(grains, GrainState.DEAD)
    assert grains.hit(SURE) is HitCode.BEGUN
    assert (held(grains).state, held(grains).hits) == (GrainState.CANDIDATE, 1)


def test_a_query_votes_once(grains: Grains) -> None:
    query_id = new_query_id()
    assert grains.vote(query_id, SUBJECT, is_right=True) is VoteCode.COUNTED
    assert grains.vote(query_id, SUBJECT, is_right=True) is VoteCode.BEFORE
    assert held(grains) == Grain(SUBJECT, confirmed=1)
    assert grains.vote(new_query_id(), SUBJECT, is_right=True) is VoteCode.COUNTED
    assert (held(grains).confirmed, held(grains).refuted) == (2, 0)


def test_who_changes_the_mind_moves_the_vote(grains: Grains) -> None:
    query_id = new_query_id()
    grains.vote(query_id, SUBJECT, is_right=True)
    assert grains.vote(query_id, SUBJECT, is_right=False) is VoteCode.MOVED
    assert (held(grains).confirmed, held(grains).refuted) == (0, 1)
    assert grains.vote(query_id, SUBJECT, is_right=True) is VoteCode.MOVED
    assert (held(grains).confirmed, held(grains).refuted) == (1, 0)


def test_votes_are_counted_over_all_grains(grains: Grains) -> None:
    assert grains.votes() == (0, 0)
    first = new_query_id()
    for query_id, subject, is_right in (
        (first, SUBJECT, True),
        (first, SUBJECT, True),
        (new_query_id(), OTHER, True),
        (new_query_id(), OTHER, False),
    ):
        grains.vote(query_id, subject, is_right=is_right)
    assert grains.votes() == (2, 3)
    grains.vote(first, SUBJECT, is_right=False)
    grains.drop(SUBJECT.grain_id)
    assert grains.votes() == (1, 3)


def test_a_vote_on_a_record_that_was_dropped_counts_for_the_new_one(grains: Grains) -> None:
    query_id = new_query_id()
    grains.vote(query_id, SUBJECT, is_right=False)
    grains.drop(SUBJECT.grain_id)
    assert grains.vote(query_id, SUBJECT, is_right=True) is VoteCode.COUNTED
    assert (held(grains).confirmed, held(grains).refuted) == (1, 0)


def test_only_votes_on_what_is_crystallised_change_the_version(grains: Grains) -> None:
    query_id = new_query_id()
    grains.vote(query_id, SUBJECT, is_right=True)
    assert grains.version() == 0
    become(grains, GrainState.CRYSTALLISED)
    grains.vote(query_id, SUBJECT, is_right=True)
    assert grains.version() == 1
    grains.vote(query_id, SUBJECT, is_right=False)
    grains.vote(new_query_id(), SUBJECT, is_right=False)
    assert grains.version() == 3


def test_only_what_is_as_it_was_read_changes_its_state(grains: Grains) -> None:
    grains.hit(SURE)
    read = held(grains)
    grains.hit(SURE)
    assert grains.promote(read, GrainState.PERSISTENT) is MoveCode.MOVED
    assert (held(grains).state, held(grains).hits) == (GrainState.PERSISTENT, 2)
    assert grains.promote(read, GrainState.LOCKED) is MoveCode.OTHER
    assert grains.promote(replace(held(grains), subject=EDITED), GrainState.LOCKED) is MoveCode.OTHER
    assert grains.promote(grain(subject=OTHER), GrainState.LOCKED) is MoveCode.MISSING
    assert held(grains).state is GrainState.PERSISTENT


def test_what_crystallises_and_what_does_no_more_changes_the_version(grains: Grains) -> None:
    become(grains, GrainState.LOCKED)
    assert grains.version() == 0
    grains.promote(held(grains), GrainState.CRYSTALLISED)
    assert (grains.version(), list(grains.crystallised())) == (1, [held(grains)])
    grains.promote(held(grains), GrainState.LOCKED)
    assert (grains.version(), list(grains.crystallised())) == (2, [])


def test_what_is_dropped_is_gone(grains: Grains) -> None:
    become(grains, GrainState.CRYSTALLISED)
    assert grains.drop(SUBJECT.grain_id)
    assert not grains.drop(SUBJECT.grain_id)
    assert (grains.get(SUBJECT.grain_id), list(grains.crystallised()), grains.version()) == (None, [], 2)


@pytest.mark.parametrize("state", GrainState)
def test_a_grain_is_restored_as_it_was_unless_it_is_there(grains: Grains, state: GrainState) -> None:
    was = grain(state, confirmed=3, refuted=1, p=1 / 3, variance=1 / 7)
    for _ in was.history:
        grains.advance_cycle()
    assert grains.restore(was)
    assert held(grains) == was
    assert list(grains.crystallised()) == ([was] if state is GrainState.CRYSTALLISED else [])
    assert not grains.restore(replace(was, hits=99))
    assert held(grains) == was


def test_a_cycle_ends_a_count_and_begins_another(grains: Grains) -> None:
    grains.advance_cycle()
    grains.hit(SURE)
    grains.hit(SURE)
    assert grains.advance_cycle() == 2
    assert held(grains).history == (2,)
    grains.hit(SURE)
    grains.advance_cycle()
    grains.advance_cycle()
    assert (grains.cycle(), held(grains).history, held(grains).cycle_hits) == (4, (2, 1, 0), 0)
    grains.hit(SURE)
    found = held(grains)
    assert (found.first_cycle, found.last_cycle, found.cycle, found.cycle_hits) == (1, 4, 4, 1)
    assert (found.hits, found.history) == (4, (2, 1, 0))


def test_fifty_cycles_are_remembered(grains: Grains) -> None:
    for number in range(HISTORY + 3):
        for _ in range(number % 3):
            grains.hit(SURE)
        grains.advance_cycle()
    assert held(grains).history == tuple(number % 3 for number in range(3, HISTORY + 3))
    for _ in range(2 * HISTORY):
        grains.advance_cycle()
    grains.hit(SURE)
    assert held(grains).history == (0,) * HISTORY


def test_beyond_the_bound_the_longest_untouched_goes_but_nothing_crystallised(place: Place) -> None:
    first, second, third = (replace(OTHER, fact_id=number) for number in (11, 12, 13))
    become(place.narrow, GrainState.CRYSTALLISED)
    for subject in (first, second, first, third):
        place.pass_ms(2)
        place.narrow.hit(Hit(subject, 0.9))
    assert {it.subject for it in place.narrow.every()} == {SUBJECT, first, third}


def test_a_grain_that_no_longer_is_crystallised_counts_among_the_bounded(place: Place) -> None:
    become(place.narrow, GrainState.CRYSTALLISED)
    place.narrow.promote(held(place.narrow), GrainState.LOCKED)
    for number in (11, 12):
        place.pass_ms(2)
        place.narrow.hit(Hit(replace(OTHER, fact_id=number), 0.9))
    assert {it.subject.fact_id for it in place.narrow.every()} == {11, 12}


@pytest.mark.parametrize("form", ["0", "a\0b", "{grains}:records", "«Eis» 🜁 schwimmt", "\\u0041", '"}', "x" * 300])
def test_any_text_is_a_form_of_its_own(grains: Grains, form: str) -> None:
    subject = replace(SUBJECT, form=form)
    grains.hit(Hit(subject, 0.9))
    assert held(grains, subject).subject == subject
    assert grains.get(replace(subject, form=form + ".").grain_id) is None


def test_corrections_are_kept_newest_first(grains: Grains) -> None:
    one = Correction("q1", "do ice float", "no", "It «floats».\n{x} %s", ("water#1",), "ann", 1_700_000_000_000)
    grains.propose(one)
    grains.propose(replace(one, query_id="q2"))
    assert list(grains.corrections(9)) == [replace(one, query_id="q2"), one]
    assert [it.query_id for it in grains.corrections(1)] == ["q2"]


def test_a_thousand_corrections_are_kept(grains: Grains) -> None:
    for number in range(MOST_CORRECTIONS + 2):
        grains.propose(Correction(str(number), "", "", ""))
    found = [it.query_id for it in grains.corrections(2 * MOST_CORRECTIONS)]
    assert (len(found), found[0], found[-1]) == (MOST_CORRECTIONS, "1001", "2")
