"""`kitbash calibrate` and `kitbash cartridge calibrate`: printed, drawn, noted; clear where there is too little."""

import json
from pathlib import Path

import pytest

from kitbash.domain.calibration import Origin
from tests.e2e.processes import Env, environment, home, kitbash
from tests.servers import Server

NOTES = "".join(f"- Bell number {at} hangs in tower {at}.\n  - Where is bell {at}?\n" for at in range(1, 6))


@pytest.fixture
def env(tmp_path: Path, plain_server: Server) -> Env:
    return environment(home(tmp_path), plain_server.url)


def test_it_prints_what_is_promised_and_draws_in_plain_text(env: Env) -> None:
    ran = kitbash(env, "calibrate")
    assert ran.code == 0, ran.err
    head, *rows = (line.split("\t") for line in ran.out.splitlines()[:3])
    assert head == [
        "questions", "asked", "target", "threshold", "coverage", "interval", "precision", "at least", "ece"
    ]  # fmt: skip
    assert [row[0] for row in rows] == [Origin.ALIASES.value, Origin.TEXTS.value]
    assert all(row[2] == "0.95" and 0.5 < float(row[3]) < 1 for row in rows)
    assert ran.out.count("#") > 100
    assert ran.out.count("*") > 50
    assert "\x1b" not in ran.out


def test_as_json_it_is_one_object(env: Env) -> None:
    record = kitbash(env, "calibrate", "--json", "--target", "0.9").json
    assert record["target_precision"] == 0.9
    for row in record["rows"]:
        assert row["at_least"] >= 0.9
        low, high = row["interval"]
        assert low < row["coverage"] < high


def test_what_cannot_be_promised_is_said_and_less_is_answered(env: Env) -> None:
    ran = kitbash(env, "calibrate", "--target", "0.995")
    assert "only exact question forms are answered" in ran.out
    assert "the most they promise is 0.95" in ran.out
    strict = {**env, "KITBASH_TARGET_PRECISION": "0.985"}
    asked = kitbash(strict, "ask", "--json", "How fast is light in vacuum?").json
    assert asked["status"] == "unknown"
    assert kitbash(strict, "ask", "--json", "What is the speed of light?").json["status"] == "answered"
    assert "no threshold promises 0.985" in kitbash(strict, "doctor").out


def test_it_is_drawn_to_files(env: Env, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    ran = kitbash(env, "calibrate", "--plot", str(tmp_path / "figures"))
    assert ran.code == 0, ran.err
    files = sorted((tmp_path / "figures").iterdir())
    assert [it.name for it in files] == ["reliability.png", "risk-coverage.png"]
    assert all(it.read_bytes().startswith(b"\x89PNG") and it.stat().st_size < 60_000 for it in files)


def test_without_matplotlib_it_says_what_to_install(env: Env, tmp_path: Path) -> None:
    (tmp_path / "lib" / "matplotlib").mkdir(parents=True)
    (tmp_path / "lib" / "matplotlib" / "__init__.py").write_text("raise ImportError('not here')\n")
    ran = kitbash({**env, "PYTHONPATH": str(tmp_path / "lib")}, "calibrate", "--plot", str(tmp_path / "figures"))
    assert ran.code == 2
    assert "pip install 'kitbash[plots]'" in ran.err


def test_ten_questions_are_calibrated_and_what_ships_goes_on_deciding(env: Env, tmp_path: Path) -> None:
    notes = tmp_path / "bells.md"
    notes.write_text(NOTES)
    assert kitbash(env, "cartridge", "build", str(notes)).code == 0
    shown = kitbash(env, "cartridge", "calibrate", "--dry-run", "--json")
    assert shown.code == 0, shown.err
    (row,) = shown.json
    assert row["questions"] == "bells_general"
    assert row["threshold"] is None
    (folder,) = tmp_path.rglob("bells_general.kbc")
    assert "calibration" not in json.loads((folder / "manifest.json").read_text())
    ran = kitbash(env, "cartridge", "calibrate", "bells_general")
    assert ran.code == 0, ran.err
    assert "bells_general: " in ran.out
    assert kitbash(env, "ask", "--json", "Where is bell 3?").json["status"] == "answered"


def test_what_is_not_there_cannot_be_calibrated(env: Env) -> None:
    ran = kitbash(env, "cartridge", "calibrate")
    assert ran.code == 2
    assert "there is no cartridge of your own to calibrate" in ran.err


def test_a_trace_tells_what_made_the_confidence(env: Env) -> None:
    asked = kitbash(env, "ask", "--json", "--trace", "How fast is light in vacuum?").json
    (why,) = asked["why"]
    assert why["fact"] == "physics_general#1"
    total = why["bias"] + sum(it["contribution"] for it in why["features"].values())
    assert total == pytest.approx(why["log_odds"], abs=1e-2)
    told = kitbash(env, "ask", "--trace", "How fast is light in vacuum?").out
    assert "feature\tvalue\tlog odds" in told
    assert Origin.ALIASES.value in told
