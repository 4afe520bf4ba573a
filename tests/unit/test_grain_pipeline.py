"""From a hit to a crystal: which state a grain has earned, which gates keep it from the next, what counts as a hit."""

from dataclasses import replace
from pathlib import Path

import pytest

from kitbash.cascade.grains import Gate, answered_by, hit_of, judged, served, steadiness, subject_of
from kitbash.domain.answer import DONT_KNOW, Answer, Status
from kitbash.domain.fact import Fact, content_hash
from kitbash.domain.grain import MAX_FORM_CHARS, Grain, GrainState, Hit
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.level import Level
from kitbash.domain.verdict import Verdict
from tests.unit.cascade_kit import POND, Cascade, library_in
from tests.unit.grain_kit import FACT, OTHER, SUBJECT, grain

STATES = GrainState
RIVAL = Fact("sky_general", 9, "Ice sinks.", Level.AXIOMATIC, 0.8)


@pytest.mark.parametrize(
    ("hits", "p", "state"),
    [
        (4, 0.99, STATES.CANDIDATE),
        (5, 0.75, STATES.PERSISTENT),
        (5, 0.7499, STATES.CANDIDATE),
        (500, 0.99, STATES.PERSISTENT),
    ],
)
def test_five_sure_hits_make_a_candidate_persistent(hits: int, p: float, state: GrainState) -> None:
    assert judged(grain(STATES.CANDIDATE, hits=hits, p=p), FACT).state is state


@pytest.mark.parametrize(
    ("history", "state"),
    [
        ((1, 1, 1, 1, 1), STATES.LOCKED),
        ((3, 0, 2, 0, 0), STATES.LOCKED),
        ((9, 0, 0, 0, 0, 2, 1, 2, 1, 3), STATES.LOCKED),
        ((20, 25, 16, 23, 18), STATES.LOCKED),
        ((1, 1, 1, 1), STATES.PERSISTENT),
        ((5, 0, 0, 0, 0), STATES.PERSISTENT),
        ((0, 0, 0, 0, 5), STATES.PERSISTENT),
        ((0, 0, 0, 0, 0), STATES.PERSISTENT),
        ((0, 30, 0, 1, 0), STATES.PERSISTENT),
        ((), STATES.PERSISTENT),
    ],
)
def test_what_comes_back_steadily_locks(history: tuple[int, ...], state: GrainState) -> None:
    assert judged(grain(STATES.PERSISTENT, history=history), FACT).state is state


def test_what_is_sure_only_now_and_then_does_not_lock() -> None:
    assert judged(grain(STATES.PERSISTENT, variance=0.06), FACT).state is STATES.PERSISTENT
    assert judged(grain(STATES.PERSISTENT, variance=0.04), FACT).state is STATES.LOCKED


def test_how_many_cycles_it_takes_can_be_said() -> None:
    short = grain(STATES.PERSISTENT, history=(1, 2))
    assert judged(short, FACT).state is STATES.PERSISTENT
    assert judged(short, FACT, lock_cycles=2).state is STATES.LOCKED
    assert steadiness(short) is None
    assert steadiness(short, 2) == pytest.approx(1 - 0.25 / 1.5 / 10)


def test_what_passes_every_gate_crystallises() -> None:
    assert judged(grain(STATES.LOCKED), FACT).state is STATES.CRYSTALLISED


@pytest.mark.parametrize(
    ("locked", "failed"),
    [
        (grain(STATES.LOCKED, p=0.91), (Gate.LEAST_RESISTANCE,)),
        (grain(STATES.LOCKED, refuted=1), (Gate.LEAST_RESISTANCE,)),
        (grain(STATES.LOCKED, variance=0.02), (Gate.INDEPENDENCE,)),
        (grain(STATES.LOCKED, p=0.5, variance=0.2), (Gate.LEAST_RESISTANCE, Gate.INDEPENDENCE)),
    ],
    ids=["unsure", "refuted", "uneven", "both"],
)
def test_a_gate_keeps_a_locked_grain_where_it_is(locked: Grain, failed: tuple[Gate, ...]) -> None:
    it = judged(locked, FACT)
    assert (it.state, it.failed) == (STATES.LOCKED, failed)


def test_who_confirms_opens_the_gate_of_confidence() -> None:
    assert judged(grain(STATES.LOCKED, p=0.8), FACT).failed == (Gate.LEAST_RESISTANCE,)
    assert judged(grain(STATES.LOCKED, p=0.8, confirmed=1), FACT).state is STATES.CRYSTALLISED


