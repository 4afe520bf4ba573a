"""`kitbash ask --trace`, `deltas` and `tail`: what contradicted what in a question, and what was decided."""

import json
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from kitbash.blackboard import keys
from kitbash.domain.ids import QueryId
from tests.e2e.processes import Env, environment
from tests.integration.cli_asking import Cli
from tests.servers import Server, plain
from tests.unit.cascade_kit import BALLAD, POND, RIGOUR, TALE, library_in

MERCURY: Final = "Where does mercury boil?"
FROG: Final = "How well does a frog swim?"
DELTA: Final = {
    "delta_id", "layer_a", "layer_b", "item_a", "item_b", "key", "size", "severity", "resolution",
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    """Return a server of this module's own: what is on it is counted."""
    with plain() as own:
        yield own


@pytest.fixture(scope="module")
def cartridges(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pond")
    library_in(folder, POND, TALE, RIGOUR, BALLAD).close()
    return folder / "cartridges"


@pytest.fixture
def env(server: Server, cartridges: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Env:
    """Return the environment of a Kitbash with an empty server and an archive of its own; it is this process's too."""
    server.flush()
    (tmp_path / "data").mkdir()
    more = {"KITBASH_CARTRIDGES_DIR": str(cartridges), "KITBASH_CARTRIDGE__STARTER": "false"}
    env = environment(tmp_path / "data", server.url, **more)
    for name in ("KITBASH_DATA_DIR", "KITBASH_REDIS_URL", *more):
        monkeypatch.setenv(name, env[name])
    return env


@pytest.fixture
def cli(env: Env, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(monkeypatch, capsys)


def archive_files(env: Env) -> dict[str, Path]:
    return {path.name: path for path in Path(env["KITBASH_DATA_DIR"]).glob("archive/logs/*/*.jsonl")}


def test_a_contradiction_is_shown_with_where_everything_ended_and_why(cli: Cli, env: Env) -> None:
    ran = cli("ask", "--trace", MERCURY)
    assert ran.code == 5
    assert ran.out.startswith("I cannot answer: what I know contradicts itself.")
    for line in (
        "d1\tcritical\tL0-L1\t0.72\tpond_general#3\tpond_general#4\tunresolved",
        "pond_general#4\t",
        "blocked\tcontradicts pond_general#3 (d1)",
        "contradiction\tcritical d1, L0 against L1: L0 against L1: no answer can be trusted\trefuse",
    ):
        assert line in ran.out
    assert ran.is_clean


def test_contradictions_are_listed_and_resolved_on_the_blackboard_and_in_the_archive(cli: Cli, server: Server) -> None:
    query_id = cli.asked(MERCURY)
    (delta,) = cli.said("deltas", query_id)
    assert delta.keys() == DELTA
    assert (delta["delta_id"], delta["resolution"]) == ("d1", "unresolved")
    resolved = cli("deltas", query_id, "--resolve", "d1", "--as", " L0\x1b[31m holds\n")
    assert resolved.code == 0, resolved.err
    assert "pond_general#3 | pond_general#4 (L0[31m holds)" in resolved.out
    assert resolved.is_clean
    with closing(server.node()) as node:
        (text,) = node.lrange(keys.query_keys(QueryId(query_id)).deltas, 0, -1)
        assert json.loads(text)["resolution"] == "L0[31m holds"
        node.delete(*(key for key in node.scan_iter("*") if query_id in key))
    (again,) = cli.said("deltas", query_id)
    assert again == delta | {"resolution": "L0[31m holds"}
    (later,) = cli.said("deltas", query_id, "--resolve", "d1", "--as", "L1 holds")
    assert later == delta | {"resolution": "L1 holds"}
    assert cli.said("replay", query_id)["changed"] == 0


def test_what_is_resolved_while_the_archive_refuses_is_resolved_in_it_later(cli: Cli, env: Env) -> None:
    blocked = Path(env["KITBASH_DATA_DIR"]) / "archive"
    blocked.write_text("in the way")
    query_id = cli.asked(MERCURY)
    assert cli.said("deltas", query_id, "--resolve", "d1", "--as", "L0 holds")[0]["resolution"] == "L0 holds"
    blocked.unlink()
    assert cli.said("replay", query_id) == {"queries": 1, "changed": 0, "set": [], "differences": [], "skipped": 0}
    told = [json.loads(line) for line in archive_files(env)["structural_deltas.jsonl"].read_text().splitlines()]
    assert [(it["resolution"], it.get("amends", False)) for it in told] == [("unresolved", False), ("L0 holds", True)]


def test_what_cannot_be_resolved_is_refused(cli: Cli, env: Env) -> None:
    query_id, plain_id = cli.asked(MERCURY), cli.asked(FROG)
    for arguments, says in (
        (("--resolve", "d1"), "give both"),
        (("--as", "L0"), "give both"),
        (("--resolve", "d9", "--as", "L0"), "has no contradiction 'd9'; it has d1"),
        (("--resolve", "d1", "--as", ""), "1 to 500 characters"),
        (("--resolve", "d1", "--as", "x" * 501), "1 to 500 characters"),
    ):
        assert says in cli.refused("deltas", query_id, *arguments)
    assert "it has none" in cli.refused("deltas", plain_id, "--resolve", "d1", "--as", "x")
    assert "neither on the blackboard nor in the archive" in cli.refused("deltas", "0" * 32)
    assert "not a query id" in cli.refused("deltas", "*\x1b[2J")
    nothing = cli("deltas", plain_id)
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "Nothing contradicted anything.\n")


def test_the_tail_tells_a_query_in_order(cli: Cli, env: Env) -> None:
    query_id = cli.asked(MERCURY)
    trace = cli.said("trace", query_id)
    count = len([it for it in trace["events"] if it["kind"] not in {"started", "recorded"}])
    ran = cli("tail", "--all", "--count", str(count), "--json")
    events = [json.loads(line) for line in ran.out.splitlines()]
    kinds = [event["kind"] for event in events]
    assert [it["data"] for it in events if it["kind"] == "lifecycle"] == ["search", "triage", "logged"]
    assert kinds == [it["kind"] for it in trace["events"] if it["kind"] not in {"started", "recorded"}]
    (delta,) = [it["data"] for it in events if it["kind"] == "delta"]
    assert delta == trace["deltas"][0]
    assert [it["data"] for it in events if it["kind"] == "decision"] == trace["decisions"]
    readable = cli("tail", "--all", "--count", str(count))
    for words in (
        "delta     critical d1, L0_EMPIRICAL against L1_AXIOMATIC, size 0.72: pond_general#3 | pond_general#4",
        "decision  route: L0 against L1: no answer can be trusted",
        "lifecycle logged",
    ):
        assert words in readable.out
    assert readable.is_clean
