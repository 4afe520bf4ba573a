"""The three cycles over memory: what they decide, in which order they write, and what is left when they die."""

from collections.abc import Generator
from dataclasses import replace

import pytest

from kitbash.blackboard.grains import MoveCode
from kitbash.blackboard.metabolism import Findings, Lease, Running
from kitbash.domain.grain import GrainState
from kitbash.domain.metabolism import CycleKind, Precision, ProposalKind, Settled
from kitbash.errors import StoreUnavailable
from kitbash.knowledge.library import Library
from kitbash.metabolism.cycles import LEASE_MS
from kitbash.metabolism.outcome import MOST_TOLD
from tests.unit.cascade_kit import POND, library_in
from tests.unit.metabolism_kit import FROG, GOLDFISH_TALE, MERCURY, Body, Dies

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Generator[Library]:
    """Return the pond."""
    library = library_in(tmp_path_factory.mktemp("pond"), POND)
    yield library
    library.close()


@pytest.fixture
def body(library: Library) -> Body:
    return Body(library)


def states(body: Body) -> list[GrainState]:
    return [grain.state for grain in body.grains.every()]


def test_the_background_digests_what_was_settled_since_the_last_one(body: Body) -> None:
    body.settle(["a", "b", "a"])
    first = body.run(CycleKind.BACKGROUND)
    body.settle(["a"], confidence=0.0)
    second = body.run(CycleKind.BACKGROUND)
    assert (first.analysed, second.analysed, first.success) == (3, 1, True)
    state, patterns = body.store.state(), body.store.patterns()
    assert (state.turn, state.settled, body.grains.cycle()) == (2, 4, 2)
    assert (patterns["a"].hits, patterns["a"].asked, patterns["b"].hits) == (2, 3, 1)
    assert (state.statistics.queries, state.statistics.success_rate) == (4, 0.75)


def test_the_statistics_are_of_the_last_hundred_however_many_are_new(body: Body) -> None:
    body.settle(["old"] * 150, confidence=0.0)
    body.settle(["new"] * 100)
    assert body.run(CycleKind.BACKGROUND).analysed == 250
    assert (body.store.state().statistics.queries, body.store.state().statistics.success_rate) == (100, 1.0)


def test_an_archive_without_anything_is_a_quiet_turn(body: Body) -> None:
    for kind in CycleKind:
        done = body.run(kind)
        assert (done.success, done.analysed, done.changed) == (True, 0, ())
    assert body.store.state().statistics.queries == 0


def test_what_has_faded_leaves_the_memory(body: Body) -> None:
    body.settle(["once"])
    body.run(CycleKind.BACKGROUND)
    told = [body.run(CycleKind.BACKGROUND).changed for _ in range(21)]
    assert body.store.patterns() == {}
    assert told[-1] == ("1 question forms have faded",)


def test_a_counter_that_a_server_lost_is_believed(library: Library) -> None:
    body = Body(library)
    body.settle(["a"] * 5)
    body.run(CycleKind.BACKGROUND)
    remembered, body.store = body.store.state(), Body(library).store
    body.needs = replace(body.needs, store=body.store)
    lease = body.store.begin(CycleKind.IDLE, token="t", lease_ms=LEASE_MS)
    assert isinstance(lease, Lease)
    body.store.keep(lease, Findings(remembered), lease_ms=0)
    body.settle(["b", "c"])
    assert body.run(CycleKind.BACKGROUND).analysed == 2
    assert body.store.state().settled == 2


def test_hits_make_a_grain_persistent_and_a_steady_one_locks_turn_after_turn(body: Body) -> None:
    subject = body.subject()
    seen: list[GrainState] = []
    for _ in range(6):
        body.hit(subject, 2)
        body.run(CycleKind.BACKGROUND)
        seen.append(body.grain(subject).state)
    assert seen[1] is GrainState.CANDIDATE
    assert seen[2] is GrainState.PERSISTENT
    assert seen[-1] is GrainState.LOCKED
    assert body.grains.cycle() == 6


