"""What values of the bus take and refuse, and that they come back from what they are stored as."""

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.errors import UsageError
from kitbash.swarm import Context, Finding, Packet, RemediationScan, SessionSummary, SwarmRegistry, Task, TaskStatus
from kitbash.swarm import context as contexts
from kitbash.swarm import finding as findings
from kitbash.swarm import task as tasks
from kitbash.swarm.check import instant, new_id, now, now_text
from kitbash.swarm.errors import Invalid
from kitbash.swarm.keys import Keys
from kitbash.swarm.packet import packet_from, packet_to, plain_envelope
from kitbash.swarm.sealing import NoSealer
from kitbash.swarm.speech import SpeechAct, choose
from kitbash.swarm.stored import dumps, dumps_flat, dumps_texts

plain = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=50)


def test_ids_are_uuids_of_version_7_and_sort_by_time() -> None:
    ids = [new_id() for _ in range(2000)]
    assert {uuid.UUID(it).version for it in ids} == {7}
    assert {uuid.UUID(it).variant for it in ids} == {uuid.RFC_4122}
    assert len(set(ids)) == len(ids)
    assert [it[:13] for it in ids] == sorted(it[:13] for it in ids)


@pytest.mark.parametrize(
    ("confidence", "citations", "is_critical", "act"),
    [
        (0.8, 2, False, SpeechAct.INFORM),
        (1.0, 1, False, SpeechAct.REQUEST),
        (0.79, 0, False, SpeechAct.INFORM),
        (0.2, 0, True, SpeechAct.INFORM),
        (0.19, 5, True, SpeechAct.ESCALATE),
        (0.19, 5, False, SpeechAct.HOLD),
    ],
)
def test_speech_acts_are_chosen_by_the_table(
    confidence: float, citations: int, *, is_critical: bool, act: SpeechAct
) -> None:
    assert choose(confidence, citations, is_critical=is_critical) is act
    made = Finding(confidence=confidence, citations=["c"] * citations, is_critical=is_critical)
    assert made.speech_act is act


def test_a_given_speech_act_stays() -> None:
    assert Finding(confidence=0.1, speech_act=SpeechAct.INFORM).speech_act is SpeechAct.INFORM
    # From outside a name comes as a text.
    assert replace(Finding(), speech_act=SpeechAct("hold")).speech_act is SpeechAct.HOLD


@pytest.mark.parametrize("confidence", [1.5, -0.01, float("nan"), float("inf"), "0.5", None, True])
def test_a_confidence_that_is_none_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence must be a number from 0 to 1") as caught:
        Finding(confidence=confidence)
    assert isinstance(caught.value, UsageError)


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ({"claim": "x" * 10_000_000}, "claim has 10,000,000 characters"),
        ({"citations": ["c"] * 10_000}, "citations has 10,000 entries"),
        ({"citations": ["c" * 3000]}, "citations has 3,000 characters"),
        ({"claim": "a\x1b[31mred"}, r"control character U\+001B at 1"),
        ({"claim": "a\x00"}, r"control character U\+0000"),
        ({"claim": "half \ud800"}, r"control character U\+D800"),
        ({"claim": "turned \u202e around"}, r"control character U\+202E"),
        ({"id": "a:b"}, "finding id 'a:b'"),
        ({"id": "*"}, "finding id"),
        ({"task_id": "x" * 65}, "task_id"),
        ({"worker_id": "w" * 300}, "worker_id has 300 characters"),
        ({"ttl_seconds": 0}, "ttl_seconds"),
        ({"ttl_seconds": 2_592_001}, "ttl_seconds"),
        ({"ttl_seconds": 1.5}, "ttl_seconds"),
        ({"timestamp": datetime(2026, 1, 1)}, "does not say its offset"),  # noqa: DTZ001 - that is what is refused
        ({"timestamp": "soon"}, "not a time in ISO 8601"),
        ({"speech_act": "shout"}, "speech_act 'shout' is not one of inform, request, escalate, hold"),
    ],
)
def test_a_finding_out_of_bounds_is_refused(what: dict[str, object], named: str) -> None:
    with pytest.raises(Invalid, match=named):
        Finding(**what)  # pyright: ignore[reportArgumentType] - what comes from outside may be anything


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ({"priority": 1001}, "priority must be a whole number from -1000 to 1000"),
        ({"data": {"a": object()}}, "data cannot be written as JSON"),
        ({"data": {"a": float("nan")}}, "data cannot be written as JSON"),
        ({"data": {"a": "x" * 70_000}}, "data takes 70,008 characters"),
        ({"status": "lost"}, "status 'lost' is not one of"),
        ({"description": "x" * 20_001}, "description has 20,001"),
    ],
)
def test_a_task_out_of_bounds_is_refused(what: dict[str, object], named: str) -> None:
    with pytest.raises(Invalid, match=named):
        Task(**what)  # pyright: ignore[reportArgumentType] - what comes from outside may be anything


