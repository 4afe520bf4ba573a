"""Every way in which a KoboldCpp server may fail: its error, within the deadline, and nothing left behind."""

import gc
import threading
import warnings
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from kitbash.errors import EngineBadReply, EngineBusy, EngineError, EngineRejected, EngineTimeout, EngineUnavailable
from kitbash.models.koboldcpp import KoboldCpp
from tests.integration import kobold_server as kobold
from tests.integration.kobold_asking import PATIENT, PROMPT, ask, client, refused
from tests.integration.kobold_server import Behaviour, serving
from tests.waiting import until

LATE_S: Final = 1.5
"""Long enough that waiting it twice is past the deadline and the tolerance."""
LEAVES_S: Final = 2.0
EVENT: Final = kobold.event("Paris ")


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        pytest.param(kobold.answer("503 Service Unavailable", kobold.BUSY), EngineBusy, id="busy"),
        pytest.param(kobold.answer("401 Unauthorized", kobold.UNAUTHORIZED), EngineRejected, id="no-key"),
        pytest.param(kobold.answer("404 Not Found", kobold.NOT_FOUND, "text/html"), EngineRejected, id="not-found"),
        pytest.param(kobold.answer("500 Internal Server Error", kobold.BAD_INPUT), EngineUnavailable, id="fault"),
        pytest.param(kobold.answer("200 OK", "null"), EngineBadReply, id="null"),
        pytest.param(kobold.answer("200 OK", kobold.NOT_FOUND, "text/html"), EngineBadReply, id="another-server"),
        pytest.param(kobold.endless(b"HTTP/1.0 500 Fault\r\n\r\n"), EngineUnavailable, id="endless-fault"),
        pytest.param(kobold.endless(b"HTTP/1.0 200 OK\r\n"), EngineUnavailable, id="endless-head"),
        pytest.param(kobold.endless(b"HTTP/1.0 200 OK\r\n\r\n"), EngineBadReply, id="endless-body"),
        pytest.param(kobold.endless(kobold.STREAM_HEAD), EngineBadReply, id="endless-line"),
        pytest.param(kobold.endless(kobold.STREAM_HEAD, EVENT * 1000), EngineBadReply, id="endless-events"),
        pytest.param(kobold.drop, EngineUnavailable, id="dropped"),
        pytest.param(kobold.drip(b"not HTTP\r\n\r\n", every_s=0), EngineUnavailable, id="not-http"),
        pytest.param(kobold.reset, EngineUnavailable, id="reset"),
        pytest.param(kobold.stream(EVENT), EngineUnavailable, id="cut"),
        pytest.param(kobold.stream(EVENT, EVENT[:30]), EngineUnavailable, id="cut-in-an-event"),
        pytest.param(kobold.stream(), EngineUnavailable, id="cut-before-the-first-event"),
        pytest.param(kobold.silent, EngineTimeout, id="silent"),
        pytest.param(kobold.stall(), EngineTimeout, id="stalled-after-the-head"),
        pytest.param(kobold.stall(EVENT), EngineTimeout, id="stalled"),
        pytest.param(kobold.drip(kobold.STREAM_HEAD + EVENT * 9, every_s=1.0), EngineTimeout, id="a-byte-a-second"),
        pytest.param(kobold.stream(*[EVENT] * 99, every_s=0.1), EngineTimeout, id="slow-tokens"),
        pytest.param(kobold.stream(kobold.raw_event("{Paris")), EngineBadReply, id="not-json"),
        pytest.param(kobold.stream(b"data: \xff\xfe\n\n"), EngineBadReply, id="not-text"),
        pytest.param(kobold.stream(kobold.raw_event("[" * 100_000)), EngineBadReply, id="deep-json"),
        pytest.param(kobold.stream(kobold.raw_event('["Paris"]')), EngineBadReply, id="list"),
        pytest.param(kobold.stream(kobold.event(15, "stop")), EngineBadReply, id="number"),
        pytest.param(kobold.stream(kobold.event(None, "stop")), EngineBadReply, id="nothing"),
    ],
)
def test_each_failure_has_its_error_and_keeps_the_deadline(behaviour: Behaviour, kind: type[EngineError]) -> None:
    with client(behaviour) as (server, model):
        assert type(refused(model)) is kind
        assert len(server.calls) == 1


