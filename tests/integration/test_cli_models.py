"""`kitbash models`: what is configured, what a file is, and a prompt tried."""

from pathlib import Path

import pytest

from kitbash.models import tiny
from tests.e2e.processes import Env, environment, home, kitbash
from tests.integration import kobold_server as server
from tests.integration.kobold_server import serving


@pytest.fixture
def env(tmp_path: Path) -> Env:
    return environment(tmp_path / "data")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tiny.recite(tmp_path / "tiny.gguf", "Ice floats\u202e on \x1b[31mwater.")


def test_without_models_the_list_says_what_to_set(env: Env) -> None:
    ran = kitbash(env, "models", "list", "--json")
    assert ran.code == 0
    assert [(row["layer"], row["model"]) for row in ran.json] == [(3, "-"), (4, "-")]
    assert "KITBASH_BITNET__PATH" in ran.json[0]["state"]


def test_the_list_says_which_model_is_ready_and_what_is_wrong_with_another(env: Env, file: Path) -> None:
    with serving(server.drop) as gone:
        url = gone.url
    ran = kitbash(env | {"KITBASH_BITNET__PATH": str(file), "KITBASH_KOBOLD__URL": url}, "models", "list")
    assert ran.code == 0
    _, small, large = ran.out.splitlines()
    assert small == "3\tctransformers with tiny.gguf\tready, 2,048 tokens of context"
    assert "cannot be reached" in large


def test_a_file_is_checked(env: Env, file: Path) -> None:
    ran = kitbash(env, "models", "check", str(file))
    assert ran.code == 0
    assert "architecture\tllama" in ran.out
    assert "ctransformers\tyes\t" in ran.out
    told = kitbash(env, "models", "check", str(file), "--json").json
    assert told["parameters"] > 60_000
    assert told["runtimes"][0]["can_load"] is True


def test_a_file_that_is_no_model_is_one_line_and_an_exit_code(env: Env, tmp_path: Path) -> None:
    (tmp_path / "page.gguf").write_text("<html>not found</html>")
    for path, why in ((tmp_path / "page.gguf", "web page"), (tmp_path / "none.gguf", "does not exist")):
        ran = kitbash(env, "models", "check", str(path))
        assert ran.code == 1
        assert why in ran.err
        assert len(ran.err.splitlines()) == 1


def test_a_prompt_is_tried_and_its_reply_cannot_escape_the_terminal(env: Env, file: Path) -> None:
    ran = kitbash(env, "models", "try", "Why?", "--path", str(file))
    assert ran.code == 0
    assert ran.out == "Ice floats on [31mwater.\n"
    assert "tokens of prompt" in ran.err
    assert ran.is_clean
    small = kitbash(env | {"KITBASH_BITNET__PATH": str(file)}, "models", "try", "Why?", "--model", "small", "--json")
    assert small.json["finish"] == "stop"
    assert small.json["usage"]["is_counted"] is True


def test_a_server_is_tried_and_its_key_is_not_told(env: Env) -> None:
    with serving(server.in_turn(server.reply(" Be", "cause."), server.answer("401 No", "sesame"))) as got:
        keyed = env | {"KITBASH_KOBOLD__URL": got.url, "KITBASH_KOBOLD__API_KEY": "sesame"}
        ran = kitbash(keyed, "models", "try", "Why?")
        refused = kitbash(keyed, "models", "try", "Why?")
    assert (ran.code, ran.out) == (0, "Because.\n")
    assert refused.code == 1
    assert "401" in refused.err
    assert "sesame" not in ran.out + ran.err + refused.out + refused.err


def test_without_a_model_there_is_nothing_to_try(env: Env) -> None:
    ran = kitbash(env, "models", "try", "Why?")
    assert ran.code == 1
    assert "KITBASH_KOBOLD__PATH" in ran.err


def test_the_doctor_looks_at_the_files(env: Env, file: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.gguf").write_bytes(file.read_bytes()[:9000])
    both = env | {"KITBASH_BITNET__PATH": str(file), "KITBASH_KOBOLD__PATH": str(tmp_path / "cut.gguf")}
    checks = {it["name"]: it for it in kitbash(both, "doctor", "--json").json}
    assert checks["small model"]["state"] == "ok"
    assert checks["model"]["state"] == "failed"
    assert "cut.gguf is damaged" in checks["model"]["says"]


def test_a_damaged_file_shortens_the_cascade_and_ends_nothing(tmp_path: Path, file: Path) -> None:
    (tmp_path / "cut.gguf").write_bytes(file.read_bytes()[:9000])
    env = environment(home(tmp_path), KITBASH_KOBOLD__PATH=str(tmp_path / "cut.gguf"))
    ran = kitbash(env, "ask", "--json", "--mode", "direct", "Who won the village chess cup in 1987?")
    assert ran.code == 5
    assert "ModelFileError" in ran.json["path"][-1]["reason"]


def test_a_file_answers_at_layer_4(tmp_path: Path) -> None:
    model = tiny.recite(tmp_path / "tiny.gguf", "Nobody wrote that down.")
    env = environment(home(tmp_path), KITBASH_KOBOLD__PATH=str(model))
    ran = kitbash(env, "ask", "--json", "--mode", "direct", "Who won the village chess cup in 1987?")
    assert ran.code == 0
    assert ran.json["answer"] == "Nobody wrote that down. [own]"
