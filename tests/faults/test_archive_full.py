"""A disk that is full, or a server that is gone, while queries are archived: they are answered, and archived later."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from kitbash.archive import finding
from kitbash.blackboard.redis_board import RedisBlackboard
from kitbash.cascade import archivist as archivists
from kitbash.cascade.background import Background
from kitbash.client import Client
from kitbash.domain.answer import AskMode, Status
from kitbash.errors import StoreUnavailable
from tests import servers
from tests.servers import Server
from tests.unit.cascade_kit import POND, library_in

REPOSITORY: Final = Path(__file__).parents[2]
FROG: Final = "How well does a frog swim?"

FULL: Final = """
import json, resource, sys
from kitbash.cascade import archivist
from kitbash.client import Client
from kitbash.domain.answer import AskMode

def limit(size):
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard if size is None else size, hard))

archivist.PAUSE_S = 0.0
with Client() as client:
    def told(drained):
        days = {client.trace(query_id).query_id: None for query_id in ids}
        return [drained.written, drained.lost, drained.error]

    ids = [client.ask("How well does a frog swim?", mode=AskMode.DIRECT).query_id for _ in range(3)]
    first = told(client.archive())
    # Room for one line more, and not for those of six queries.
    limit(%(limit)d)
    more = [client.ask("How well does a frog swim?", mode=AskMode.DIRECT) for _ in range(6)]
    ids += [result.query_id for result in more]
    full = [told(client.archive()), told(client.archive())]
    limit(None)
    free = told(client.archive())
    print(json.dumps([first, full, free, [result.answer.text for result in more], ids]))
"""


@pytest.fixture(autouse=True)
def archived_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing archived but when a test says so."""

    def nothing(_: Background) -> None:
        return None

    monkeypatch.setattr(Background, "nudge", nothing)


@pytest.fixture(scope="module")
def cartridges(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pond")
    library_in(folder, POND).close()
    return folder / "cartridges"


@pytest.fixture
def root(server: Server, cartridges: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the archive of a Kitbash of this process and of those it starts."""
    env = {"REDIS_URL": server.url, "CARTRIDGES_DIR": str(cartridges), "CARTRIDGE__STARTER": "false"}
    for name, value in env.items():
        monkeypatch.setenv(f"KITBASH_{name}", value)
    monkeypatch.setattr(archivists, "PAUSE_S", 0.0)
    return tmp_path / "data" / "archive"


def traces(root: Path) -> list[str]:
    return [line["query_id"] for path in sorted((root / "logs").iterdir()) for line in finding.queries(root, path.name)]


def stats(client: Client) -> Any:
    from kitbash.archive.layout import day_of
    from kitbash.cascade.stats import summary

    days = [day_of(client.trace(it).opened_ms) for it in client.runtime.board.ended(1)] or sorted(
        path.name for path in (client.runtime.settings.paths.archive / "logs").iterdir()
    )
    return summary(client.runtime.board.counts(days))


def ask(client: Client) -> str:
    result = client.ask(FROG, mode=AskMode.DIRECT)
    assert result.answer.status is Status.ANSWERED
    return result.query_id


@pytest.mark.parametrize("limit", [12_000, 30_000])
def test_a_full_disk_answers_and_archives_later_and_once(root: Path, limit: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FULL % {"limit": limit}], cwd=REPOSITORY, capture_output=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr.decode()
    first, full, free, answers, ids = json.loads(ran.stdout)
    assert first == [3, 0, None]
    for written, lost, error in full:
        assert (written, lost) == (0, 0)
        assert "File too large; free some space or raise the quota" in error
    assert free == [6, 0, None]
    assert set(answers) == {"A frog swims well."}
    assert sorted(traces(root)) == sorted(ids)
    assert ran.stderr.count(b"archive.failed") == 2
    with Client() as client:
        found = stats(client)
        assert (found.queries, found.archived, found.failed, found.lost) == (9, 9, 12, 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="whoever may do everything is not kept out")
def test_a_folder_that_may_not_be_written_to_holds_up_no_answer(root: Path) -> None:
    root.mkdir(parents=True)
    root.chmod(0o500)
    with Client() as client:
        ask(client)
        assert "let this user write there" in str(client.archive().error)
        root.chmod(0o700)
        assert client.archive().written == 1


def test_a_file_in_place_of_the_folder_holds_up_no_answer(root: Path) -> None:
    root.parent.mkdir(exist_ok=True, parents=True)
    root.write_text("mine")
    with Client() as client:
        ids = [ask(client) for _ in range(2)]
        assert "move it away" in str(client.archive().error)
        root.unlink()
        assert client.archive().written == 2
        found = stats(client)
        assert (found.queries, found.archived, found.failed, found.lost) == (2, 2, 2, 0)
    assert sorted(traces(root)) == sorted(ids)


def test_a_client_that_leaves_while_the_disk_refuses_leaves_its_queries_to_the_next(root: Path) -> None:
    root.parent.mkdir(exist_ok=True, parents=True)
    root.write_text("mine")
    with Client() as client:
        query_id = ask(client)
    root.unlink()
    with Client() as client:
        assert client.archive().written == 1
    assert traces(root) == [query_id]


def test_a_server_that_goes_away_while_it_is_drained_loses_and_repeats_nothing(
    root: Path, cartridges: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed when half of the queries are counted, and comes back with what it had on disk."""
    where = tmp_path / "kept"
    where.mkdir()
    settle, calls = RedisBlackboard.settle, list[None]()
    with servers.plain(appendonly=True, folder=where) as first:
        monkeypatch.setenv("KITBASH_REDIS_URL", first.url)
        with closing(first.node()) as node:
            node.config_set("appendfsync", "always")

        def dying(self: RedisBlackboard, *args: Any, **more: Any) -> Any:
            calls.append(None)
            if len(calls) == 3:
                first.kill()
            return settle(self, *args, **more)

        with Client() as client:
            ids = [ask(client) for _ in range(4)]
            with monkeypatch.context() as patched:
                patched.setattr(RedisBlackboard, "settle", dying)
                with pytest.raises(StoreUnavailable):
                    client.runtime.archivist.drain()
            # Leaving says nothing either: the queries wait on the server.
            assert client.archive().error is not None
    with servers.plain(appendonly=True, folder=where) as second:
        monkeypatch.setenv("KITBASH_REDIS_URL", second.url)
        with Client() as client:
            with closing(second.node()) as node:
                node.delete("kb:{lane:upkeep}:slots")
            assert client.archive().written == 2
            found = stats(client)
            assert (found.queries, found.archived, found.lost) == (4, 4, 0)
    assert sorted(traces(root)) == sorted(ids)
