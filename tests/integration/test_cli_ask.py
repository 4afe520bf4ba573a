"""`kitbash ask`: its exit codes, its JSON, and what it makes of questions that are none."""

import signal
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.processes import BIN, Env, environment, home, kitbash, running
from tests.servers import Server
from tests.waiting import until

KNOWN: Final = "What is the speed of light?"
UNKNOWN: Final = "Who won the village chess cup in 1987?"
INVENTED: Final = "Who is the keeper of Farrow Light?"

RESULT: Final = {
    "query_id", "query", "status", "answer", "layer", "confidence", "sources", "path", "mode", "latency_ms",
    "tokens",
}  # fmt: skip
SOURCE: Final = {"cartridge", "fact_id", "text", "level", "confidence", "origin"}
STEP: Final = {"layer", "name", "confidence", "threshold", "passed", "reason", "latency_ms"}


@pytest.fixture(scope="module")
def env(plain_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Env:
    return environment(home(tmp_path_factory.mktemp("ask")), plain_server.url)


def test_an_answer_comes_with_its_source(env: Env) -> None:
    ran = kitbash(env, "ask", *KNOWN.split())
    assert ran.code == 0
    assert "299,792,458" in ran.out
    assert "layer 0 reflex" in ran.out
    assert "physics_general#" in ran.out
    assert ran.err == ""
    assert ran.is_clean


def test_what_is_not_known_is_said(env: Env) -> None:
    ran = kitbash(env, "ask", "--trace", UNKNOWN)
    assert ran.code == 5
    assert ran.out.startswith("I don't know.")
    assert "4 kobold" in ran.out
    assert ran.is_clean


def test_a_private_server_is_found_without_any_setting(tmp_path: Path) -> None:
    data = home(tmp_path)
    ran = kitbash(environment(data), "ask", KNOWN)
    assert ran.code == 0, ran.err
    assert (data / "server").is_dir()


def test_no_worker_and_no_time_is_a_timeout(env: Env, plain_server: Server) -> None:
    ran = kitbash(env, "ask", "--mode", "celery", "--timeout", "0.2", "--json", KNOWN)
    assert ran.code == 4
    assert ran.json["status"] == "expired"
    assert ran.json["mode"] == "celery"
    assert ran.is_clean
    with closing(plain_server.node()) as node:
        node.delete("kb:reflex")


def test_an_impatient_user_can_leave(env: Env, plain_server: Server, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        closing(plain_server.node()) as node,
        running(env, log, BIN / "kitbash", "ask", "--mode", "celery", KNOWN) as process,
    ):
        until(lambda: node.llen("kb:reflex"), 20)
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 130
        assert log.read_bytes() == b""
        node.delete("kb:reflex")


@pytest.mark.parametrize(
    ("question", "code", "layers"),
    [(KNOWN, 0, [0]), ("How fast is light in vacuum?", 0, [0, 1, 2]), (UNKNOWN, 5, None)],
    ids=["reflex", "cartridge", "unknown"],
)
def test_the_json_has_the_documented_keys(env: Env, question: str, code: int, layers: list[int] | None) -> None:
    ran = kitbash(env, "ask", "--json", question)
    assert ran.code == code
    assert ran.is_clean
    assert len(ran.out.splitlines()) == 1
    said = ran.json
    assert said.keys() == RESULT
    assert said["query"] == question
    assert said["mode"] == "direct"
    assert len(said["query_id"]) == 32
    assert said["latency_ms"] > 0
    path = [step["layer"] for step in said["path"]]
    assert all(step.keys() == STEP for step in said["path"])
    assert all(source.keys() == SOURCE for source in said["sources"])
    if layers is None:
        assert (said["status"], said["layer"], path[-1]) == ("unknown", None, 4)
        return
    assert (said["status"], said["layer"], path) == ("answered", layers[-1], layers)
    assert 0 < said["confidence"] <= 1
    assert said["sources"]


@pytest.mark.parametrize(
    ("question", "says"),
    [
        (b"", "empty"),
        (b" \t\n ", "empty"),
        (b"?!... --- !!", "empty"),
        (b"\x1b\x07\x08", "empty"),
        (b"x" * 100_000, "100,000 characters"),
        (b"what is \xff\xfe this", "UTF-8"),
        (b"what is \xed\xa0\x80 this", "UTF-8"),
    ],
    ids=["empty", "white space", "punctuation", "control characters", "long", "invalid UTF-8", "lone surrogate"],
)
def test_what_is_no_question_is_refused_in_one_line(env: Env, question: bytes, says: str) -> None:
    ran = kitbash(env, "ask", question)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("kitbash: ")
    assert says in ran.err
    assert len(ran.err.splitlines()) == 1
    assert ran.is_clean


def test_nothing_of_a_question_reaches_the_terminal_as_a_command(env: Env) -> None:
    question = b"\x1b[31mWho\x1b]0;title\x07 is \xc2\x9b2J \xe2\x80\xaethere\r\nand\x08 where?"
    for shape in ("--trace", "--json"):
        ran = kitbash(env, "ask", shape, question)
        assert ran.code == 5
        assert ran.is_clean
        assert not set(ran.out) & set("\x07\x08\r\x9b\u202e")


def test_a_project_sees_its_own_knowledge_only(env: Env) -> None:
    outside, inside = (kitbash(env, "ask", "--json", *more, INVENTED) for more in ((), ("--project", "fiction")))
    assert outside.code == 5
    assert all(source["cartridge"] != "lighthouse_fiction" for source in outside.json["sources"])
    assert inside.code == 0
    assert [source["cartridge"] for source in inside.json["sources"]] == ["lighthouse_fiction"]
    assert "Ansa Merrin" in inside.json["answer"]


def test_an_unknown_project_is_refused_with_those_there_are(env: Env) -> None:
    ran = kitbash(env, "ask", "--project", b"nowhere\x1b[2J\xff", KNOWN)
    assert ran.code == 2
    assert "default, experiment, fiction" in ran.err
    assert ran.is_clean


@pytest.mark.parametrize("seconds", ["0", "nan", "inf"])
def test_a_timeout_that_is_no_time_is_refused(env: Env, seconds: str) -> None:
    ran = kitbash(env, "ask", "--timeout", seconds, KNOWN)
    assert ran.code == 2, ran.err
    assert ran.is_clean


def test_a_misspelt_setting_is_refused_with_the_nearest_one(env: Env) -> None:
    ran = kitbash({**env, "KITBASH_REDIS_ULR": "redis://127.0.0.1"}, "ask", KNOWN)
    assert ran.code == 2
    assert "did you mean KITBASH_REDIS_URL?" in ran.err
    assert ran.is_clean


def test_a_data_folder_that_cannot_be_used_is_an_error_of_settings(plain_server: Server, tmp_path: Path) -> None:
    """Whether or not the server lies in it."""
    (tmp_path / "file").touch()
    for url in (plain_server.url, None):
        ran = kitbash(environment(tmp_path / "file", url), "ask", KNOWN)
        assert ran.code == 2, ran.err
        assert "KITBASH_DATA_DIR" in ran.err
        assert ran.is_clean


def test_it_answers_in_any_locale(env: Env) -> None:
    ran = kitbash({**env, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}, "ask", "--json", "Why is the sky blue?")
    assert ran.code == 0
    assert ran.raw_out.isascii()
    plain = kitbash({**env, "PYTHONIOENCODING": "ascii"}, "ask", "--trace", "Was ist Öl — €?")
    assert plain.code == 5
    assert plain.raw_out.isascii()
