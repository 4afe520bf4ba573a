"""An encoder from the command: facts are read by it, doctor tells how it stands, and questions go on without it."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.e2e.processes import Env, environment, home, kitbash
from tests.encoders import safetensors_folder
from tests.servers import Server, plain

KNOWN = "What is the speed of light?"


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    with plain() as own:
        yield own


@pytest.fixture(scope="module")
def env(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Env:
    folder = tmp_path_factory.mktemp("encoder")
    return {**environment(home(folder), server.url), "KITBASH_ENCODER__PATH": str(safetensors_folder(folder / "tiny"))}


def checks(env: Env) -> dict[str, list[tuple[str, str]]]:
    """Return what doctor says, by what it looked at."""
    found: dict[str, list[tuple[str, str]]] = {}
    for it in kitbash(env, "doctor", "--json").json:
        found.setdefault(it["name"], []).append((it["state"], it["says"]))
    return found


def test_every_cartridge_is_read_once_and_doctor_tells_what_is_left_to_do(env: Env) -> None:
    before = checks(env)
    assert before["encoder"][0] == ("ok", before["encoder"][0][1])
    assert before["encoder"][0][1].startswith("tiny, 16 numbers a vector")
    assert "was fitted with all-MiniLM-L6-v2" in before["encoder"][1][1]
    assert all("make its vectors: kitbash cartridge embed" in says for _, says in before["cartridge"])
    one = kitbash(env, "cartridge", "embed", "--json", "physics_general")
    assert [it["cartridge"] for it in one.json] == ["physics_general"]
    assert Path(one.json[0]["path"]).stat().st_size == one.json[0]["bytes"]
    rest = kitbash(env, "cartridge", "embed", "--json").json
    assert "physics_general" not in {it["cartridge"] for it in rest}
    assert kitbash(env, "cartridge", "embed").out.strip() == "every cartridge has its vectors"
    assert "cartridge" not in checks(env)
    assert kitbash(env, "ask", "--json", "--mode", "direct", KNOWN).json["layer"] is not None


def test_without_an_encoder_or_with_a_wrong_name_embed_says_what_to_do(env: Env, tmp_path: Path) -> None:
    none = kitbash({**env, "KITBASH_ENCODER__PATH": ""}, "cartridge", "embed")
    assert none.code == 2
    wrong = kitbash(env, "cartridge", "embed", "nowhere_general")
    assert (wrong.code, "there is no cartridge 'nowhere_general'" in wrong.err) == (2, True)
    bad = kitbash({**env, "KITBASH_ENCODER__PATH": str(tmp_path)}, "cartridge", "embed")
    assert bad.code == 1
    assert bad.err.splitlines()[-1].startswith(f"kitbash: {tmp_path / 'config.json'} is missing")


def test_a_question_is_answered_where_the_encoder_cannot_be_used(env: Env, tmp_path: Path) -> None:
    broken = {**env, "KITBASH_ENCODER__PATH": str(tmp_path / "nowhere")}
    found = kitbash(broken, "ask", "--json", "--mode", "direct", "How fast is light in a vacuum?")
    assert found.code == 0


def test_weights_that_are_none_are_refused_by_name(env: Env, tmp_path: Path) -> None:
    (tmp_path / "it.json").write_text("{}")
    wrong = kitbash({**env, "KITBASH_ENCODER__WEIGHTS": str(tmp_path / "it.json")}, "ask", "What exactly is a comet?")
    assert wrong.code == 2
    assert "it.json does not hold a weight" in wrong.err


def test_pull_and_dense_calibration_refuse_what_they_cannot_do(env: Env) -> None:
    for arguments in (("models", "pull", "../x"), ("calibrate", "--dense")):
        assert kitbash(env, *arguments).code == 2