def test_a_grain_whose_fact_changed_dies_in_a_pause(body: Body) -> None:
    stays, changed = body.subject(), replace(body.subject("other"), fact_hash="sha256:0")
    body.hit(stays)
    body.hit(changed)
    done = body.run(CycleKind.IDLE)
    assert (done.analysed, done.found) == (2, 1)
    assert (body.grain(stays).state, body.grain(changed).state) == (GrainState.CANDIDATE, GrainState.DEAD)
    assert changed.grain_id in done.changed[0]


def test_a_served_grain_that_l0_or_l1_contradicts_is_withdrawn_in_a_pause(body: Body) -> None:
    fine, contested, tale = (
        body.locked(form, fact) for form, fact in (("a", FROG), ("b", MERCURY), ("c", GOLDFISH_TALE))
    )
    for subject in (fine, contested, tale):
        assert body.grains.promote(body.grain(subject), GrainState.CRYSTALLISED) is MoveCode.MOVED
    done = body.run(CycleKind.IDLE)
    assert set(body.shelf.withdrawn) == {contested.grain_id, tale.grain_id}
    assert (body.grain(fine).state, done.found) == (GrainState.CRYSTALLISED, 2)


def test_sleep_crystallises_what_passes_every_gate(body: Body) -> None:
    passing, unsure, contested = (
        body.locked("a"),
        body.locked("b", confidence=0.8),
        body.locked("c", MERCURY),
    )
    done = body.run(CycleKind.SLEEP)
    assert body.shelf.made == [passing.grain_id]
    assert [body.grain(it).state for it in (unsure, contested)] == [GrainState.LOCKED] * 2
    assert f"{passing.grain_id} crystallised" in done.changed[0]
    review = body.store.state().review
    assert review is not None
    assert (review.cycle, review.grains, body.store.state().pending) == (done.cycle, (passing.grain_id,), None)


def test_a_fall_of_precision_withdraws_what_the_last_sleep_made_and_says_so(body: Body) -> None:
    subject, judged = body.locked("a"), body.subject("judged")
    body.vote(judged, 95, 5)
    made = body.run(CycleKind.SLEEP)
    body.vote(judged, 20, 10)
    done = body.run(CycleKind.SLEEP)
    assert body.shelf.withdrawn == [subject.grain_id]
    assert body.grain(subject).state is GrainState.DEAD
    fell = "precision fell from 95.0% to 66.7% (20 of 30 votes)"
    assert done.changed[0] == f"{fell}: the 1 grains of cycle {made.cycle} are withdrawn"
    assert body.store.state().review is None


def test_while_precision_falls_nothing_new_crystallises(body: Body) -> None:
    judged = body.subject("judged")
    body.locked("a")
    body.vote(judged, 95, 5)
    body.run(CycleKind.SLEEP)
    body.vote(judged, 0, 30)
    waiting = body.locked("b")
    body.run(CycleKind.SLEEP)
    assert body.grain(waiting).state is GrainState.LOCKED
    body.run(CycleKind.SLEEP)
    assert body.grain(waiting).state is GrainState.CRYSTALLISED


@pytest.mark.parametrize(("right", "wrong"), [(19, 1), (18, 2), (2, 1), (0, 0)])
def test_what_falls_by_little_or_by_chance_is_let_be(body: Body, right: int, wrong: int) -> None:
    subject, judged = body.locked("a"), body.subject("judged")
    body.vote(judged, 95, 5)
    body.run(CycleKind.SLEEP)
    body.vote(judged, right, wrong)
    body.run(CycleKind.SLEEP)
    assert body.grain(subject).state is GrainState.CRYSTALLISED


