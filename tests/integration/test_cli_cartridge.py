"""`kitbash cartridge ...` from notes to answers, and what is said about a cartridge that is broken."""

import shutil
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.processes import Env, Ran, environment, home, kitbash
from tests.servers import Server

NOTES: Final = """---
domain: harbour
faction: general
level: L0_EMPIRICAL
confidence: 0.9
---
# Harbour

## Cranes

- The crane Bertha lifts 40 tonnes. | Harbour book | 0.95 | L0
  - How much does Bertha lift?
- A pipe \\\\| stands in this fact. | Harbour book | 0.80 | L3
"""
COUNTS: Final = {"name", "facts", "added", "changed", "removed", "kept", "path"}
ABOUT: Final = {"name", "faction", "facts", "levels", "path"}
FACT: Final = {"fact_id", "text", "level", "confidence", "sources", "aliases", "topic"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home(tmp_path_factory.mktemp("cartridge"))


@pytest.fixture
def env(plain_server: Server, data: Path, tmp_path: Path) -> Env:
    """Return an environment whose own cartridges lie in a folder of this test's."""
    return environment(data, plain_server.url, KITBASH_CARTRIDGES_DIR=str(tmp_path / "own"))


def said(env: Env, *arguments: str) -> Any:
    ran = kitbash(env, *arguments, "--json")
    assert ran.code == 0, ran.err
    assert ran.is_clean
    return ran.json


def test_notes_become_a_cartridge_that_answers(env: Env, tmp_path: Path) -> None:
    notes = tmp_path / "harbour.md"
    notes.write_text(NOTES)
    (first,) = said(env, "cartridge", "build", str(notes))
    assert first.keys() == COUNTS
    assert (first["name"], first["facts"], first["added"]) == ("harbour_general", 2, 2)
    (again,) = said(env, "cartridge", "build", str(notes))
    assert (again["kept"], again["added"], again["changed"], again["removed"]) == (2, 0, 0, 0)

    rows = {row["name"]: row for row in said(env, "cartridge", "list")}
    assert rows["harbour_general"].keys() == ABOUT
    assert rows["harbour_general"]["levels"] == {"L0_EMPIRICAL": 1, "L3_HEURISTIC": 1}
    assert len(rows) == 14

    shown = said(env, "cartridge", "show", "harbour_general", "--limit", "1")
    assert shown.keys() == ABOUT | {"items"}
    assert [item.keys() for item in shown["items"]] == [FACT]

    answer = said(env, "ask", "How much does Bertha lift?")
    assert answer["answer"] == "The crane Bertha lifts 40 tonnes."
    assert [source["cartridge"] for source in answer["sources"]] == ["harbour_general"]


def test_what_is_exported_builds_the_same_facts_again(env: Env, tmp_path: Path) -> None:
    name = "physics_general"
    out = tmp_path / "exported.md"
    assert kitbash(env, "cartridge", "export", name, str(out)).code == 0
    before = said(env, "cartridge", "show", name, "--limit", "999")
    (built,) = said(env, "cartridge", "build", str(out))
    assert built["name"] == name
    after = said(env, "cartridge", "show", name, "--limit", "999")
    assert after["path"] != before["path"]
    assert (after["faction"], after["levels"]) == (before["faction"], before["levels"])
    assert by_text(after) == by_text(before)


def by_text(shown: dict[str, Any]) -> dict[str, Any]:
    """Return facts by their text, without their ids and without the line they were read from."""
    return {
        it["text"]: {**it, "fact_id": 0, "sources": [name for name in it["sources"] if ".md:" not in name]}
        for it in shown["items"]
    }


def test_an_export_goes_to_a_pipe_or_a_file_of_json(env: Env, tmp_path: Path) -> None:
    piped = kitbash(env, "cartridge", "export", "kitbash_self")
    assert piped.code == 0
    assert piped.out.startswith("---\ndomain: kitbash\nfaction: self\n---\n")
    assert piped.is_clean
    out = tmp_path / "facts.json"
    assert kitbash(env, "cartridge", "export", "kitbash_self", str(out)).code == 0
    assert '"fact_id": 1' in out.read_text()


def test_an_existing_folder_is_taken_in_and_left_alone(env: Env, data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "old_general.kbc"
    shutil.copytree(data / "starter/weather_general.kbc", folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    (taken,) = said(env, "cartridge", "import", str(folder))
    assert taken["facts"] == 38
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert taken["name"] in {row["name"] for row in said(env, "cartridge", "list")}


@pytest.mark.parametrize("broken", ["manifest.json", "facts.db"])
def test_a_broken_cartridge_is_named_and_the_others_answer(env: Env, data: Path, tmp_path: Path, broken: str) -> None:
    folder = tmp_path / "own/sick_general.kbc"
    shutil.copytree(data / "starter/weather_general.kbc", folder)
    shutil.rmtree(folder / "indices")
    (folder / broken).write_bytes(b"\x1b[31m this is neither JSON nor a database " * 99)
    healthy = kitbash(env, "ask", "--json", "What is the speed of light?")
    assert healthy.code == 0, healthy.err
    (row,) = [row for row in said(env, "cartridge", "list") if row["name"] == "sick_general"]
    assert row["facts"] == 0
    assert row["set_aside"]
    doctor = kitbash(env, "doctor")
    assert doctor.code == 1
    assert "sick_general is set aside" in doctor.out
    assert healthy.is_clean
    assert doctor.is_clean


def test_a_broken_cartridge_is_not_shown(env: Env, tmp_path: Path) -> None:
    (tmp_path / "own/sick_general.kbc").mkdir(parents=True)
    listed = kitbash(env, "cartridge", "list")
    assert listed.code == 0
    assert "set aside: sick_general: " in listed.err
    assert len(listed.out.splitlines()) == 14
    shown = refused(env, "show", "sick_general")
    assert shown.code == 1
    assert len(said(env, "status")["set_aside"]) == 1


def refused(env: Env, *arguments: str | bytes) -> Ran:
    ran = kitbash(env, "cartridge", *arguments)
    assert ran.is_clean
    assert len(ran.err.splitlines()) == 1
    return ran


def test_what_cannot_be_done_is_said_in_one_line(env: Env, tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text(NOTES)
    unknown = refused(env, "show", b"nothing\x1b[2J")
    assert (unknown.code, "physics_general" in unknown.err) == (2, True)
    assert refused(env, "build", str(tmp_path / "absent")).code == 1
    assert refused(env, "import", str(tmp_path)).code == 1
    assert refused(env, "build", str(notes), "--faction", "rumour").code == 1
    assert refused(env, "build", str(notes), "--out", str(notes)).code == 1
    assert refused(env, "export", "physics_general", str(tmp_path / "absent/out.md")).code == 1


def test_a_folder_whose_name_is_not_utf8_can_be_listed(env: Env, data: Path, tmp_path: Path) -> None:
    odd = tmp_path / b"odd\xff".decode(errors="surrogateescape")
    shutil.copytree(data / "starter/weather_general.kbc", odd / "weather_general.kbc")
    env |= {"KITBASH_CARTRIDGES_DIR": str(odd), "PYTHONIOENCODING": "utf-8:strict"}
    for shape in ((), ("--json",)):
        ran = kitbash(env, "cartridge", "list", *shape)
        assert ran.code == 0, ran.err
        assert ran.is_clean