def test_records_out_of_bounds_are_refused() -> None:
    with pytest.raises(Invalid, match="is not a day; write it as"):
        SessionSummary(date="31.1.2026")
    with pytest.raises(Invalid, match="label"):
        SessionSummary(label="a b")
    with pytest.raises(Invalid, match="keys_scanned must not be negative"):
        RemediationScan(keys_scanned=-1)
    with pytest.raises(Invalid, match="agents has 1,001 entries"):
        SwarmRegistry(agents=[{"id": "a"}] * 1001)
    with pytest.raises(Invalid, match="scope"):
        Context(scope="a:b", name="c")
    context = Context(scope="a", name="b")
    context.notes = "x" * 64_001
    with pytest.raises(Invalid, match="notes has 64,001"):
        context.checked()


def test_times_are_in_utc_whatever_zone_they_were_given_in() -> None:
    there = timezone(timedelta(hours=5))
    made = Finding(timestamp=datetime(2026, 1, 31, 12, tzinfo=there))
    assert made.timestamp == datetime(2026, 1, 31, 7, tzinfo=UTC)
    assert made.timestamp.tzinfo is UTC


@given(plain, st.floats(0, 1), st.lists(plain, max_size=5), st.booleans())
def test_a_finding_comes_back_from_its_fields(
    claim: str, confidence: float, citations: list[str], is_critical: bool
) -> None:
    made = Finding(claim=claim, confidence=confidence, citations=citations, topic="t", is_critical=is_critical)
    assert findings.of_fields(findings.fields_of(made)) == made
    assert json.loads(dumps(findings.contents_of(made))) == findings.contents_of(made)


@given(plain, st.dictionaries(plain, st.integers() | plain, max_size=3), st.integers(-1000, 1000))
def test_a_task_comes_back_from_its_fields(description: str, data: dict[str, object], priority: int) -> None:
    made = Task(description=description, data=data, priority=priority)
    assert tasks.of_fields(tasks.fields_of(made)) == made


def test_a_context_comes_back_from_its_fields() -> None:
    made = Context("a", "b", "notes", [("2026", "x")], ["t"], {"k": [1]})
    assert contexts.of_fields(contexts.fields_of(made)) == made


def test_a_higher_priority_comes_before_any_age() -> None:
    old = Task(created_at=datetime(1990, 1, 1, tzinfo=UTC))
    urgent = Task(created_at=datetime(2090, 1, 1, tzinfo=UTC), priority=1)
    assert float(urgent.score) < float(old.score)
    extreme = Task(created_at=datetime(2090, 1, 1, tzinfo=UTC), priority=-1000)
    assert int(float(extreme.score)) == int(extreme.score)


@given(plain, st.sampled_from(SpeechAct))
def test_the_envelope_that_is_written_out_is_that_of_a_plain_packet(origin: str, act: SpeechAct) -> None:
    packet = NoSealer().seal(Packet(origin, {"a": 1}, act), "post_finding")
    written = plain_envelope(origin, "post_finding", act, packet.tracking_id, packet.dispatched_at.isoformat())
    assert written == dumps({name: it for name, it in packet_to(packet).items() if name != "contents"})
    assert packet_from(packet_to(packet)) == packet


