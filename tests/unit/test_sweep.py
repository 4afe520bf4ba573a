"""What the sweep does about a query, by its pulse."""

from dataclasses import replace
from typing import Final

import pytest

from kitbash.blackboard.board import OPEN, Pulse
from kitbash.cascade.sweep import CLOSING_MS, MOST_RESUMED, STALLED_MS, Care, care
from kitbash.domain.answer import Status
from kitbash.domain.ids import QueryId

NOW_MS: Final = 1_700_000_000_000


def id_made_at(ms: int) -> QueryId:
    return QueryId(f"{ms:012x}" + "0" * 20)


QUIET: Final = Pulse(
    query_id=id_made_at(NOW_MS - 60_000),
    state=OPEN,
    now_ms=NOW_MS,
    deadline_ms=NOW_MS + 60_000,
    touched_ms=NOW_MS,
    lease_until_ms=0,
    resumed=0,
    done=frozenset(),
)


def gone(age_ms: int) -> Pulse:
    """Return what is seen of a query that is listed and not there, by how long ago its id was made."""
    return replace(QUIET, query_id=id_made_at(NOW_MS - age_ms), state=None, deadline_ms=0, touched_ms=0)


@pytest.mark.parametrize("status", Status)
def test_a_query_that_ended_is_forgotten(status: Status) -> None:
    assert care(replace(QUIET, state=status.value)) is Care.FORGET


def test_a_query_that_is_gone_is_forgotten_unless_it_may_be_on_its_way_in() -> None:
    assert care(gone(STALLED_MS)) is Care.FORGET
    assert care(gone(STALLED_MS - 1)) is Care.NOTHING
    assert care(gone(0)) is Care.NOTHING


def test_a_query_whose_clock_is_ahead_of_the_servers_is_left_alone() -> None:
    assert care(gone(-5000)) is Care.NOTHING


def test_a_query_is_ended_just_before_its_deadline() -> None:
    assert care(replace(QUIET, deadline_ms=NOW_MS + CLOSING_MS + 1)) is Care.NOTHING
    assert care(replace(QUIET, deadline_ms=NOW_MS + CLOSING_MS)) is Care.EXPIRE
    assert care(replace(QUIET, deadline_ms=NOW_MS - 60_000)) is Care.EXPIRE


def test_a_running_lease_does_not_save_a_query_from_its_deadline() -> None:
    assert care(replace(QUIET, deadline_ms=NOW_MS, lease_until_ms=NOW_MS + 5000)) is Care.EXPIRE


def test_a_query_that_is_worked_on_is_left_alone() -> None:
    assert care(replace(QUIET, touched_ms=NOW_MS - 50_000, lease_until_ms=NOW_MS + 1)) is Care.NOTHING


@pytest.mark.parametrize(("resumed", "patience_ms"), [(0, 3000), (1, 6000), (2, 12_000), (3, 24_000)])
def test_a_quiet_query_is_sent_again_after_twice_the_time(resumed: int, patience_ms: int) -> None:
    pulse = replace(QUIET, resumed=resumed)
    assert care(replace(pulse, touched_ms=NOW_MS - patience_ms)) is Care.RESUME
    assert care(replace(pulse, touched_ms=NOW_MS - patience_ms + 1)) is Care.NOTHING


def test_quiet_is_counted_from_the_end_of_the_last_lease() -> None:
    pulse = replace(QUIET, touched_ms=NOW_MS - 50_000)
    assert care(replace(pulse, lease_until_ms=NOW_MS - STALLED_MS + 1)) is Care.NOTHING
    assert care(replace(pulse, lease_until_ms=NOW_MS - STALLED_MS)) is Care.RESUME
    assert care(replace(pulse, lease_until_ms=NOW_MS)) is Care.NOTHING


def test_a_query_that_was_sent_again_often_enough_waits_for_its_deadline() -> None:
    pulse = replace(QUIET, touched_ms=NOW_MS - 3_600_000, resumed=MOST_RESUMED)
    assert care(pulse) is Care.NOTHING
    assert care(replace(pulse, deadline_ms=NOW_MS)) is Care.EXPIRE
