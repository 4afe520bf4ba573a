"""What a process serves is at most half a second old, and costs a look only then."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from kitbash.blackboard.grains import Grains
from kitbash.cascade.served import RECHECK_S, ServedGrains
from kitbash.domain.grain import Grain, GrainState
from kitbash.domain.ids import new_query_id
from kitbash.errors import BusError, StoreUnavailable
from tests.twins.memory_grains import MemoryGrains
from tests.unit.grain_kit import OTHER, SUBJECT, grain

JUST_BEFORE_S = RECHECK_S - 1e-6


@dataclass(slots=True)
class Now:
    """A clock turned by hand."""

    now_s: float = 100.0

    def __call__(self) -> float:
        return self.now_s


class Counted(MemoryGrains):
    """Grains that count how often they are looked at, and fail as told."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.looks = self.loads = 0
        self.error = error

    @override
    def version(self) -> int:
        self.looks += 1
        if self.error is not None:
            raise self.error
        return super().version()

    @override
    def crystallised(self) -> Sequence[Grain]:
        self.loads += 1
        return super().crystallised()


def serving(grains: Grains) -> tuple[ServedGrains, Now]:
    now = Now()
    return ServedGrains(grains, 0.95, clock_s=now), now


def test_what_has_earned_it_is_served_by_its_form() -> None:
    grains = MemoryGrains()
    grains.restore(grain())
    grains.restore(grain(subject=OTHER, refuted=1))
    served, _ = serving(grains)
    assert served.of(SUBJECT.form) == (grain(),)
    assert served.of(OTHER.form) == served.of("") == ()


def test_a_change_is_seen_half_a_second_later() -> None:
    grains = MemoryGrains()
    served, now = serving(grains)
    assert served.of(SUBJECT.form) == ()
    grains.restore(grain())
    now.now_s += JUST_BEFORE_S
    assert served.of(SUBJECT.form) == ()
    now.now_s += RECHECK_S
    assert served.of(SUBJECT.form) == (grain(),)
    grains.vote(new_query_id(), SUBJECT, is_right=False)
    now.now_s += RECHECK_S
    assert served.of(SUBJECT.form) == ()


@pytest.mark.parametrize("state", [GrainState.DEAD, GrainState.LOCKED])
def test_what_is_withdrawn_is_served_no_more(state: GrainState) -> None:
    grains = MemoryGrains()
    grains.restore(grain())
    served, now = serving(grains)
    assert served.of(SUBJECT.form)
    grains.promote(grain(), state)
    now.now_s += RECHECK_S
    assert served.of(SUBJECT.form) == ()


def test_it_looks_twice_a_second_at_most_and_loads_only_what_changed() -> None:
    grains = Counted()
    grains.restore(grain())
    served, now = serving(grains)
    for _ in range(1000):
        served.of(SUBJECT.form)
        now.now_s += 0.01
    assert grains.looks == pytest.approx(10 / RECHECK_S, abs=1)
    assert grains.loads == 1


def test_keys_that_something_else_wrote_to_serve_nothing_and_are_tried_again() -> None:
    grains = Counted()
    grains.restore(grain())
    served, now = serving(grains)
    assert served.of(SUBJECT.form)
    grains.error = BusError("not of its type")
    now.now_s += RECHECK_S
    with capture_logs() as logs:
        assert served.of(SUBJECT.form) == served.of(SUBJECT.form) == ()
    assert [it["event"] for it in logs] == ["grains.unreadable"]
    grains.error = None
    now.now_s += RECHECK_S
    assert served.of(SUBJECT.form)


def test_a_blackboard_that_is_gone_is_said_each_time() -> None:
    grains = Counted(StoreUnavailable("gone"))
    served, _ = serving(grains)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            served.of(SUBJECT.form)
    grains.error = None
    assert served.of(SUBJECT.form) == ()
