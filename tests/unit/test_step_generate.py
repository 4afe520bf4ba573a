"""The last stage: what is asked of a model, and that the query ends whatever the model does."""

from collections.abc import Generator
from dataclasses import replace

import pytest
from typing_extensions import override

from kitbash.blackboard.board import OPEN
from kitbash.cascade import direct
from kitbash.cascade.step import Outcome, Stepped, step
from kitbash.domain.answer import Status
from kitbash.domain.layer import Layer, Queue, Stage
from kitbash.errors import EngineTimeout, EngineUnavailable, StoreUnavailable
from kitbash.knowledge.library import Library
from kitbash.models.generator import Prompt
from tests.boards import ANSWER, LONG_MS, MAX_DELIVERIES, TTL_S
from tests.twins.memory_board import MemoryBlackboard
from tests.unit.cascade_kit import LEASE_MS, Cascade, Model, library_in

OVER = Stepped(Outcome.OVER)


@pytest.fixture
def model() -> Model:
    """Return a model that answers from the evidence."""
    return Model()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Generator[Library]:
    """Return a library of one cartridge."""
    library = library_in(tmp_path_factory.mktemp("water"))
    yield library
    library.close()


@pytest.fixture
def cascade(library: Library, model: Model) -> Cascade:
    """Return a cascade over one cartridge, with a model."""
    return Cascade(library, model=model)


class BusyBoard(MemoryBlackboard):
    """A board whose slots are taken for a number of times."""

    busy = 0
    error: StoreUnavailable | None = None

    @override
    def acquire_slot(self, queue: Queue, *, token: str, lease_ms: int, slots: int) -> bool:
        if self.error is not None:
            raise self.error
        self.busy -= 1
        return self.busy < 0 and super().acquire_slot(queue, token=token, lease_ms=lease_ms, slots=slots)


def busy_board(cascade: Cascade) -> BusyBoard:
    """Return a board whose slots a test holds, put in place of the cascade's."""
    cascade.board = board = BusyBoard(ttl_s=TTL_S, max_deliveries=MAX_DELIVERIES, clock_ms=cascade.clock)
    return board


def test_a_model_answers_from_the_nearest_facts(cascade: Cascade, model: Model) -> None:
    query = cascade.ask("Why would ice on water be strange?")
    direct.run(query.query_id, cascade.with_)
    trace = cascade.trace(query.query_id)
    assert trace.answer is not None
    assert (trace.state, trace.answer.layer) == (Status.ANSWERED, Layer.KOBOLD)
    assert trace.answer.text == "Ice floats on water. [1]"
    assert [fact.text for fact in trace.answer.sources] == ["Ice floats on water."]
    (prompt,) = model.asked
    assert ": Ice floats on water.\n" in prompt.text
    assert query.text in prompt.text
    assert (prompt.max_tokens, prompt.temperature) == (50, 0.0)
    assert prompt.deadline_s < LONG_MS / 1000


def test_a_reply_that_the_evidence_does_not_hold_is_no_answer(cascade: Cascade) -> None:
    cascade.model = Model(lambda _: "Purple walruses sing opera.")
    query = cascade.ask("Why would ice on water be strange?")
    direct.run(query.query_id, cascade.with_)
    trace = cascade.trace(query.query_id)
    assert trace.state == Status.UNKNOWN
    assert trace.answer is not None
    assert [fact.text for fact in trace.answer.sources] == ["Ice floats on water."]


@pytest.mark.parametrize("error", [EngineUnavailable("it is off"), EngineTimeout("it is slow")])
def test_a_model_that_fails_says_so_and_the_query_ends(cascade: Cascade, error: Exception) -> None:
    def fail(_: Prompt) -> str:
        raise error

    cascade.model = Model(fail)
    query = cascade.ask("Why would ice on water be strange?")
    assert step(Stage.GENERATE, query.query_id, cascade.with_) == OVER
    trace = cascade.trace(query.query_id)
    assert (trace.state, trace.verdicts[-1].reason) == (Status.UNKNOWN, f"{type(error).__name__}: {error}")


def test_the_model_is_free_again_afterwards(cascade: Cascade, model: Model) -> None:
    for number in range(3):
        step(Stage.GENERATE, cascade.ask("Why?").query_id, cascade.with_)
        assert len(model.asked) == number + 1


