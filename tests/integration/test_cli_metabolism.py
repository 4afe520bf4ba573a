"""`kitbash metabolism run` and `status`: what the cycles did, and what they remember."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from kitbash.blackboard import keys
from kitbash.domain.normal_form import normal_form
from kitbash.metabolism.observing import form_digest
from tests.e2e.processes import Env, environment
from tests.integration.cli_asking import Cli
from tests.servers import Server, plain
from tests.unit.cascade_kit import POND, library_in

MERCURY: Final = "Where does mercury boil?"
FROG: Final = "How well does a frog swim?"
STATUS: Final = {"running", "due", "waiting", "state", "balance", "resonance", "cycles"}


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    """Return a server of this module's own: what is on it is counted."""
    with plain() as own:
        yield own


@pytest.fixture
def env(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Env:
    """Return the environment of a Kitbash that knows the pond, with an empty server; it is this process's too."""
    server.flush()
    library_in(tmp_path, POND).close()
    (tmp_path / "data").mkdir(exist_ok=True)
    more = {"KITBASH_CARTRIDGES_DIR": str(tmp_path / "cartridges"), "KITBASH_CARTRIDGE__STARTER": "false"}
    env = environment(tmp_path / "data", server.url, **more)
    for name in ("KITBASH_DATA_DIR", "KITBASH_REDIS_URL", *more):
        monkeypatch.setenv(name, env[name])
    return env


@pytest.fixture
def cli(env: Env, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(monkeypatch, capsys)


def test_on_an_empty_blackboard_every_cycle_runs_and_finds_nothing(cli: Cli) -> None:
    for kind in ("background", "idle", "sleep"):
        done = cli.said("metabolism", "run", kind)
        assert (done["kind"], done["success"], done["analysed"], done["changed"]) == (kind, True, 0, [])
    found = cli.said("metabolism", "status")
    assert found.keys() == STATUS
    assert [it["kind"] for it in found["cycles"]] == ["sleep", "idle", "background"]
    assert (found["running"], found["waiting"], found["state"]["turn"]) == (None, 0, 1)


def test_what_was_asked_is_digested_and_shown(cli: Cli) -> None:
    for question in (FROG, FROG, MERCURY):
        cli.asked(question)
    assert cli.said("metabolism", "status")["waiting"] == 3
    ran = cli("metabolism", "run")
    assert ran.out.startswith("background cycle 1: 3 looked at")
    found = cli.said("metabolism", "status")
    assert (found["waiting"], found["resonance"]["patterns"], found["resonance"]["active"]) == (0, 2, 2)
    statistics = found["state"]["statistics"]
    assert (statistics["queries"], statistics["answered"]["2"], statistics["severities"]) == (3, 2, {"critical": 1})
    assert found["balance"]["is_dissonant"]
    readable = cli("metabolism", "status")
    assert readable.code == 0
    assert readable.is_clean
    assert "last 3       answered by cartridge 67%" in readable.out
    assert "balance      dissonant" in readable.out
    assert "sleep is due; 0 queries since" in readable.out


def test_no_question_is_kept_only_digests_of_its_form(cli: Cli, server: Server) -> None:
    cli.asked(FROG)
    cli("metabolism", "run")
    with closing(server.node()) as node:
        kept = [node.dump(key) for key in keys.METABOLISM if node.exists(key)]
        assert node.hkeys(keys.METABOLISM.resonance) == [form_digest(normal_form(FROG))]
        texts = [node.get(keys.METABOLISM.state), *node.lrange(keys.METABOLISM.recent, 0, -1)]
    assert len(kept) >= 4
    assert not any("frog" in text.lower() for text in texts)


def test_while_another_cycle_runs_it_is_refused(cli: Cli, server: Server) -> None:
    with closing(server.node()) as node:
        held = {"cycle": 4, "token": "other", "kind": "sleep", "until_ms": 10**15}
        node.hset(keys.METABOLISM.lease, mapping=held)
    assert "a sleep cycle (number 4) runs" in cli.refused("metabolism", "run", code=1)
    assert "a sleep cycle runs" in cli("metabolism", "status").out


def test_another_word_than_a_cycle_is_a_usage_error(cli: Cli) -> None:
    assert cli("metabolism", "run", "nap").code == 2


def test_switched_off_nothing_is_noted(cli: Cli) -> None:
    cli.monkeypatch.setenv("KITBASH_METABOLISM__ENABLED", "false")
    cli.asked(FROG)
    assert cli.said("metabolism", "status")["waiting"] == 0
