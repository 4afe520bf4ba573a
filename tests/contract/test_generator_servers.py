"""What every generator behind a server does when the server, or the way to it, is not what it should be."""

import socket
import struct
import time
from dataclasses import replace
from typing import Final

import pytest

from kitbash.errors import EngineBadReply, EngineBusy, EngineError, EngineRejected, EngineTimeout, EngineUnavailable
from kitbash.models.generator import Prompt
from kitbash.models.served import Served
from tests.contract.generators import WIRED, Wired
from tests.integration import kobold_server as server
from tests.integration.kobold_server import serving
from tests.waiting import until

PROMPT: Final = Prompt("Why does ice float?", max_tokens=20, temperature=0.3, deadline_s=0.5)
PATIENT: Final = replace(PROMPT, deadline_s=10.0)
BACK_S: Final = 0.7
TOLERANCE_S: Final = 1.0
IDLE_S: Final = 1.5

pytestmark = pytest.mark.parametrize("wired", WIRED, ids=lambda wired: wired.name)


def refused(model: Served, prompt: Prompt = PROMPT) -> EngineError:
    """Return why there is no reply, which must be known soon after the deadline, also on a machine that is busy."""
    began_s = time.monotonic()
    with pytest.raises(EngineError) as refusal:
        model.generate(prompt)
    assert time.monotonic() - began_s < prompt.deadline_s + TOLERANCE_S
    return refusal.value


