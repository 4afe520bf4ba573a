"""A generator behind a breaker."""

from collections.abc import Callable

import pytest
from typing_extensions import override

from kitbash.errors import EngineBusy, EngineError, EngineRejected, EngineTimeout, EngineUnavailable
from kitbash.models.breaker import Breaker
from kitbash.models.generator import Generated, Prompt
from kitbash.models.guarded import Guarded, guarded
from tests.twins.scripted_model import ScriptedModel

PROMPT = Prompt("Why?", 9, 0.0, deadline_s=10.0)


class Failing(ScriptedModel):
    """Fails as it is told, and counts the calls that came through."""

    def __init__(self, error: EngineError | None) -> None:
        self.error = error
        self.calls = 0

    @override
    def generate(self, prompt: Prompt) -> Generated:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return Generated("Because.", "failing")


class Clock:
    """Seconds, turned by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def asked(model: Guarded, times: int, deadline_s: float = 10.0) -> list[type[EngineError]]:
    refusals: list[type[EngineError]] = []
    for _ in range(times):
        with pytest.raises(EngineError) as refused:
            model.generate(Prompt("Why?", 9, 0.0, deadline_s=deadline_s))
        refusals.append(refused.type)
    return refusals


def test_a_model_that_keeps_failing_is_left_alone_and_then_tried_again() -> None:
    clock, inner = Clock(), Failing(EngineUnavailable("off"))
    model = Guarded(inner, Breaker(3, 10.0, clock))
    asked(model, 5)
    assert inner.calls == 3
    clock.now_s += 11
    asked(model, 2)
    assert inner.calls == 4
    clock.now_s += 11
    inner.error = None
    assert model.generate(PROMPT).text == "Because."
    assert model.generate(PROMPT).text == "Because."


@pytest.mark.parametrize(
    "error", [EngineBusy("busy", retry_after_s=1), EngineRejected("no key")], ids=lambda it: type(it).__name__
)
def test_a_model_that_is_there_is_never_left_alone(error: EngineError) -> None:
    inner = Failing(error)
    assert asked(Guarded(inner, Breaker(2, 10.0)), 5) == [type(error)] * 5
    assert inner.calls == 5


@pytest.mark.parametrize(("deadline_s", "calls"), [(1.0, 5), (10.0, 2)])
def test_a_model_fails_by_being_late_only_if_it_had_time(deadline_s: float, calls: int) -> None:
    inner = Failing(EngineTimeout("late"))
    asked(Guarded(inner, Breaker(2, 10.0)), 5, deadline_s)
    assert inner.calls == calls


def test_a_caller_who_leaves_is_no_failure() -> None:
    model = Guarded(Failing(None), Breaker(1, 10.0))
    for _ in range(3):
        with model.stream(PROMPT) as reply:
            assert next(reply) == "Because."


def test_without_a_model_nothing_is_guarded() -> None:
    made: Callable[[None], Guarded | None] = guarded
    assert made(None) is None
