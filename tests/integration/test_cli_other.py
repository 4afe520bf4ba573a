"""What looks at Kitbash without asking it: traces, events, state, settings; and how output behaves in pipes."""

import json
import re
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

import kitbash as product
from tests.e2e.processes import BIN, Env, environment, home, kitbash, running
from tests.servers import Server, plain
from tests.waiting import until

KNOWN: Final = "What is the speed of light?"
RESULT_KEYS: Final = {
    "query_id", "query", "project", "state", "opened_ms", "deadline_ms", "result", "events", "lifecycle", "kappa",
    "took_ms", "items", "checks", "deltas", "decisions", "why", "conflicts", "found",
}  # fmt: skip
QUEUES: Final = ["reflex", "bitnet", "cartridge", "kobold", "upkeep"]


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    """Return a server of this module's own: what is on it is counted."""
    with plain() as own:
        yield own


@pytest.fixture(scope="module")
def env(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Env:
    return environment(home(tmp_path_factory.mktemp("other")), server.url)


@pytest.fixture(scope="module")
def asked(env: Env) -> dict[str, Any]:
    """Return a question that was asked, as `ask --json` printed it."""
    return kitbash(env, "ask", "--json", "How fast is light in vacuum?").json


def test_a_trace_tells_everything_about_one_query(env: Env, asked: dict[str, Any]) -> None:
    ran = kitbash(env, "trace", "--json", asked["query_id"])
    assert ran.code == 0
    assert ran.json.keys() == RESULT_KEYS
    assert ran.json["state"] == "answered"
    assert ran.json["deadline_ms"] > ran.json["opened_ms"]
    result = ran.json["result"]
    assert {**result, "latency_ms": 0} == {**asked, "latency_ms": 0}
    kinds = [event["kind"] for event in ran.json["events"]]
    assert kinds[0] == "opened"
    assert kinds.count("finished") == 1
    assert kinds[-2:] == ["finished", "lifecycle"]
    assert ran.json["events"][-1]["data"] == ran.json["lifecycle"] == "logged"
    assert kinds.count("verdict") == 3
    assert kinds.count("decision") == len(ran.json["decisions"])
    assert result["latency_ms"] == ran.json["took_ms"] <= asked["latency_ms"]
    assert {item["place"] for item in ran.json["items"]} == {"approved"}


def test_a_trace_can_be_read(env: Env, asked: dict[str, Any]) -> None:
    ran = kitbash(env, "trace", asked["query_id"])
    assert ran.code == 0
    assert ran.out.startswith(asked["query"])
    assert asked["answer"] in ran.out
    assert "2 cartridge" in ran.out
    assert ran.is_clean


@pytest.mark.parametrize(
    ("query_id", "says"),
    [
        (b"*", "not a query id"),
        (b"a:b}:query\n\x1b[2J\xff", "not a query id"),
        (b"0" * 33, "not a query id"),
        (b"0" * 32, "there is no query"),
    ],
    ids=["pattern", "key", "long", "unknown"],
)
def test_a_trace_of_nothing_is_refused_in_one_line(env: Env, query_id: bytes, says: str) -> None:
    ran = kitbash(env, "trace", query_id)
    assert ran.code == 2
    assert says in ran.err
    assert len(ran.err.splitlines()) == 1
    assert ran.is_clean


def test_the_tail_shows_what_happened(env: Env, asked: dict[str, Any]) -> None:
    as_json = kitbash(env, "tail", "--all", "--count", "3", "--json", within_s=20)
    events = [json.loads(line) for line in as_json.out.splitlines()]
    assert as_json.code == 0
    assert len(events) == 3
    assert all(event.keys() == {"at_ms", "query_id", "kind", "data"} for event in events)
    assert asked["query_id"] in {event["query_id"] for event in events}
    readable = kitbash(env, "tail", "--all", "--count", "3", within_s=20)
    assert len(readable.out.splitlines()) == 3
    assert events[0]["query_id"][-8:] in readable.out
    assert readable.is_clean


def test_the_tail_shows_what_happens_as_it_happens_even_in_a_pipe(env: Env, tmp_path: Path) -> None:
    log = tmp_path / "tail"
    with running(env, log, BIN / "kitbash", "tail") as process:
        until(lambda: b"Waiting for queries" in log.read_bytes(), 20)
        query_id = kitbash(env, "ask", "--json", KNOWN).json["query_id"]
        until(lambda: query_id[-8:].encode() in log.read_bytes(), 5)
        assert process.poll() is None


def test_the_status_says_what_there_is(env: Env) -> None:
    ran = kitbash(env, "status", "--json")
    assert ran.code == 0
    found = ran.json
    assert (found["is_private"], found["open_queries"], found["set_aside"]) == (False, 0, [])
    assert found["cartridges"] == 13
    assert found["facts"] > 400
    assert [it["queue"] for it in found["queues"]] == QUEUES
    assert all(it["workers"] == [] and it["waiting"] == 0 and it["dead"] == 0 for it in found["queues"])
    readable = kitbash(env, "status")
    assert all(name in readable.out for name in QUEUES)
    assert readable.is_clean


def test_nothing_is_dead(env: Env) -> None:
    ran = kitbash(env, "dead", "--json")
    assert (ran.code, ran.json) == (0, [])


def test_the_doctor_finds_nothing_wrong(env: Env) -> None:
    ran = kitbash(env, "doctor", "--json")
    assert ran.code == 0
    states = {check["name"]: check["state"] for check in ran.json}
    parts = ("server", "blackboard", "cartridges", "archive", "triage", "confidence", "encoder")
    names = {"version", "assets", "tasks", "settings", *parts}
    assert {states.pop(name) for name in names} == {"ok"}
    assert states == {"model": "warning"}
    assert all(check.keys() == {"name", "state", "says"} for check in ran.json)


def test_the_doctor_sees_the_rest_when_the_server_is_down(env: Env) -> None:
    ran = kitbash({**env, "KITBASH_REDIS_URL": "redis://127.0.0.1:1"}, "doctor")
    assert ran.code == 3
    assert ran.is_clean
    assert re.search("^ok +settings", ran.out, re.MULTILINE), ran.err
    assert re.search("^down +blackboard .*does not answer", ran.out, re.MULTILINE)
    assert re.search("^ok +cartridges", ran.out, re.MULTILINE)


def test_settings_show_their_origin_and_no_secret(env: Env) -> None:
    secrets = {
        "KITBASH_REDIS_URL": "redis://user:hidden1@127.0.0.1:1/0",
        "REDIS_PASSWORD": "hidden2",
        "KITBASH_KOBOLD__API_KEY": "hidden3",
        "KITBASH_BROKER_URL": "redis://:hidden4@127.0.0.1:1/1",
        "LAYER4_TIMEOUT_MS": "1234",
    }
    for shape in ((), ("--json",)):
        ran = kitbash({**env, **secrets}, "config", "show", "--origin", *shape)
        assert ran.code == 0
        assert "hidden" not in ran.out + ran.err
        assert ran.is_clean
    rows = {row["name"]: row for row in ran.json}
    assert rows["layers.kobold.timeout_ms"] == {
        "name": "layers.kobold.timeout_ms", "value": 1234, "origin": "environment",
    }  # fmt: skip
    assert rows["redis.url"]["value"] == "redis://***@127.0.0.1:1/0"
    assert rows["redis.port"]["origin"] == "default"


@pytest.mark.parametrize("errors", ["surrogateescape", "strict"])
def test_the_repl_answers_line_by_line(env: Env, errors: str) -> None:
    """In any locale: in some, Python reads what is not UTF-8 as surrogates, in others it refuses to."""
    lines = [KNOWN.encode(), b"\xff\xfe", b"?!", b":trace", b"Why is the sky blue?"]
    ran = kitbash({**env, "PYTHONIOENCODING": f"utf-8:{errors}"}, "repl", stdin=b"\n".join(lines))
    assert ran.code == 0, ran.err
    assert "299,792,458" in ran.out
    assert "not valid text" in ran.err
    assert "the question is empty" in ran.err
    assert "0 reflex" in ran.out
    assert "scatter" in ran.out
    assert ran.is_clean


def test_the_repl_ends_with_an_empty_line(env: Env) -> None:
    ran = kitbash(env, "repl", "--project", "fiction", stdin=f"\n{KNOWN}\n".encode())
    assert ran.code == 0
    assert "299,792,458" not in ran.out


def test_the_version_is_printed(env: Env) -> None:
    ran = kitbash(env, "version")
    assert (ran.code, ran.out) == (0, f"kitbash {product.__version__}\n")


@pytest.mark.parametrize(
    "command", [("cartridge", "show", "physics_general", "--limit", "400"), ("config", "show", "--json"), ("--help",)]
)
def test_a_reader_that_leaves_early_is_no_error(env: Env, command: tuple[str, ...]) -> None:
    """As `| head -1` does, or sooner."""
    writer = subprocess.Popen(
        [BIN / "kitbash", *command], env=env, cwd=env["KITBASH_DATA_DIR"], stdout=-1, stderr=-1, bufsize=0
    )
    assert writer.stdout is not None
    assert writer.stderr is not None
    writer.stdout.close()
    said = writer.stderr.read()
    writer.stderr.close()
    assert writer.wait(20) == 0
    assert said == b""
