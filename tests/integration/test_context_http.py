"""A context server that works, and one that fails in each way a server may: nobody waits and nothing is raised."""

import gc
import math
import socket
import threading
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from kitbash.domain.context import GAIN, Snapshot, Window
from kitbash.domain.level import Level
from kitbash.errors import ConfigError, UsageError
from kitbash.models.breaker import Breaker, State
from kitbash.models.context_http import MAX_REPLY_BYTES, HttpContext
from tests.integration import kobold_server as faults
from tests.integration.context_server import BROKEN, FAULTS, GOOD, LEVELS, NOTHING, SNAPSHOT, healthy, says, status
from tests.integration.kobold_server import Behaviour, Call, KoboldServer, serving
from tests.waiting import until

DEADLINE_S: Final = 0.5
TOLERANCE_S: Final = 1.0
PATIENT_S: Final = 10.0
NEVER_S: Final = 3600.0
FACTS: Final = {Level.EMPIRICAL: 1.0}


@contextmanager
def asking(
    behaviour: Behaviour, *, failures: int = 1, deadline_s: float = PATIENT_S, path: str = ""
) -> Generator[tuple[KoboldServer, HttpContext, Breaker]]:
    """Yield a server, its client, and the client's breaker, which does not cool during a test."""
    breaker = Breaker(failures, NEVER_S)
    with (
        serving(behaviour) as server,
        closing(HttpContext(server.url + path, deadline_s=deadline_s, breaker=breaker)) as remembering,
    ):
        yield server, remembering, breaker


def test_a_healthy_server_remembers_looks_and_forgets() -> None:
    with asking(healthy()) as (_, remembering, breaker):
        assert remembering.look("ann", "sky") is None
        assert remembering.visit("ann", "sky", FACTS) is None
        before = remembering.visit("ann", "sky", FACTS)
        assert before is not None
        assert (before.query_type, before.visits) == ("sky", 1)
        assert before.windows[Window.WEEK][Level.EMPIRICAL] == pytest.approx(GAIN, rel=1e-2)
        looked = remembering.look("ann", "sky")
        assert looked is not None
        assert looked.visits == 2
        with capture_logs() as logs:
            remembering.forget("ann")
        assert not logs
        assert remembering.look("ann", "sky") is None
        assert breaker.state is State.CLOSED


def test_a_snapshot_of_another_program_is_read() -> None:
    with asking(says(SNAPSHOT)) as (_, remembering, _):
        assert remembering.look("ann", "sky") == Snapshot(
            "one",
            "sky",
            dict.fromkeys(Level, 0.5),
            0.25,
            {window: dict.fromkeys(Level, 0.125) for window in Window},
            3,
        )


@pytest.mark.parametrize("path", ["", "/", "/memory/"])
def test_what_is_sent_is_what_the_protocol_says(path: str) -> None:
    with asking(NOTHING, path=path) as (server, remembering, _):
        remembering.visit("Ann «\ud83c»", "sky", {Level.MASK: 0.25})
        call = server.call
        assert call.line == f"POST {path.rstrip('/')}/context HTTP/1.1"
        assert call.headers["content-type"] == "application/json"
        assert call.body == {
            "user_id": "Ann «\ud83c»",
            "query_type": "sky",
            "shares": {**dict.fromkeys(LEVELS, 0.0), "L5": 0.25},
            "mode": "visit",
        }


@pytest.mark.parametrize("behaviour", [NOTHING, status("404 Not Found"), faults.answer("404 Not Found", "x" * 999_999)])
def test_nothing_remembered_is_an_answer_and_no_failure(behaviour: Behaviour) -> None:
    with asking(faults.in_turn(BROKEN, behaviour, BROKEN), failures=2) as (_, remembering, breaker):
        assert [remembering.look("ann", "sky") for _ in range(3)] == [None] * 3
        assert breaker.state is State.CLOSED


