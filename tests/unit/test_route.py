"""Which stages follow which, and what is left of a query whose canvas died."""

from dataclasses import replace
from itertools import chain, combinations
from typing import Final

import pytest

from kitbash.blackboard.board import stage_name
from kitbash.cascade.route import BEGIN, CLOSING, Beyond, beyond, rest
from kitbash.domain.layer import Stage
from kitbash.domain.plan import Plan
from kitbash.domain.strategy import Strategy

REFLEX, TRIAGE, FUSE = Stage.REFLEX.value, Stage.TRIAGE.value, Stage.FUSE.value
SYNTHESISE, GENERATE = Stage.SYNTHESISE.value, Stage.GENERATE.value
SEARCHES: Final = tuple(stage_name(Stage.SEARCH, shard) for shard in range(3))
PLAN: Final = Plan(("q",), (("a",), ("b",), ("c",)))
NOWHERE: Final = Plan(("q",), ())


def test_every_stage_has_its_place() -> None:
    assert [*BEGIN, Stage.SEARCH, *CLOSING, Stage.VOTE] == list(Stage)


def test_each_shard_is_searched_before_the_closing_stages() -> None:
    assert beyond(PLAN) == Beyond(3, (Stage.FUSE, Stage.SYNTHESISE, Stage.GENERATE))


def test_with_nothing_to_search_only_the_model_is_left() -> None:
    assert beyond(NOWHERE) == Beyond(0, (Stage.GENERATE,))


@pytest.mark.parametrize(
    ("done", "left"),
    [
        ((), (Stage.REFLEX, Stage.TRIAGE)),
        ((REFLEX,), (Stage.TRIAGE,)),
        ((TRIAGE,), (Stage.REFLEX,)),
        # Triage is run again although it is done: it sends what its plan asks for.
        ((REFLEX, TRIAGE), (Stage.TRIAGE,)),
    ],
)
def test_before_there_is_a_plan_the_first_stages_are_left(done: tuple[str, ...], left: tuple[Stage, ...]) -> None:
    assert rest(done, None) == left


@pytest.mark.parametrize(
    ("done", "left"),
    [
        ((), Beyond(3, CLOSING)),
        (SEARCHES[:1], Beyond(3, CLOSING)),
        (SEARCHES[1:], Beyond(3, CLOSING)),
        (SEARCHES, Beyond(0, CLOSING)),
        ((*SEARCHES, FUSE), Beyond(0, (Stage.SYNTHESISE, Stage.GENERATE))),
        ((*SEARCHES, FUSE, SYNTHESISE), Beyond(0, (Stage.GENERATE,))),
        ((*SEARCHES, FUSE, SYNTHESISE, GENERATE), Beyond(0, ())),
    ],
)
def test_after_the_plan_what_is_not_done_is_left(done: tuple[str, ...], left: Beyond) -> None:
    assert rest({REFLEX, TRIAGE, *done}, PLAN) == left


def test_with_nothing_to_search_the_model_is_left_until_it_is_done() -> None:
    assert rest({REFLEX, TRIAGE}, NOWHERE) == Beyond(0, (Stage.GENERATE,))


VOTED: Final = replace(PLAN, consensus=Strategy.SIMPLE)
ENGINES: Final = (Stage.SYNTHESISE, Stage.GENERATE)


def test_engines_that_vote_answer_side_by_side_once_layer_2_has_left_what_they_may_use() -> None:
    assert beyond(VOTED) == Beyond(3, (Stage.FUSE,), ENGINES, (Stage.VOTE,))
    assert beyond(replace(VOTED, shards=())) == Beyond(0, (), (Stage.GENERATE,), (Stage.VOTE,))


@pytest.mark.parametrize(
    ("done", "left"),
    [
        ((), Beyond(3, (Stage.FUSE,), ENGINES, (Stage.VOTE,))),
        ((*SEARCHES, FUSE), Beyond(0, (), ENGINES, (Stage.VOTE,))),
        ((*SEARCHES, FUSE, SYNTHESISE), Beyond(0, (), (Stage.GENERATE,), (Stage.VOTE,))),
        ((*SEARCHES, FUSE, SYNTHESISE, GENERATE), Beyond(0, (), (), (Stage.VOTE,))),
    ],
)
def test_of_a_vote_what_is_not_done_is_left_and_the_vote(done: tuple[str, ...], left: Beyond) -> None:
    assert rest({REFLEX, TRIAGE, *done}, VOTED) == left


def test_the_searches_of_another_shard_do_not_count() -> None:
    assert rest({REFLEX, TRIAGE, stage_name(Stage.SEARCH, 3), Stage.SEARCH.value}, PLAN) == Beyond(3, CLOSING)


def test_whatever_is_done_the_rest_ends_with_the_model() -> None:
    names = (REFLEX, TRIAGE, *SEARCHES, FUSE, SYNTHESISE)
    for done in chain.from_iterable(combinations(names, size) for size in range(len(names) + 1)):
        left = rest(set(done), PLAN)
        assert isinstance(left, Beyond)
        assert left.after[-1] is Stage.GENERATE
        assert not {stage.value for stage in left.after} & set(done)
