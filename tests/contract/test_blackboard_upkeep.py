"""What every blackboard promises to workers and to the sweep: slots, dead letters, announcements, pulses."""

from collections.abc import Callable

from kitbash.blackboard.board import OPEN, Blackboard, Pulse
from kitbash.blackboard.lanes import DeadLetter
from kitbash.blackboard.redis_lanes import DEAD_LENGTH
from kitbash.domain.answer import Status
from kitbash.domain.ids import QueryId, new_query_id
from kitbash.domain.layer import Queue
from tests.boards import ANSWER, LONG_MS, new_query, verdict
from tests.contract.conftest import Stand
from tests.waiting import until


def test_no_more_slots_are_taken_than_there_are(board: Blackboard) -> None:
    taken = [board.acquire_slot(Queue.KOBOLD, token=f"t{n}", lease_ms=LONG_MS, slots=2) for n in range(4)]
    assert taken == [True, True, False, False]


def test_a_slot_given_back_is_free(board: Blackboard) -> None:
    assert board.acquire_slot(Queue.KOBOLD, token="a", lease_ms=LONG_MS, slots=1)
    board.release_slot(Queue.KOBOLD, token="a")
    assert board.acquire_slot(Queue.KOBOLD, token="b", lease_ms=LONG_MS, slots=1)


def test_giving_back_a_slot_one_does_not_have_frees_none(board: Blackboard) -> None:
    assert board.acquire_slot(Queue.KOBOLD, token="a", lease_ms=LONG_MS, slots=1)
    board.release_slot(Queue.KOBOLD, token="b")
    assert not board.acquire_slot(Queue.KOBOLD, token="b", lease_ms=LONG_MS, slots=1)


def test_a_slot_is_free_when_its_lease_ends(stand: Stand) -> None:
    assert stand.board.acquire_slot(Queue.KOBOLD, token="a", lease_ms=40, slots=1)
    stand.pass_ms(41)
    assert stand.board.acquire_slot(Queue.KOBOLD, token="b", lease_ms=LONG_MS, slots=1)


def test_only_the_slot_whose_lease_ended_is_free(stand: Stand) -> None:
    assert stand.board.acquire_slot(Queue.KOBOLD, token="short", lease_ms=40, slots=2)
    assert stand.board.acquire_slot(Queue.KOBOLD, token="long", lease_ms=LONG_MS, slots=2)
    stand.pass_ms(41)
    taken = [stand.board.acquire_slot(Queue.KOBOLD, token=f"t{n}", lease_ms=LONG_MS, slots=2) for n in range(2)]
    assert taken == [True, False]


def test_taking_a_slot_again_with_one_token_takes_one(board: Blackboard) -> None:
    for _ in range(3):
        assert board.acquire_slot(Queue.KOBOLD, token="a", lease_ms=LONG_MS, slots=2)
    assert board.acquire_slot(Queue.KOBOLD, token="b", lease_ms=LONG_MS, slots=2)


def test_lanes_have_slots_of_their_own(board: Blackboard) -> None:
    assert board.acquire_slot(Queue.KOBOLD, token="a", lease_ms=LONG_MS, slots=1)
    assert board.acquire_slot(Queue.BITNET, token="b", lease_ms=LONG_MS, slots=1)


def test_dead_letters_are_kept_by_queue_the_newest_first(board: Blackboard) -> None:
    for task in ("first", "second"):
        board.bury(DeadLetter(Queue.BITNET, task, "id", "it died — thrice"))
    letters = board.dead(Queue.BITNET)
    assert [(letter.task, letter.queue, letter.query_id, letter.reason) for letter in letters] == [
        ("second", Queue.BITNET, "id", "it died — thrice"),
        ("first", Queue.BITNET, "id", "it died — thrice"),
    ]
    assert letters[0].at_ms >= letters[1].at_ms > 0
    assert list(board.dead(Queue.REFLEX)) == []


