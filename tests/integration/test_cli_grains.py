"""`kitbash feedback` and `kitbash grains`: answers are judged, and what earned its place answers at once."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

from kitbash.client import Client
from kitbash.domain.answer import AskMode
from kitbash.domain.grain import GrainState
from kitbash.domain.ids import new_query_id
from kitbash.domain.judgement import Judgement
from tests.e2e.processes import Env, environment
from tests.integration.cli_asking import Cli
from tests.servers import Server, plain
from tests.unit.cascade_kit import POND, library_in
from tests.waiting import until

SWIMS: Final = "How does a frog swim well?"
COLUMNS: Final = "grain\tquestion form\tfact\tstate\thits\tright\twrong\tat least\tserved\tbits"


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    """Return a server of this module's own."""
    with plain() as own:
        yield own


@pytest.fixture
def env(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Env:
    """Return the environment of a Kitbash with an empty server and a pond; it is this process's too."""
    server.flush()
    library_in(tmp_path, POND).close()
    (tmp_path / "data").mkdir()
    more = {
        "KITBASH_CARTRIDGES_DIR": str(tmp_path / "cartridges"),
        "KITBASH_CARTRIDGE__STARTER": "false",
        "KITBASH_METABOLISM__ENABLED": "false",
    }
    env = environment(tmp_path / "data", server.url, **more)
    for name in ("KITBASH_DATA_DIR", "KITBASH_REDIS_URL", *more):
        monkeypatch.setenv(name, env[name])
    return env


@pytest.fixture
def cli(env: Env, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    assert env
    return Cli(monkeypatch, capsys)


def earned(question: str = SWIMS) -> str:
    """Return the id of a grain that was confirmed until nothing was left to doubt, and crystallised."""
    with Client() as client:
        grains = client.runtime.grains
        for _ in range(10):
            client.feedback(client.ask(question, mode=AskMode.DIRECT).query_id, Judgement.RIGHT)
        client.archive()
        (grain_id,) = [it.grain_id for it in grains.every()]
        grain = grains.get(grain_id)
        assert grain is not None
        grains.promote(grain, GrainState.LOCKED)
        grain = grains.get(grain_id)
        assert grain is not None
        assert client.runtime.crystals.crystallise(grain)
    return grain_id


def only(found: list[dict[str, Any]]) -> dict[str, Any]:
    (one,) = found
    return one


def test_an_answer_is_judged_once_and_its_grain_told(cli: Cli) -> None:
    query_id = cli.asked(SWIMS)
    told = cli("feedback", query_id, "right")
    assert (told.code, told.err) == (0, "")
    first, second = told.out.splitlines()
    assert first == "counted"
    assert second.endswith(": candidate, not served; 1 right, 0 wrong, at least " + second.rpartition("least ")[2])
    assert "of pond_general#7" in second
    again = cli.said("feedback", query_id, "right")
    assert (again["counted"], again["grain"]["confirmed"]) == ("before", 1)
    moved = cli.said("feedback", query_id, "wrong")
    assert (moved["counted"], moved["grain"]["confirmed"], moved["grain"]["refuted"]) == ("moved", 0, 1)


def test_grains_are_listed_shown_and_dropped(cli: Cli) -> None:
    assert cli("grains").out.splitlines() == [COLUMNS]
    query_id = cli.asked(SWIMS)
    cli("feedback", query_id, "right")
    grain = only(cli.said("grains"))
    assert (grain["form"], grain["cartridge"], grain["fact_id"]) == ("how doe frog swim well", "pond_general", 7)
    assert (grain["state"], grain["hits"], grain["confirmed"], grain["is_served"]) == ("candidate", 1, 1, False)
    assert grain["weight_bits"] is None
    grain_id = grain["grain_id"]
    row = cli("grains").out.splitlines()[1].split("\t")
    assert row[:7] == [grain_id, "how doe frog swim well", "pond_general#7", "candidate", "1", "1", "0"]
    shown = cli.said("grains", "show", grain_id)
    assert (shown["fact"], shown["reason"]) == ("A frog swims well.", "1 of 5 hits")
    assert "not served: 1 of 5 hits" in cli("grains", "show", grain_id).out
    assert cli("grains", "drop", grain_id).out.startswith(f"{grain_id} is gone")
    assert cli.said("grains") == []
    assert "there is no grain" in cli.refused("grains", "show", grain_id)
    assert "there is no grain" in cli.refused("grains", "drop", grain_id)


@pytest.mark.parametrize("grain_id", ["x", "sg_", "sg_0123456789abcdef", "sg_0123456789ABCDEF0", "*", "../../x"])
def test_what_is_no_grains_id_is_refused(cli: Cli, grain_id: str) -> None:
    assert "is not a grain's id" in cli.refused("grains", "show", grain_id)


def test_a_served_grain_answers_at_layer_0_and_one_refutation_silences_it(cli: Cli, server: Server) -> None:
    grain_id = earned()
    grain = only(cli.said("grains"))
    assert (grain["state"], grain["is_served"], grain["hits"]) == ("crystallised", True, 10)
    assert grain["weight_bits"] > 0
    assert "served: its precision is beyond doubt" in cli("grains", "show", grain_id).out
    answered = cli("ask", "--json", "--trace", "Tell me, how does the frog swim well?").json
    assert (answered["layer"], answered["answer"]) == (0, "A frog swims well.")
    assert answered["path"][0]["reason"].startswith(f"grain {grain_id} of pond_general#7: 10 right, 0 wrong, at least ")
    assert f"grain {grain_id}" in cli("trace", answered["query_id"]).out
    assert cli("replay", answered["query_id"]).out.endswith("1 queries replayed, 0 would change\n")
    assert only(cli.said("grains"))["hits"] == 11
    refuted = cli("feedback", answered["query_id"], "wrong")
    assert "crystallised, not served" in refuted.out
    assert "not served: its precision is in doubt" in cli("grains", "show", grain_id).out
    assert cli("ask", "--json", SWIMS).json["layer"] == 2
    # What a file keeps outlives the server's keys.
    server.flush()
    assert cli("grains", "restore").out == "1 grains restored\n"
    grain = only(cli.said("grains"))
    assert (grain["state"], grain["refuted"], grain["is_served"]) == ("crystallised", 1, False)


def test_a_refutation_reaches_another_process_within_a_second(cli: Cli) -> None:
    query_id = cli.asked(SWIMS)
    with Client() as other:
        assert other.ask(SWIMS).answer.layer == 2
        earned()
        until(lambda: other.ask(SWIMS).answer.layer == 0, within_s=1.0)
        with Client() as one:
            one.feedback(query_id, Judgement.WRONG)
        until(lambda: other.ask(SWIMS).answer.layer == 2, within_s=1.0)


def test_a_query_that_is_only_in_the_archive_can_be_judged(cli: Cli, server: Server) -> None:
    query_id = cli.asked(SWIMS)
    server.flush()
    assert cli.said("feedback", query_id, "wrong")["grain"]["refuted"] == 1


def test_a_correction_waits_for_a_person(cli: Cli) -> None:
    query_id = cli.asked(SWIMS)
    told = cli("feedback", query_id, "correct", "It\x1b[31m", "kicks.")
    assert told.out.splitlines()[:2] == ["kept for review: kitbash grains corrections", "counted"]
    kept = only(cli.said("grains", "corrections"))
    assert (kept["query_id"], kept["question"], kept["text"]) == (query_id, SWIMS, "It[31m kicks.")
    assert "It[31m kicks.\tpond_general#7" in cli("grains", "corrections").out
    assert json.loads(cli("ask", "--json", SWIMS).out)["answer"] == "A frog swims well."
    unknown = cli.asked("Who sings of lemons?")
    told = cli("feedback", unknown, "correct", "A poet.")
    assert (told.code, told.out) == (0, "kept for review: kitbash grains corrections\n")
    assert "Nothing was counted" in told.err


def test_what_cannot_be_judged_is_refused_in_one_line(cli: Cli) -> None:
    unknown = cli.asked("Who sings of lemons?")
    assert "there is no answer to judge" in cli.refused("feedback", unknown, "right")
    assert "neither on the blackboard nor in the archive" in cli.refused("feedback", new_query_id(), "right")
    assert "is not a query id" in cli.refused("feedback", "../../x", "right")
    query_id = cli.asked(SWIMS)
    assert "a correction is a text" in cli.refused("feedback", query_id, "correct")
    assert "takes no text" in cli.refused("feedback", query_id, "right", "yes")
    assert cli("feedback", query_id, "perhaps").code == 2
    assert cli.said("grains") != []