@pytest.mark.parametrize("level", Level)
def test_only_what_l0_and_l1_contradict_is_kept_back(level: Level) -> None:
    it = judged(grain(STATES.LOCKED), FACT, [replace(RIVAL, level=level)])
    is_kept = level <= Level.AXIOMATIC
    assert it.failed == ((Gate.COHERENCE,) if is_kept else ())
    assert ("sky_general#9" in it.reason) == is_kept


@pytest.mark.parametrize("state", [it for it in GrainState if it is not GrainState.DEAD])
@pytest.mark.parametrize("fact", [None, replace(FACT, text="Ice sinks.")], ids=["gone", "edited"])
def test_whatever_loses_its_fact_dies(state: GrainState, fact: Fact | None) -> None:
    it = judged(grain(state), fact)
    assert (it.state, it.failed) == (STATES.DEAD, (Gate.PERSISTENCE,))


@pytest.mark.parametrize("state", [STATES.DEAD, STATES.CRYSTALLISED])
def test_what_has_arrived_stays(state: GrainState) -> None:
    assert judged(grain(state, p=0.1, hits=1, history=()), FACT, [RIVAL]).state is state


def test_what_is_locked_stays_so_whatever_is_asked_next() -> None:
    quiet = grain(STATES.LOCKED, p=0.9).at(40)
    assert judged(quiet, FACT).state is STATES.LOCKED


def test_served_are_those_beyond_doubt() -> None:
    doubtful = grain(refuted=1, subject=OTHER)
    assert served([grain(), doubtful, grain(STATES.LOCKED)], 0.95) == {SUBJECT.form: (grain(),)}
    assert served([grain(p=0.95), doubtful], 0.999) == {}


def test_a_question_and_its_fact_make_a_subject() -> None:
    assert subject_of("Please, does the ice float?", FACT) == SUBJECT


@pytest.mark.parametrize("question", ["?", "the", "x " * MAX_FORM_CHARS])
def test_no_words_or_too_many_make_none(question: str) -> None:
    assert subject_of(question, FACT) is None


def test_an_intent_makes_none() -> None:
    assert subject_of("Does ice float?", replace(FACT, level=Level.INTENT)) is None


ANSWER = Answer(Status.ANSWERED, FACT.text, Layer.CARTRIDGE, 0.9, (FACT,))


@pytest.mark.parametrize(
    "answer",
    [
        None,
        Answer(Status.UNKNOWN, DONT_KNOW, None, 0.0, (FACT,)),
        replace(ANSWER, sources=()),
        replace(ANSWER, sources=(FACT, FACT)),
        replace(ANSWER, layer=Layer.SYNTHESIS),
        replace(ANSWER, layer=Layer.KOBOLD),
    ],
    ids=["none", "unknown", "no-fact", "two-facts", "composed", "by-a-model"],
)
def test_only_one_fact_at_layer_0_or_2_is_what_answered(answer: Answer | None) -> None:
    assert answered_by("Does ice float?", answer) is None


def test_one_fact_is_what_answered() -> None:
    assert answered_by("Does ice float?", ANSWER) == SUBJECT
    assert answered_by("Does ice float?", replace(ANSWER, layer=Layer.REFLEX)) == SUBJECT


def test_a_search_that_answers_is_a_hit_and_an_alias_or_no_answer_is_none(tmp_path: Path) -> None:
    library = library_in(tmp_path, POND)
    cascade = Cascade(library)
    searched = cascade.ended("How does a frog swim well?")
    found = hit_of(searched)
    assert found is not None
    assert found.subject.fact_hash == content_hash("A frog swims well.")
    assert found.confidence == searched.verdicts[-1].confidence > 0.8
    assert hit_of(cascade.ended("How long does a goldfish remember?")) is None
    assert hit_of(cascade.ended("Who sings of lemons?")) is None
    library.close()


@pytest.mark.parametrize(("reason", "is_hit"), [("grain sg_1 of it", True), ("question form of it", False)])
def test_what_a_grain_answers_is_a_hit_without_a_measure(reason: str, is_hit: bool, tmp_path: Path) -> None:
    library = library_in(tmp_path)
    trace = Cascade(library).ended("Does ice float?")
    said = Verdict(Stage.REFLEX, 0.99, 0.9, passed=True, reason=reason)
    answered = replace(trace, verdicts=(said,), answer=replace(ANSWER, layer=Layer.REFLEX))
    assert hit_of(answered) == (Hit(SUBJECT, None) if is_hit else None)
    library.close()