FAULTS: Final = {
    "unauthorised": (server.answer("401 Unauthorized", server.UNAUTHORIZED), EngineRejected),
    "not-found": (server.answer("404 Not Found", server.NOT_FOUND, "text/html"), EngineRejected),
    "fault": (server.answer("500 Internal Server Error", server.BAD_INPUT), EngineUnavailable),
    "null": (server.answer("200 OK", "null"), EngineBadReply),
    "web-page": (server.answer("200 OK", server.NOT_FOUND, "text/html"), EngineBadReply),
    "dropped": (server.drop, EngineUnavailable),
    "not-http": (server.drip(b"not HTTP\r\n\r\n", every_s=0), EngineUnavailable),
    "endless-head": (server.endless(b"HTTP/1.1 200 OK\r\n"), EngineUnavailable),
    "silent": (server.silent, EngineTimeout),
    "slow-head": (server.drip(b"HTTP/1.1 200 OK\r\nServer: x" + b"x" * 99, every_s=0.1), EngineTimeout),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_its_error_and_keeps_the_deadline(wired: Wired, fault: str) -> None:
    behaviour, kind = FAULTS[fault]
    with wired.behaving(behaviour) as (_, model):
        # What is no timeout must not become one on a busy machine.
        assert type(refused(model, PROMPT if kind is EngineTimeout else PATIENT)) is kind


@pytest.mark.parametrize(("header", "wait_s"), [("", 1.0), ("7", 7.0), ("0", 0.1), ("9999", 60.0), ("nan", 1.0)])
def test_a_busy_server_says_when_to_try_again(wired: Wired, header: str, wait_s: float) -> None:
    with wired.behaving(wired.dialect.refuse_as_busy(retry_after=header)) as (_, model):
        error = refused(model, PATIENT)
    assert isinstance(error, EngineBusy)
    assert error.retry_after_s == wait_s


def test_a_server_that_was_busy_serves_the_next_call(wired: Wired) -> None:
    turns = server.in_turn(wired.dialect.refuse_as_busy(), wired.dialect.reply(" Yes", "."))
    with wired.behaving(turns) as (_, model):
        assert type(refused(model, PATIENT)) is EngineBusy
        assert model.generate(PATIENT).text == "Yes."


def test_a_reply_cut_in_the_middle_is_no_reply(wired: Wired) -> None:
    said = wired.dialect.said("Because ")
    for pieces in ((), (said,), (said, said[: len(said) // 2])):
        with wired.behaving(wired.dialect.stream(*pieces)) as (_, model):
            assert type(refused(model, PATIENT)) is EngineUnavailable


def test_a_reply_that_drips_too_slowly_is_cut_at_the_deadline(wired: Wired) -> None:
    with wired.behaving(wired.dialect.stream(*[wired.dialect.said("so ")] * 99, every_s=0.1)) as (got, model):
        assert type(refused(model)) is EngineTimeout
        assert until(got.call.left.is_set, IDLE_S)


def test_on_a_stalled_server_the_caller_is_back_in_700_ms_and_the_server_idle_in_1500(wired: Wired) -> None:
    with wired.behaving(wired.dialect.stall(wired.dialect.said("so "))) as (got, model):
        began_s = time.monotonic()
        with pytest.raises(EngineTimeout), model.stream(PROMPT) as reply:
            list(reply)
        assert time.monotonic() - began_s < BACK_S
        assert until(got.call.left.is_set, IDLE_S - (time.monotonic() - began_s))


def test_a_reply_that_never_ends_is_given_up_early(wired: Wired) -> None:
    with wired.behaving(server.endless(wired.dialect.head, wired.dialect.said("so ") * 1000)) as (got, model):
        with pytest.raises(EngineBadReply, match="larger than"):
            model.generate(PATIENT)
        assert until(got.call.left.is_set, IDLE_S)


def test_a_line_that_never_ends_is_given_up_early(wired: Wired) -> None:
    with wired.behaving(server.endless(wired.dialect.head + b"data: ")) as (got, model):
        with pytest.raises(EngineBadReply, match="larger than"):
            model.generate(PATIENT)
        assert until(got.call.left.is_set, IDLE_S)


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"])
def test_a_redirect_is_not_followed(wired: Wired, status: str) -> None:
    with serving(server.drop) as other:
        elsewhere = server.answer(status, "", "text/html", more=f"Location: {other.url}{wired.dialect.path}\r\n")
        with wired.behaving(elsewhere) as (_, model):
            assert type(refused(model, PATIENT)) is EngineUnavailable
        assert not other.calls


def test_a_server_killed_while_it_streams_is_unavailable(wired: Wired) -> None:
    def die(call: server.Call) -> None:
        call.send(wired.dialect.head + wired.dialect.said("Because "))
        if call.stays(0.05):
            # What the operating system does to the connections of a process that was killed with data unread.
            call.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            call.connection.close()

    with wired.behaving(die) as (_, model), model.stream(PATIENT) as reply:
        assert next(reply) == "Because"
        with pytest.raises(EngineUnavailable):
            reply.whole()


def test_a_stop_sequence_the_server_let_through_stops_it(wired: Wired) -> None:
    with wired.behaving(wired.dialect.stall(wired.dialect.said(" Yes.\n### More"))) as (got, model):
        assert model.generate(replace(PATIENT, stop=("\n###",))).text == "Yes."
        assert until(got.call.left.is_set, IDLE_S)


def test_closing_the_stream_stops_the_server(wired: Wired) -> None:
    with wired.behaving(wired.dialect.stream(*[wired.dialect.said(" so")] * 999, every_s=0.02)) as (got, model):
        with model.stream(PATIENT) as reply:
            assert next(reply) == "so"
            assert not got.call.left.is_set()
        assert until(got.call.left.is_set, IDLE_S)


def test_events_that_are_not_of_the_protocol_are_a_bad_reply(wired: Wired) -> None:
    for data in ("{so", "[]", "null", "15", "[" * 100_000, '{"content": 1, "token": 1, "choices": [{"delta": 1}]}'):
        with wired.behaving(wired.dialect.stream(f"data: {data}\n\n".encode())) as (_, model):
            assert type(refused(model, PATIENT)) is EngineBadReply


def test_a_reply_without_text_is_a_bad_reply(wired: Wired) -> None:
    for tokens in ((), ("",), (" \n", " ")):
        with wired.behaving(wired.dialect.reply(*tokens)) as (_, model):
            assert type(refused(model, PATIENT)) is EngineBadReply


def test_a_reply_that_is_whole_counts_whatever_becomes_of_the_connection(wired: Wired) -> None:
    end = wired.dialect.ended("stop").partition(b"data: [DONE]")[0]
    with wired.behaving(wired.dialect.stall(wired.dialect.said("Yes."), end)) as (_, model):
        assert model.generate(PROMPT).text == "Yes."


def test_a_server_that_does_not_run_is_unavailable(wired: Wired) -> None:
    with serving(server.drop) as got:
        url = got.url
    assert type(refused(wired.make(url))) is EngineUnavailable


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "100.100.100.200"])
def test_a_metadata_address_is_refused_before_anything_is_sent(wired: Wired, host: str) -> None:
    error = refused(wired.make(f"http://{host}:80"))
    assert type(error) is EngineUnavailable
    assert "metadata" in str(error)


def test_questions_about_a_model_nobody_answers_have_an_answer(wired: Wired) -> None:
    with wired.behaving(server.answer("404 Not Found", "", "text/html")) as (_, model):
        assert model.context_tokens == 2048
        assert model.count_tokens("a" * 400) == 100