def test_twenty_failures_leave_no_thread_and_no_socket_and_the_client_works() -> None:
    failures = (
        kobold.drop,
        kobold.reset,
        kobold.silent,
        kobold.stall(EVENT),
        kobold.stream(EVENT),
        kobold.stream(kobold.raw_event("[]")),
        kobold.endless(kobold.STREAM_HEAD),
        kobold.answer("503 Service Unavailable", kobold.BUSY),
        kobold.answer("401 Unauthorized", kobold.UNAUTHORIZED),
        kobold.answer("200 OK", "null"),
    )
    with client(kobold.in_turn(kobold.echo, *failures, *failures, kobold.echo)) as (_, model):
        model.generate(PATIENT)
        gc.collect()
        before = until(lambda: _held() if threading.active_count() == 2 else None)
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            for _ in range(20):
                refused(model, replace(PROMPT, deadline_s=0.3))
            until(lambda: _held() == before)
            gc.collect()
        assert not [str(one.message) for one in warned]
        assert model.generate(PATIENT).text == PROMPT.text


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(kobold.stall(EVENT, after_s=LATE_S - 0.1), id="stalled-after-a-late-token"),
        pytest.param(kobold.drip(kobold.STREAM_HEAD + EVENT * 9, every_s=0.05), id="a-byte-at-a-time-from-the-start"),
        pytest.param(kobold.drip(b"HTTP/1.0 200 OK\r\nServer: Concedo" + b"o" * 60, every_s=0.05), id="only-a-head"),
    ],
)
def test_the_deadline_is_for_the_whole_call_not_for_each_read(behaviour: Behaviour) -> None:
    with client(behaviour) as (server, model):
        assert type(refused(model, replace(PROMPT, deadline_s=LATE_S))) is EngineTimeout
        assert until(server.call.left.is_set, LEAVES_S)


@pytest.mark.parametrize("deadline_s", [0.0, -1.0, 1e-9])
def test_a_deadline_that_is_over_is_a_timeout(deadline_s: float) -> None:
    with client(kobold.echo) as (_, model):
        assert type(refused(model, replace(PROMPT, deadline_s=deadline_s))) is EngineTimeout


def test_a_busy_server_says_when_to_try_again() -> None:
    with client(kobold.answer("503 Service Unavailable", kobold.BUSY)) as (_, model):
        error = refused(model)
        assert isinstance(error, EngineBusy)
        assert error.retry_after_s > 0


def test_a_server_that_does_not_run_is_unavailable() -> None:
    with serving(kobold.drop) as server:
        url = server.url
    with closing(KoboldCpp(url)) as model:
        assert type(refused(model)) is EngineUnavailable


@pytest.mark.parametrize("tokens", [("",), (" \n", " "), ("\n### Instruction: more", "")])
def test_a_reply_without_text_is_a_bad_reply(tokens: tuple[str, ...]) -> None:
    with pytest.raises(EngineBadReply, match="no text"):
        ask(kobold.reply(*tokens), replace(PATIENT, stop=("###",)))


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(kobold.silent, id="silent"),
        pytest.param(kobold.stall(EVENT), id="stalled"),
        pytest.param(kobold.stream(*[EVENT] * 99, every_s=0.1), id="slow"),
        pytest.param(kobold.endless(kobold.STREAM_HEAD, EVENT), id="too-much"),
        pytest.param(kobold.stall(kobold.event(15)), id="not-a-token"),
    ],
)
def test_the_stream_is_closed_so_that_the_server_stops_generating(behaviour: Behaviour) -> None:
    with client(behaviour) as (server, model):
        refused(model)
        assert until(server.call.left.is_set, LEAVES_S)


def _held() -> tuple[int, int]:
    """Return how many threads run and how many files and sockets are open."""
    return threading.active_count(), sum(1 for _ in Path("/dev/fd").iterdir())