def test_the_oldest_dead_letters_beyond_a_thousand_are_dropped(board: Blackboard) -> None:
    for number in range(DEAD_LENGTH + 2):
        board.bury(DeadLetter(Queue.REFLEX, str(number), "id", "it died"))
    letters = board.dead(Queue.REFLEX)
    assert (len(letters), letters[0].task, letters[-1].task) == (1000, "1001", "2")


def test_workers_are_known_by_the_queues_they_serve(board: Blackboard) -> None:
    board.announce("w1", [Queue.REFLEX, Queue.BITNET], ttl_ms=LONG_MS)
    board.announce("w2", [Queue.BITNET], ttl_ms=LONG_MS)
    board.announce("w2", [Queue.BITNET], ttl_ms=LONG_MS)
    workers = board.workers()
    assert set(workers) == set(Queue)
    assert (sorted(workers[Queue.REFLEX]), sorted(workers[Queue.BITNET])) == (["w1"], ["w1", "w2"])
    assert list(workers[Queue.KOBOLD]) == []


def test_a_worker_that_withdraws_is_gone_at_once(board: Blackboard) -> None:
    board.announce("w1", [Queue.REFLEX, Queue.BITNET], ttl_ms=LONG_MS)
    board.announce("w2", [Queue.REFLEX], ttl_ms=LONG_MS)
    board.announce("w1", list(Queue), ttl_ms=0)
    assert {queue: list(names) for queue, names in board.workers().items() if names} == {Queue.REFLEX: ["w2"]}


def test_an_announcement_ends(stand: Stand) -> None:
    stand.board.announce("w1", [Queue.REFLEX], ttl_ms=50)
    stand.pass_ms(50)
    until(lambda: not stand.board.workers()[Queue.REFLEX])


def pulse_of(board: Blackboard, query_id: QueryId) -> Pulse:
    return next(pulse for pulse in board.pulses(100) if pulse.query_id == query_id)


def test_a_fresh_query_has_a_pulse(board: Blackboard) -> None:
    query = new_query()
    board.open(query)
    (pulse,) = board.pulses(10)
    assert (pulse.query_id, pulse.state, pulse.resumed, pulse.done) == (query.query_id, OPEN, 0, frozenset())
    assert (pulse.lease_until_ms, pulse.deadline_ms - pulse.touched_ms) == (0, LONG_MS)
    assert pulse.touched_ms <= pulse.now_ms


def test_a_pulse_shows_running_leases_and_done_stages(stand: Stand) -> None:
    query = new_query()
    stand.board.open(query)
    opened_ms = pulse_of(stand.board, query.query_id).touched_ms
    stand.pass_ms(5)
    stand.board.claim(query.query_id, "done:1", token="a", lease_ms=90_000)
    stand.board.record(query.query_id, "done:1", token="a")
    stand.board.claim(query.query_id, "running", token="b", lease_ms=70_000)
    stand.board.claim(query.query_id, "dead", token="c", lease_ms=0)
    pulse = pulse_of(stand.board, query.query_id)
    assert pulse.done == {"done:1"}
    assert pulse.touched_ms >= opened_ms + 5
    assert 0 <= pulse.now_ms + 70_000 - pulse.lease_until_ms < 60_000


def test_a_pulse_shows_stages_whose_worker_died(stand: Stand) -> None:
    query = new_query()
    stand.board.open(query)
    for stage, lease_ms in (("dead", 20), ("done", 20), ("running", LONG_MS)):
        stand.board.claim(query.query_id, stage, token="a", lease_ms=lease_ms)
    stand.board.record(query.query_id, "done", token="a")
    assert pulse_of(stand.board, query.query_id).died == ()
    stand.pass_ms(21)
    pulse = pulse_of(stand.board, query.query_id)
    assert pulse.died == ("dead",)
    assert stand.board.resume(pulse, most=1)
    assert pulse_of(stand.board, query.query_id).died == ()