def test_changes_that_few_voted_on_are_reviewed_with_the_next_ones(body: Body) -> None:
    judged = body.subject("judged")
    body.vote(judged, 95, 5)
    one = body.locked("a")
    body.run(CycleKind.SLEEP)
    body.vote(judged, 5, 0)
    two = body.locked("b")
    body.run(CycleKind.SLEEP)
    review = body.store.state().review
    assert review is not None
    assert (set(review.grains), review.precision) == ({one.grain_id, two.grain_id}, Precision(95, 100))
    body.vote(judged, 30, 1)
    body.run(CycleKind.SLEEP)
    assert body.store.state().review is None


def test_two_cycles_at_once_are_one_and_the_other_is_told_which_runs(body: Body) -> None:
    running = body.store.begin(CycleKind.SLEEP, token="other", lease_ms=LEASE_MS)
    for kind in CycleKind:
        refused = body.metabolism.run(kind)
        assert isinstance(refused, Running)
        assert (refused.cycle, refused.kind) == (running.cycle, CycleKind.SLEEP)
    assert body.store.cycles(9) == []


def test_a_sleep_that_dies_while_it_crystallises_is_completed_and_its_changes_are_reviewed(body: Body) -> None:
    subjects = [body.locked(form) for form in ("a", "b", "c")]
    body.vote(body.subject("judged"), 95, 5)
    body.shelf.dies_after = 1
    with pytest.raises(Dies):
        body.metabolism.run(CycleKind.SLEEP)
    assert sorted(it.value for it in states(body)) == ["candidate", "crystallised", "locked", "locked"]
    assert isinstance(body.metabolism.run(CycleKind.SLEEP), Running)
    body.shelf.dies_after = None
    body.clock.now_ms += LEASE_MS + 1
    done = body.run(CycleKind.SLEEP)
    assert all(body.grain(it).state is GrainState.CRYSTALLISED for it in subjects)
    state = body.store.state()
    assert state.review is not None
    assert set(state.review.grains) == {it.grain_id for it in subjects}
    assert (done.cycle, [it.cycle for it in body.store.cycles(9)]) == (2, [2])


def test_what_a_dead_sleep_made_is_withdrawn_when_it_made_answers_worse(body: Body) -> None:
    subject, judged = body.locked("a"), body.subject("judged")
    body.vote(judged, 95, 5)
    body.locked("b")
    body.shelf.dies_after = 1
    with pytest.raises(Dies):
        body.metabolism.run(CycleKind.SLEEP)
    (made,) = body.shelf.made
    body.shelf.dies_after = None
    body.clock.now_ms += LEASE_MS + 1
    body.vote(judged, 0, 30)
    body.run(CycleKind.SLEEP)
    assert body.shelf.withdrawn == [made]
    assert subject.grain_id in {made, *(it.grain_id for it in body.grains.every())}


def test_a_cycle_that_is_overtaken_keeps_nothing_and_says_so(body: Body, monkeypatch: pytest.MonkeyPatch) -> None:
    body.settle(["a"])
    count = body.store.count_settled

    def slow() -> int:
        body.clock.now_ms += LEASE_MS + 1
        return count()

    monkeypatch.setattr(body.store, "count_settled", slow)
    done = body.run(CycleKind.BACKGROUND)
    assert not done.success
    assert "its lease ended" in done.error
    assert (body.store.state().turn, body.store.patterns(), body.store.cycles(9), body.grains.cycle()) == (0, {}, [], 0)
    monkeypatch.setattr(body.store, "count_settled", count)
    assert body.run(CycleKind.BACKGROUND).success


def test_an_overtaken_sleep_makes_nothing(body: Body, monkeypatch: pytest.MonkeyPatch) -> None:
    body.locked("a")
    votes = body.grains.votes

    def slow() -> tuple[int, int]:
        body.clock.now_ms += LEASE_MS + 1
        return votes()

    monkeypatch.setattr(body.grains, "votes", slow)
    assert not body.run(CycleKind.SLEEP).success
    assert body.shelf.made == []