def test_the_model_is_free_again_after_a_fault(cascade: Cascade) -> None:
    def fail(_: Prompt) -> str:
        raise ZeroDivisionError

    cascade.model = Model(fail)
    query = cascade.ask("Why?")
    with pytest.raises(ZeroDivisionError):
        step(Stage.GENERATE, query.query_id, cascade.with_)
    assert cascade.board.acquire_slot(Queue.KOBOLD, token="next", lease_ms=LONG_MS, slots=1)


def test_a_model_that_is_busy_until_the_end_is_not_asked(cascade: Cascade, model: Model) -> None:
    assert cascade.board.acquire_slot(Queue.KOBOLD, token="other", lease_ms=LONG_MS, slots=1)
    query = cascade.ask("Why?", timeout_ms=600)
    assert step(Stage.GENERATE, query.query_id, cascade.with_) == OVER
    trace = cascade.trace(query.query_id)
    assert (trace.state, model.asked) == (Status.UNKNOWN, [])
    assert trace.verdicts[-1].reason == "the model was busy until the time ran out"
    assert not cascade.board.acquire_slot(Queue.KOBOLD, token="next", lease_ms=LONG_MS, slots=1)


def test_a_model_is_not_asked_when_no_time_is_left(cascade: Cascade, model: Model) -> None:
    query = cascade.ask("Why?", timeout_ms=400)
    assert step(Stage.GENERATE, query.query_id, cascade.with_) == OVER
    assert (cascade.trace(query.query_id).state, model.asked) == (Status.UNKNOWN, [])


def test_a_model_has_no_longer_than_its_layer(cascade: Cascade, model: Model) -> None:
    rules = {layer: replace(rule, timeout_ms=2000) for layer, rule in cascade.policy.rules.items()}
    cascade.policy = replace(cascade.policy, rules=rules)
    query = cascade.ask("Why?")
    step(Stage.GENERATE, query.query_id, cascade.with_)
    assert model.asked[0].deadline_s <= 2.0


def test_time_spent_waiting_for_a_slot_is_not_given_to_the_model(cascade: Cascade, model: Model) -> None:
    busy_board(cascade).busy = 10
    query = cascade.ask("Why?", timeout_ms=3000)
    step(Stage.GENERATE, query.query_id, cascade.with_)
    # Ten waits of 50 ms, and half a second kept back to record the verdict.
    assert model.asked[0].deadline_s <= 3.0 - 10 * 0.05 - 0.5


def test_a_store_that_is_gone_is_raised_and_nothing_is_recorded(cascade: Cascade) -> None:
    board = busy_board(cascade)
    query = cascade.ask("Why?")
    board.error = StoreUnavailable("gone")
    with pytest.raises(StoreUnavailable):
        step(Stage.GENERATE, query.query_id, cascade.with_)
    assert (cascade.trace(query.query_id).state, cascade.trace(query.query_id).verdicts) == (OPEN, ())
    board.error = None
    cascade.clock.now_ms += LEASE_MS
    assert step(Stage.GENERATE, query.query_id, cascade.with_) == OVER
    assert cascade.trace(query.query_id).state != OPEN


def test_a_query_that_ends_while_the_model_thinks_keeps_its_end(cascade: Cascade) -> None:
    query = cascade.ask("Why?")

    def meanwhile(_: Prompt) -> str:
        cascade.board.finish(query.query_id, ANSWER)
        return "too late"

    cascade.model = Model(meanwhile)
    assert step(Stage.GENERATE, query.query_id, cascade.with_) == OVER
    trace = cascade.trace(query.query_id)
    assert (trace.answer, trace.verdicts) == (ANSWER, ())


def test_a_delivery_whose_lease_ended_while_it_ran_records_nothing(cascade: Cascade) -> None:
    query = cascade.ask("Why?")

    def meanwhile(_: Prompt) -> str:
        cascade.clock.now_ms += LEASE_MS
        cascade.board.claim(query.query_id, Stage.GENERATE, token="another", lease_ms=LEASE_MS)
        return "Ice floats."

    cascade.model = Model(meanwhile)
    assert step(Stage.GENERATE, query.query_id, cascade.with_) == OVER
    trace = cascade.trace(query.query_id)
    assert (trace.state, trace.verdicts) == (OPEN, ())
