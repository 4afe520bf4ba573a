"""`kitbash replay` and `kitbash stats`: what is archived, what would change, and what is said when the disk refuses."""

import json
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from kitbash.archive.layout import day_of
from kitbash.blackboard import keys
from kitbash.domain.layer import Queue
from tests.e2e.processes import Env, environment, kitbash
from tests.integration.cli_asking import Cli
from tests.servers import Server, plain
from tests.unit.cascade_kit import BALLAD, POND, RIGOUR, TALE, library_in

MERCURY: Final = "Where does mercury boil?"
FROG: Final = "How well does a frog swim?"
STATS: Final = {
    "days", "queries", "statuses", "layers", "p50_ms", "p95_ms", "p99_ms", "deltas", "archive", "archive_error",
    "tokens",
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


def test_a_replay_tells_what_would_change(cli: Cli, env: Env) -> None:
    query_id, other_id = cli.asked(MERCURY), cli.asked(FROG)
    trace = cli.said("trace", query_id)
    day = day_of(trace["opened_ms"])
    assert cli.said("replay", day) == {"queries": 2, "changed": 0, "set": [], "differences": [], "skipped": 0}
    changed = cli.said("replay", day, "--set", "kappa=0.4")
    assert (changed["queries"], changed["changed"], changed["set"]) == (2, 1, ["kappa=0.4"])
    (differing,) = changed["differences"]
    assert (differing["query_id"], differing["was"]["status"]) == (query_id, "unknown")
    assert differing["was"]["answer"].startswith("I cannot answer")
    assert differing["now"] is None or not differing["now"]["answer"].startswith("I cannot answer")
    only = cli.said("replay", other_id, "--set", "threshold.cartridge=1")
    assert (only["queries"], only["changed"], only["differences"][0]["now"]) == (1, 1, None)
    readable = cli("replay", day, "--set", "kappa=0.4")
    assert readable.code == 0
    assert readable.out.endswith("2 queries replayed, 1 would change\n")
    assert f"{query_id}  {MERCURY}" in readable.out
    assert readable.is_clean


@pytest.mark.parametrize("kind", ["routing_decisions", "coupling_checks", "structural_deltas"])
def test_a_tampered_archive_is_noticed(cli: Cli, env: Env, kind: str) -> None:
    query_id = cli.asked(MERCURY)
    path = archive_files(env)[f"{kind}.jsonl"]
    first, *rest = path.read_text().splitlines()
    line = json.loads(first)
    name = {"routing_decisions": "rationale", "coupling_checks": "passed", "structural_deltas": "size"}[kind]
    path.write_text("\n".join([json.dumps(line | {name: 0.001}), *rest, ""]))
    for what in (query_id, day_of(int(query_id[:12], 16))):
        replayed = cli.said("replay", what)
        assert (replayed["queries"], replayed["changed"]) == (1, 1)
        assert replayed["differences"][0]["what"] == [kind]


def test_what_cannot_be_replayed_is_refused(cli: Cli, env: Env) -> None:
    assert "is not in the archive" in cli.refused("replay", "0" * 32)
    assert "not a day" in cli.refused("replay", "2026-02-30")
    assert "not a query id" in cli.refused("replay", "../../../etc\x1b\udcff")
    assert cli.said("replay", "2000-01-01")["queries"] == 0
    for setting in ("kappa=nan", "kappa=", "threshold.cartridge=1.5", "threshold.nobody=0.5", "speed=1"):
        assert "kappa" in cli.refused("replay", "2000-01-01", "--set", setting)


def test_the_stats_count_each_query_once(cli: Cli, env: Env) -> None:
    for text in (MERCURY, FROG, FROG):
        cli.asked(text)
    for _ in range(2):
        found = cli.said("stats")
        assert found.keys() == STATS
        assert (found["queries"], found["statuses"]["answered"], found["statuses"]["unknown"]) == (3, 2, 1)
        assert found["archive"] == {"written": 3, "waiting": 0, "failed": 0, "lost": 0}
        assert found["deltas"]["critical"] == 1
        layer = found["layers"][2]
        assert (layer["name"], layer["answered"], layer["hit_rate"]) == ("cartridge", 2, 0.6667)
        assert 0 < layer["p50_ms"] <= layer["p99_ms"]
        assert found["archive_error"] is None
        # Two were answered below Layer 4, by facts; none was asked of a model.
        assert (found["tokens"]["prompt"], found["tokens"]["reply"]) == (0, 0)
        assert 0 < found["tokens"]["avoided"] < found["tokens"]["plain"]
    readable = cli("stats", "--days", "1")
    assert "queries    3 in 1 days" in readable.out
    assert "archive    3 written, 0 waiting, 0 lost; the disk refused 0 times" in readable.out
    assert "deltas     1 critical" in readable.out
    assert readable.is_clean


def test_an_archive_that_refuses_is_told_and_nothing_is_lost(cli: Cli, env: Env) -> None:
    folder = Path(env["KITBASH_DATA_DIR"]) / "archive"
    folder.write_text("in the way")
    ran = kitbash(env, "ask", "--json", FROG)
    assert ran.code == 0, ran.err
    assert ran.json["answer"] == "A frog swims well."
    assert "archive.failed" in ran.err
    found = cli.said("stats")
    assert found["archive"] == {"written": 0, "waiting": 1, "failed": 2, "lost": 0}
    assert str(folder) in found["archive_error"]
    readable = cli("stats")
    assert "The archive is not written: the archive cannot" in readable.err
    assert "1 waiting" in readable.out
    folder.unlink()
    assert cli.said("stats")["archive"] == {"written": 1, "waiting": 0, "failed": 3, "lost": 0}


def test_with_the_archive_switched_off_nothing_is_written_and_all_is_counted(cli: Cli, env: Env) -> None:
    cli.monkeypatch.setenv("KITBASH_ARCHIVE__ENABLED", "false")
    query_id = cli.asked(MERCURY)
    assert cli.said("stats")["queries"] == 1
    assert archive_files(env) == {}
    resolved = cli.said("deltas", query_id, "--resolve", "d1", "--as", "L0 holds")
    assert [it["resolution"] for it in resolved] == ["L0 holds"]


def test_an_archivist_at_work_elsewhere_is_left_alone(cli: Cli, server: Server) -> None:
    with closing(server.node()) as node:
        node.zadd(keys.slots(Queue.UPKEEP), {"other": 10**15})
        cli.asked(FROG)
        assert cli.said("stats")["archive"]["waiting"] == 1
        node.delete(keys.slots(Queue.UPKEEP))
        assert cli.said("stats")["archive"] == {"written": 1, "waiting": 0, "failed": 0, "lost": 0}