def test_an_overtaken_sleep_withdraws_nothing(body: Body, monkeypatch: pytest.MonkeyPatch) -> None:
    judged, votes = body.subject("judged"), body.grains.votes
    body.locked("a")
    body.vote(judged, 95, 5)
    body.run(CycleKind.SLEEP)
    body.vote(judged, 0, 30)

    def slow() -> tuple[int, int]:
        body.clock.now_ms += LEASE_MS + 1
        return votes()

    monkeypatch.setattr(body.grains, "votes", slow)
    assert not body.run(CycleKind.SLEEP).success
    assert body.shelf.withdrawn == []


def test_a_cycle_that_fails_is_written_down_and_the_next_may_run(body: Body, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> tuple[int, int]:
        message = "the votes are away"
        raise StoreUnavailable(message)

    monkeypatch.setattr(body.grains, "votes", broken)
    with pytest.raises(StoreUnavailable, match="the votes are away"):
        body.metabolism.run(CycleKind.SLEEP)
    (failed,) = body.store.cycles(9)
    assert (failed.success, failed.error, failed.kind) == (False, "the votes are away", CycleKind.SLEEP)
    assert body.run(CycleKind.IDLE).success


def test_a_new_blackboard_gets_its_grains_back_from_their_files_once(body: Body) -> None:
    subject = body.locked("a")
    body.run(CycleKind.SLEEP)
    fresh = Body(body.library)
    fresh.shelf.kept = [body.grain(subject)]
    assert "1 grains are back" in fresh.run(CycleKind.SLEEP).changed[0]
    assert fresh.grain(subject).state is GrainState.CRYSTALLISED
    fresh.grains.drop(subject.grain_id)
    assert fresh.run(CycleKind.SLEEP).changed == ()


def test_what_people_judge_is_proposed_and_nothing_else_changes(body: Body) -> None:
    body.vote(body.subject("a", GOLDFISH_TALE), 0, 20)
    done = body.run(CycleKind.SLEEP)
    (proposal,) = body.store.state().proposals
    assert (proposal.kind, proposal.cycle) == (ProposalKind.LEVEL, done.cycle)
    assert proposal.action == "demote from L2_NARRATIVE to L3_HEURISTIC"
    assert any("proposed" in text for text in done.changed)
    again = body.run(CycleKind.SLEEP)
    assert again.changed == ()
    assert body.store.state().proposals == (proposal,)


def test_only_twenty_changes_are_told_one_by_one(body: Body) -> None:
    for number in range(MOST_TOLD + 5):
        body.hit(replace(body.subject(f"form {number}"), fact_hash="sha256:0"))
    told = body.run(CycleKind.IDLE).changed
    assert (len(told), told[-1]) == (MOST_TOLD + 1, "and 5 more changes")


def test_what_is_due_is_run_and_nothing_when_it_is_switched_off(body: Body) -> None:
    assert body.metabolism.tick() is None
    body.settle(["a"] * 100)
    body.needs = replace(body.needs, enabled=False)
    assert body.metabolism.tick() is None
    body.needs = replace(body.needs, enabled=True)
    kinds: list[CycleKind | None] = []
    for passed_ms in (0, 0, 300_000, 0, DAY_MS):
        body.clock.now_ms += passed_ms
        done = body.metabolism.tick()
        kinds.append(None if done is None or isinstance(done, Running) else done.kind)
    assert kinds == [CycleKind.BACKGROUND, CycleKind.SLEEP, CycleKind.IDLE, None, CycleKind.SLEEP]


def test_clashes_make_the_metabolism_dissonant_and_then_persistent(body: Body) -> None:
    clash = Settled("q", "f", None, 0.0, body.clock(), clashes={"pond_general#3|pond_general#4": 0.9})
    for _ in range(4):
        body.store.note([clash])
        body.run(CycleKind.BACKGROUND)
    assert body.store.state().balance.is_dissonant
    body.store.note([clash])
    body.run(CycleKind.BACKGROUND)
    body.run(CycleKind.SLEEP)
    assert not body.store.state().balance.is_dissonant
    (proposal,) = body.store.state().proposals
    assert (proposal.kind, proposal.about) == (ProposalKind.CONTRADICTION, "pond_general#3|pond_general#4")