@pytest.mark.parametrize("behaviour", FAULTS.values(), ids=FAULTS)
def test_each_failure_is_nothing_remembered_in_time_and_counts(behaviour: Behaviour) -> None:
    with asking(behaviour, deadline_s=DEADLINE_S) as (server, remembering, breaker), capture_logs() as logs:
        began_s = time.monotonic()
        assert remembering.visit("ann", "sky", FACTS) is None
        assert time.monotonic() - began_s < DEADLINE_S + TOLERANCE_S
        assert breaker.state is State.OPEN
        assert len(server.calls) == 1
    assert [(log["event"], log["log_level"], log["server"]) for log in logs] == [
        ("context.away", "warning", server.url)
    ]


def test_a_server_that_refuses_connections_is_nothing_remembered() -> None:
    with serving(faults.drop) as server:
        url = server.url
    breaker = Breaker(1, NEVER_S)
    with closing(HttpContext(url, deadline_s=PATIENT_S, breaker=breaker)) as remembering:
        assert remembering.visit("ann", "sky", FACTS) is None
    assert breaker.state is State.OPEN


def test_a_reply_as_large_as_allowed_is_read() -> None:
    with asking(faults.answer("200 OK", GOOD.ljust(MAX_REPLY_BYTES))) as (_, remembering, _):
        assert remembering.look("ann", "sky") is not None


@pytest.mark.parametrize("name", ["stall", "fast-drip", "drip-from-the-start"])
def test_a_call_past_its_deadline_is_cut_so_that_the_server_sees_it(name: str) -> None:
    with asking(FAULTS[name], deadline_s=DEADLINE_S) as (server, remembering, _):
        assert remembering.look("ann", "sky") is None
        assert until(server.call.left.is_set, 2.0)


def test_the_deadline_is_kept_while_a_name_is_looked_up_and_what_comes_of_it_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, look_up = threading.Event(), socket.getaddrinfo

    def slow(*args: Any, **more: Any) -> Any:
        found.wait(PATIENT_S)
        return look_up(*args, **more)

    with asking(says(SNAPSHOT), deadline_s=DEADLINE_S) as (server, remembering, breaker):
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        began_s = time.monotonic()
        assert remembering.look("ann", "sky") is None
        assert time.monotonic() - began_s < DEADLINE_S + TOLERANCE_S
        assert breaker.state is State.OPEN
        found.set()
        until(lambda: not [thread for thread in threading.enumerate() if thread.name == "context-call"])
        assert server.calls == []


def test_a_connection_is_not_kept_for_the_next_call() -> None:
    length = f"HTTP/1.1 200 OK\r\nContent-Length: {len(GOOD)}\r\n\r\n"

    def lasting(call: Call) -> None:
        call.send((length + GOOD).encode())
        faults.silent(call)

    with asking(lasting) as (server, remembering, _):
        assert remembering.look("ann", "sky") is not None
        assert until(server.call.left.is_set, 2.0)


def test_a_redirect_is_not_followed() -> None:
    with (
        serving(says(SNAPSHOT)) as other,
        asking(faults.answer("307 Temporary Redirect", "", more=f"Location: {other.url}/context\r\n")) as (
            _,
            remembering,
            _,
        ),
    ):
        assert remembering.look("ann", "sky") is None
        assert other.calls == []


def test_an_open_breaker_sends_nothing_warns_once_and_a_probe_that_succeeds_closes_it() -> None:
    now_s = [0.0]
    breaker = Breaker(2, 30.0, lambda: now_s[0])
    behaviour = faults.in_turn(BROKEN, BROKEN, BROKEN, says(SNAPSHOT), says(SNAPSHOT), BROKEN, BROKEN)
    with (
        serving(behaviour) as server,
        closing(HttpContext(server.url, deadline_s=PATIENT_S, breaker=breaker)) as remembering,
        capture_logs() as logs,
    ):

        def look() -> tuple[bool, int, int]:
            found = remembering.look("ann", "sky") is not None
            return found, len(server.calls), len(logs)

        assert [look() for _ in range(4)] == [(False, 1, 0), (False, 2, 1), (False, 2, 1), (False, 2, 1)]
        now_s[0] += 30.0
        assert [look() for _ in range(2)] == [(False, 3, 1)] * 2
        now_s[0] += 30.0
        assert [look() for _ in range(4)] == [(True, 4, 1), (True, 5, 1), (False, 6, 1), (False, 7, 2)]


