"""What goes to the blackboard comes back the same."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kitbash.domain import codec
from kitbash.domain.answer import Answer, Mode, Result, Status, to_json
from kitbash.domain.calibration import Origin, Scale
from kitbash.domain.candidate import Candidate, Closeness, Features
from kitbash.domain.fact import Fact, content_hash
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.plan import Plan
from kitbash.domain.verdict import Verdict
from tests.unit.facts import CLAIMS, FACTS, SHARE, SKY, TEXT

STAGES = st.sampled_from(Stage)
ROUND_TO_4 = SHARE.map(lambda value: round(value, 4))
ROUND_TO_6 = SHARE.map(lambda value: round(value, 6))
VERDICTS = st.builds(
    Verdict,
    stage=STAGES,
    confidence=ROUND_TO_6,
    threshold=SHARE,
    passed=st.booleans(),
    reason=TEXT,
    latency_ms=st.floats(0, 1e6).map(lambda value: round(value, 3)),
)
ANSWERS = st.builds(
    Answer,
    status=st.sampled_from(Status),
    text=TEXT,
    layer=st.none() | st.sampled_from(Layer),
    confidence=ROUND_TO_6,
    sources=st.lists(FACTS, max_size=3).map(tuple),
)
PLANS = st.builds(
    Plan,
    parts=st.lists(TEXT, max_size=4).map(tuple),
    shards=st.lists(st.lists(TEXT, max_size=3).map(tuple), max_size=3).map(tuple),
    weights=st.dictionaries(TEXT, ROUND_TO_4, max_size=4),
    unknown=st.frozensets(TEXT, max_size=4),
    kappa=st.floats(0.1, 10),
    reason=TEXT,
    form=TEXT,
    leans=st.booleans(),
)
WHOLE = st.tuples(FACTS, st.lists(CLAIMS, max_size=2), TEXT, TEXT).map(
    lambda it: replace(it[0], claims=tuple(it[1]), event_time=it[2], narrative_time=it[3])
)
CANDIDATES = st.builds(
    Candidate,
    part=st.integers(0, 4),
    fact=WHOLE,
    features=st.builds(Features, *[ROUND_TO_4] * len(Features._fields)),
    is_exact=st.booleans(),
    veto=TEXT,
    scale=st.builds(Scale, st.floats(0.1, 3), st.floats(-3, 3), ROUND_TO_4, ROUND_TO_4, st.sampled_from(Origin)),
    closeness=st.none() | st.builds(Closeness, ROUND_TO_4, ROUND_TO_4),
)


@given(FACTS)
def test_a_fact_comes_back(fact: Fact) -> None:
    assert codec.fact_from(json.loads(codec.dumps(codec.fact_to(fact)))) == fact


@given(WHOLE)
def test_a_whole_fact_comes_back_with_what_it_claims(fact: Fact) -> None:
    assert codec.fact_from(json.loads(codec.dumps(codec.fact_to(fact, is_whole=True)))) == fact
    assert codec.fact_from(codec.fact_to(fact)) == replace(fact, claims=(), event_time="", narrative_time="")


def test_a_fact_leaves_its_aliases_behind() -> None:
    sent = SKY.fact(1, "Comets are ice.", "What is a comet?")
    assert codec.fact_from(codec.fact_to(sent)).aliases == ()


@given(VERDICTS)
def test_a_verdict_comes_back(verdict: Verdict) -> None:
    assert codec.verdict_from(codec.verdict_to(verdict)) == verdict
    assert json.loads(codec.verdict_to(verdict))["layer"] == verdict.layer


@given(ANSWERS)
def test_an_answer_comes_back(answer: Answer) -> None:
    assert codec.answer_from(codec.answer_to(answer)) == answer


@given(PLANS)
def test_a_plan_comes_back(plan: Plan) -> None:
    assert codec.plan_from(codec.plan_to(plan)) == plan


@given(st.lists(CANDIDATES, max_size=3))
def test_candidates_come_back_in_order(candidates: list[Candidate]) -> None:
    assert codec.candidates_from(codec.candidates_to(candidates)) == candidates


def test_what_is_written_is_compact_and_holds_text_as_it_is() -> None:
    assert codec.dumps({"a": [1, "caf\u00e9"]}) == '{"a":[1,"caf\u00e9"]}'


def test_every_stage_is_named_by_its_queue_and_belongs_to_a_layer() -> None:
    assert {stage.layer for stage in Stage} == set(Layer)
    assert all(stage.value == f"kitbash.{stage.queue.value}.{stage.value.split('.')[2]}" for stage in Stage)


def test_the_printed_result_says_who_answered_from_what_and_how_it_came_to_it() -> None:
    fact = SKY.fact(7, "Comets are ice.", confidence=0.95)
    answer = Answer(Status.ANSWERED, fact.text, Layer.REFLEX, 0.940512345, (fact,))
    path = (
        Verdict(Stage.REFLEX, 0.990001, 0.9, passed=True, reason="question form of sky_general#7", latency_ms=1.23456),
    )
    shown = to_json(Result("0" * 32, "What is a comet?", answer, path, Mode.DIRECT, 2.34567))
    assert shown["status"] == "answered"
    assert shown["confidence"] == 0.9405
    assert shown["layer"] == 0
    assert shown["sources"][0]["level"] == "L0_EMPIRICAL"
    assert shown["sources"][0]["origin"] == ["a book"]
    assert shown["path"][0]["latency_ms"] == 1.235
    assert shown["mode"] == "direct"
    assert json.loads(json.dumps(shown)) == shown


def test_a_result_that_no_layer_answered_has_no_layer() -> None:
    shown = to_json(Result("0" * 32, "?", Answer(Status.UNKNOWN, "I don't know.", None, 0.0), (), Mode.CELERY, 0))
    assert shown["layer"] is None
    assert shown["path"] == []


def test_a_content_hash_is_of_the_exact_text() -> None:
    assert content_hash("a") == "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert content_hash("a") != content_hash("A") != content_hash("a ")
