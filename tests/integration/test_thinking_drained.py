"""What ends on a real server is archived by one of several, or by the next when one is killed, and counted once."""

import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from kitbash.archive import finding
from kitbash.archive.layout import day_of
from kitbash.blackboard import keys
from kitbash.cascade.archivist import Archivist, Drained
from kitbash.cascade.background import Background
from kitbash.cascade.compare import Digests, compare
from kitbash.cascade.overrides import Overrides
from kitbash.cascade.stats import Stats, summary
from kitbash.client import Client
from kitbash.domain.answer import AskMode
from kitbash.domain.ids import QueryId, parse_query_id
from kitbash.runtime import Runtime
from kitbash.settings import load
from tests.boards import at_once
from tests.servers import Server
from tests.unit.cascade_kit import BALLAD, POND, RIGOUR, TALE, library_in

REPOSITORY: Final = Path(__file__).parents[2]
MERCURY: Final = "Where does mercury boil?"
ASKED: Final = (
    (MERCURY, "default"),
    ("How long does a goldfish remember?", "default"),
    ("Does mercury boil when elves sing?", "fiction"),
    ("What does a frog do before rain?", "default"),
    ("A frog swims well.", "default"),
    ("Who won the chess cup?", "default"),
)

DYING: Final = """
import os, signal, sys
from kitbash.blackboard.redis_board import RedisBlackboard
from kitbash.cascade import archivist
from kitbash.client import Client

verb, left = sys.argv[1], int(sys.argv[2])
real = getattr(RedisBlackboard, verb)
# So that whoever comes next need not wait long.
archivist.LEASE_MS = 1

def instead(self, *args, **kwargs):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, *args, **kwargs)

setattr(RedisBlackboard, verb, instead)
Client().archive()
"""


@pytest.fixture(autouse=True)
def archived_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing archived but when a test says so."""

    def nothing(_: Background) -> None:
        return None

    monkeypatch.setattr(Background, "nudge", nothing)


@pytest.fixture(scope="module")
def cartridges(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of contradictions."""
    folder = tmp_path_factory.mktemp("pond")
    library_in(folder, POND, TALE, RIGOUR, BALLAD).close()
    return folder / "cartridges"


@pytest.fixture
def client(fresh_plain: Server, cartridges: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Client]:
    """Return a client that knows only of those."""
    env = {"REDIS_URL": fresh_plain.url, "CARTRIDGES_DIR": str(cartridges), "CARTRIDGE__STARTER": "false"}
    for name, value in env.items():
        monkeypatch.setenv(f"KITBASH_{name}", value)
    with Client() as client:
        yield client


@pytest.fixture
def root(client: Client) -> Path:
    return client.runtime.settings.paths.archive


def ask(client: Client, text: str = MERCURY, project: str = "default") -> QueryId:
    return parse_query_id(client.ask(text, project=project, mode=AskMode.DIRECT, user="ann").query_id)


def found(root: Path, query_id: QueryId) -> finding.Archived:
    archived = finding.find(root, query_id)
    assert archived is not None
    return archived


def counts(client: Client) -> Stats:
    day = day_of(client.runtime.board.trace(ask(client)).opened_ms)  # pyright: ignore[reportOptionalMemberAccess]
    return summary(client.runtime.board.counts([day]))


def traces(root: Path) -> list[str]:
    return [line["query_id"] for path in sorted((root / "logs").iterdir()) for line in finding.queries(root, path.name)]


def test_archivists_at_once_count_each_query_once(client: Client, root: Path) -> None:
    ids = {ask(client, text, project) for text, project in ASKED for _ in range(4)}
    runtimes = [Runtime(load().settings) for _ in range(4)]
    try:
        drained = at_once([runtime.archivist.drain_all for runtime in runtimes])
    finally:
        for runtime in runtimes:
            runtime.close()
    assert sum(it.written for it in drained) == len(ids)
    assert client.archive() == Drained()
    assert sorted(traces(root)) == sorted(ids)
    now = counts(client)
    assert (now.queries, now.archived, now.lost) == (len(ids), len(ids), 0)


def test_two_that_write_the_same_count_it_once_and_it_is_read_once(client: Client, root: Path) -> None:
    """As when one was so slow that its lease ended."""
    ids = [ask(client) for _ in range(5)]
    ours, theirs = client.runtime.archivist, Runtime(load().settings)
    other: Archivist = theirs.archivist
    waiting = client.runtime.board.ended(99)
    tally, drained = client.runtime.board.tally, list[Drained]()

    def slow(*args: object) -> bool:
        if not drained:
            drained.append(Drained())
            drained.append(other._drain(waiting))  # pyright: ignore[reportPrivateUsage]
        return tally(*args)  # pyright: ignore[reportArgumentType]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(client.runtime.board, "tally", slow)
        ours.drain()
    theirs.close()
    assert sorted(traces(root)) == sorted(ids)
    for query_id in ids:
        archived = found(root, query_id)
        assert compare(archived.trace, Digests.of_query(archived), Overrides()) is None
    now = counts(client)
    assert (now.queries, now.archived) == (5, 5)


@pytest.mark.parametrize("where", ["L0", "checks", "deltas", "decisions", "verdicts"])
def test_a_foreign_entry_loses_its_query_and_no_other(
    client: Client, root: Path, fresh_plain: Server, where: str
) -> None:
    ids = [ask(client) for _ in range(3)]
    with closing(fresh_plain.node()) as node:
        node.rpush(getattr(keys.query_keys(ids[1]), where), "\x00 this is no JSON")
    assert client.archive() == Drained(2, 1)
    assert client.archive() == Drained()
    assert sorted(traces(root)) == sorted([ids[0], ids[2]])
    now = counts(client)
    assert (now.archived, now.lost) == (2, 1)


def test_a_query_whose_keys_expired_is_counted_as_lost(client: Client, root: Path, fresh_plain: Server) -> None:
    ids = [ask(client) for _ in range(2)]
    with closing(fresh_plain.node()) as node:
        node.delete(*(key for key in node.scan_iter("*") if ids[0] in key))
    assert client.archive() == Drained(1, 1)
    assert traces(root) == [ids[1]]
    now = counts(client)
    assert (now.queries, now.archived, now.lost) == (1, 1, 1)


@pytest.mark.parametrize(("verb", "left"), [("settle", 0), ("settle", 3), ("tally", 0), ("tally", 3)])
def test_an_archivist_that_is_killed_is_followed_by_one_that_counts_the_rest(
    client: Client, root: Path, verb: str, left: int
) -> None:
    ids = [ask(client, text, project) for text, project in ASKED]
    died = subprocess.run(
        [sys.executable, "-c", DYING, verb, str(left)], cwd=REPOSITORY, capture_output=True, check=False
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert client.archive() == Drained(len(ids) - left)
    assert sorted(traces(root)) == sorted(ids)
    for query_id in ids:
        archived = found(root, query_id)
        assert compare(archived.trace, Digests.of_query(archived), Overrides()) is None
    now = counts(client)
    assert (now.queries, now.archived, now.lost) == (len(ids), len(ids), 0)