def test_a_query_is_touched_by_every_claim_and_record(stand: Stand) -> None:
    query = new_query()
    stand.board.open(query)
    opened_ms = pulse_of(stand.board, query.query_id).touched_ms
    stand.pass_ms(2)
    stand.board.claim(query.query_id, "stage", token="a", lease_ms=LONG_MS)
    claimed_ms = pulse_of(stand.board, query.query_id).touched_ms
    stand.pass_ms(2)
    stand.board.record(query.query_id, "stage", token="a")
    recorded_ms = pulse_of(stand.board, query.query_id).touched_ms
    assert opened_ms < claimed_ms < recorded_ms


def test_the_oldest_pulses_come_first(stand: Stand) -> None:
    ids: list[QueryId] = []
    for _ in range(3):
        query = new_query()
        stand.board.open(query)
        ids.append(query.query_id)
        until(lambda: new_query_id()[:12] > ids[-1][:12])
        stand.pass_ms(2)
    assert [pulse.query_id for pulse in stand.board.pulses(10)] == ids
    assert [pulse.query_id for pulse in stand.board.pulses(2)] == ids[:2]


def ends() -> dict[str, Callable[[Blackboard, QueryId], object]]:
    def record(board: Blackboard, query_id: QueryId) -> None:
        board.claim(query_id, "last", token="a", lease_ms=LONG_MS)
        board.record(query_id, "last", token="a", verdict=verdict(), answer=ANSWER)

    return {
        "record": record,
        "finish": lambda board, it: board.finish(it, ANSWER),
        "forget": lambda b, it: b.forget(it),
    }


def test_a_query_that_ended_or_is_forgotten_has_no_pulse(board: Blackboard) -> None:
    for end in ends().values():
        query, other = new_query(), new_query()
        board.open(query)
        board.open(other)
        end(board, query.query_id)
        assert [pulse.query_id for pulse in board.pulses(10)] == [other.query_id]
        board.forget(other.query_id)


def test_a_forgotten_query_keeps_its_trace(board: Blackboard) -> None:
    query = new_query()
    board.open(query)
    board.forget(query.query_id)
    assert board.trace(query.query_id) is not None


def test_a_query_that_is_gone_has_an_empty_pulse(stand: Stand) -> None:
    query = new_query()
    stand.short_lived.open(query)
    stand.pass_ms(1001)
    (pulse,) = stand.short_lived.pulses(10)
    assert (pulse.query_id, pulse.state, pulse.deadline_ms, pulse.touched_ms) == (query.query_id, None, 0, 0)
    assert not stand.short_lived.resume(pulse, most=4)


def test_of_two_sweeps_one_resumes(stand: Stand) -> None:
    query = new_query()
    stand.board.open(query)
    stand.pass_ms(2)
    pulse = pulse_of(stand.board, query.query_id)
    assert stand.board.resume(pulse, most=4)
    assert not stand.board.resume(pulse, most=4)
    again = pulse_of(stand.board, query.query_id)
    assert (again.resumed, again.touched_ms > pulse.touched_ms) == (1, True)


def test_a_query_is_resumed_only_so_often(stand: Stand) -> None:
    query = new_query()
    stand.board.open(query)
    resumed: list[bool] = []
    for _ in range(3):
        stand.pass_ms(2)
        resumed.append(stand.board.resume(pulse_of(stand.board, query.query_id), most=2))
    assert resumed == [True, True, False]


def test_a_query_that_went_on_is_not_resumed(stand: Stand) -> None:
    query = new_query()
    stand.board.open(query)
    stale = pulse_of(stand.board, query.query_id)
    stand.pass_ms(2)
    stand.board.claim(query.query_id, "stage", token="a", lease_ms=LONG_MS)
    assert not stand.board.resume(stale, most=4)


def test_a_query_that_ended_is_not_resumed(board: Blackboard) -> None:
    query = new_query()
    board.open(query)
    pulse = pulse_of(board, query.query_id)
    board.finish(query.query_id, ANSWER)
    assert not board.resume(pulse, most=4)
    trace = board.trace(query.query_id)
    assert trace is not None
    assert trace.state == Status.ANSWERED