@pytest.mark.parametrize("value", [{}, {"tracking_id": 3}, {"chain_of_custody": [["a"]]}])
def test_what_is_no_packet_is_refused(value: dict[str, object]) -> None:
    whole = packet_to(Packet("a"))
    with pytest.raises(Invalid, match="no packet"):
        packet_from({} if not value else {**whole, **value} if "chain_of_custody" in value else value)


@given(st.lists(plain))
def test_texts_are_written_as_json_writes_them(texts: list[str]) -> None:
    assert dumps_texts(texts) == dumps(texts)


@given(st.dictionaries(plain, plain | st.integers() | st.none() | st.booleans() | st.lists(plain)))
def test_a_flat_mapping_is_written_as_json_writes_it(values: dict[str, object]) -> None:
    assert dumps_flat(values) == dumps(values)


def test_the_present_time_is_written_with_microseconds_and_its_offset() -> None:
    before = now()
    written = [now_text() for _ in range(2000)]
    assert written == sorted(written)
    assert {len(it) for it in written} == {len("2026-01-31T12:00:00.000000+00:00")}
    assert before <= instant(written[0], "time") <= instant(written[-1], "time") <= now()


@pytest.mark.parametrize("prefix", ["", "kb:{swarm}:", "my-bus:", "{x}"])
def test_a_prefix_may_carry_a_hash_tag(prefix: str) -> None:
    keys = Keys(prefix)
    assert keys.task("t1") == f"{prefix}task:t1"
    assert keys.finding("f1") == f"{prefix}finding:f1"
    assert keys.context("task", "t1") == f"{prefix}context:task:t1"
    assert keys.session("2026-01-31", "my_swarm") == f"{prefix}session:infrafabric:2026-01-31:my_swarm"
    assert keys.registry("s1") == f"{prefix}swarm:registry:s1"
    assert keys.remediation("2026-01-31", "hygiene") == f"{prefix}swarm:remediation:2026-01-31:hygiene"
    assert keys.has_tag == ("{" in prefix)


@pytest.mark.parametrize("prefix", ["*", "a?", "[a]", "a b", "{}", "{a}{b}", "x" * 100, "a\n"])
def test_a_prefix_that_could_be_a_pattern_is_refused(prefix: str) -> None:
    with pytest.raises(Invalid, match="the prefix"):
        Keys(prefix)


@pytest.mark.parametrize("name", ["", "*", "a:b", "a b", "../x", "x" * 65, "ü", "a\n"])
def test_a_name_that_does_not_belong_in_a_key_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        Keys().task(name)
    with pytest.raises(Invalid):
        Keys().context("scope", name)


def test_a_status_may_be_given_by_its_name() -> None:
    assert Task(status=TaskStatus("blocked")).status is TaskStatus.BLOCKED


@pytest.mark.parametrize(
    "make",
    [
        lambda: Finding(claim=cast("Any", None)),
        lambda: Finding(claim=cast("Any", 5)),
        lambda: Finding(citations=cast("Any", None)),
        lambda: Finding(citations=cast("Any", [5])),
        lambda: Finding(timestamp=cast("Any", 5)),
        lambda: Finding(id=cast("Any", 5)),
        lambda: Finding(timestamp=cast("Any", "0001-01-01T00:00:00+01:00")),
        lambda: Task(data=cast("Any", [1, 2])),
        lambda: Task(priority=cast("Any", 1.5)),
        lambda: Task(priority=True),
        lambda: Context("a", "b", timeline=cast("Any", [5])),
        lambda: Context("a", "b", timeline=[("now", "x" * 60_000)] * 10),
    ],
)
def test_what_is_of_another_kind_is_a_clear_error(make: Callable[[], object]) -> None:
    with pytest.raises(Invalid):
        make()