def test_the_log_says_which_server_and_why_without_secrets_or_what_the_server_said() -> None:
    with serving(faults.answer("500 You are hacked", "hacked")) as server, capture_logs() as logs:
        url = server.url.replace("//", "//ann:secret@")
        with closing(HttpContext(url, deadline_s=PATIENT_S, breaker=Breaker(1, NEVER_S))) as remembering:
            remembering.look("bob", "sky")
            assert str(remembering) == f"context server at {server.url}"
    assert logs == [
        {
            "event": "context.away",
            "log_level": "warning",
            "server": server.url,
            "why": "HTTP status 500",
            "mode": "look",
        }
    ]


def test_the_log_does_not_quote_a_server_that_speaks_no_http() -> None:
    with asking(faults.drip(b"hacked\r\n\r\n", every_s=0)) as (_, remembering, _), capture_logs() as logs:
        remembering.look("bob", "sky")
    assert [log["why"] for log in logs] == ["RemoteProtocolError"]


def test_each_user_that_is_not_known_to_be_forgotten_is_told_in_the_log() -> None:
    with asking(faults.in_turn(BROKEN, NOTHING)) as (server, remembering, _), capture_logs() as logs:
        remembering.forget("ann")
        remembering.forget("ann")
    assert len(server.calls) == 1
    assert [log["event"] for log in logs] == ["context.away", "context.not_forgotten", "context.not_forgotten"]


def test_the_callers_own_mistakes_are_refused_before_anything_is_sent() -> None:
    with asking(NOTHING) as (server, remembering, breaker):
        for share in (math.nan, math.inf, -1.0, 2.0):
            with pytest.raises(UsageError):
                remembering.visit("ann", "sky", {Level.MASK: share})
        with pytest.raises(UsageError):
            remembering.look("ann", "\ud83c")
        assert (server.calls, breaker.state) == ([], State.CLOSED)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ann:secret@host",
        "ftp://ann:secret@host",
        "redis://:secret@host",
        "http://",
        "http://ann:secret@host:port",
        "http://ann:secret@ho\nst",
        "http://host/?key=secret",
        "http://host/#secret",
        "unix:///secret",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_showing_secrets(url: str) -> None:
    with pytest.raises(ConfigError, match="context server") as refusal:
        HttpContext(url, breaker=Breaker(1, 1.0))
    shown: BaseException | None = refusal.value
    assert "secret" not in str(shown)
    assert shown.__cause__ is None


@pytest.mark.parametrize("deadline_s", [0.0, -1.0, math.nan, math.inf])
def test_a_deadline_that_is_none_is_refused(deadline_s: float) -> None:
    with pytest.raises(ConfigError, match="deadline"):
        HttpContext("http://host", deadline_s=deadline_s, breaker=Breaker(1, 1.0))


def test_a_closed_client_remembers_nothing() -> None:
    with asking(says(SNAPSHOT)) as (server, remembering, _):
        remembering.close()
        assert remembering.visit("ann", "sky", FACTS) is None
        assert server.calls == []


def test_many_failures_leave_no_thread_and_no_socket() -> None:
    chosen = [FAULTS[name] for name in ("stall", "fast-drip", "drop", "reset", "endless-body", "garbage", "fault")]
    behaviours = faults.in_turn(NOTHING, *chosen, *chosen, says(SNAPSHOT))
    with asking(behaviours, failures=99, deadline_s=0.3) as (_, remembering, _):
        remembering.look("ann", "sky")
        gc.collect()
        before = until(lambda: _held() if threading.active_count() == 2 else None)
        assert [remembering.look("ann", "sky") for _ in range(14)] == [None] * 14
        until(lambda: _held() == before)
        gc.collect()
        assert remembering.look("ann", "sky") is not None


def _held() -> tuple[int, int]:
    """Return how many threads run and how many files and sockets are open."""
    return threading.active_count(), sum(1 for _ in Path("/dev/fd").iterdir())
