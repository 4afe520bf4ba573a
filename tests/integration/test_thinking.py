"""What was thought on a real server is archived, replays the same, and is counted once whoever archives it."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

from kitbash.archive import finding
from kitbash.archive.entry import Kind
from kitbash.archive.layout import day_of
from kitbash.blackboard import keys
from kitbash.cascade.archivist import Drained
from kitbash.cascade.background import Background
from kitbash.cascade.compare import Digests, compare
from kitbash.cascade.overrides import Overrides, overrides
from kitbash.cascade.stats import Stats, summary
from kitbash.cascade.step import late
from kitbash.client import Client
from kitbash.domain.answer import AskMode, Status
from kitbash.domain.ids import QueryId, parse_query_id
from kitbash.domain.lifecycle import Lifecycle
from tests.servers import Server
from tests.unit.cascade_kit import BALLAD, POND, RIGOUR, TALE, library_in

MERCURY: Final = "Where does mercury boil?"
ASKED: Final = (
    (MERCURY, "default"),
    ("How long does a goldfish remember?", "default"),
    ("How long does a goldfish really remember?", "default"),
    ("Does mercury boil when elves sing?", "fiction"),
    ("Are swans black in the ballad?", "default"),
    ("What does a frog do before rain?", "default"),
    ("Does a frog swim well and are swans black in the ballad?", "default"),
    ("Where does mercury boil and does a frog swim well?", "default"),
    ("What exactly croaks again, frogs or elves?", "fiction"),
    ("A frog swims well.", "default"),
    ("Who won the chess cup?", "default"),
)


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


def test_what_was_coupled_by_the_server_replays_the_same(client: Client, root: Path) -> None:
    ids = [ask(client, text, project) for text, project in ASKED for _ in range(2)]
    assert client.archive() == Drained(len(ids))
    severities: set[str] = set()
    statuses: set[str] = set()
    for query_id in ids:
        archived = found(root, query_id)
        assert compare(archived.trace, Digests.of_query(archived), Overrides()) is None, archived.trace
        severities |= {line["severity"] for line in archived.lines[Kind.STRUCTURAL_DELTAS]}
        statuses.add(f"{archived.trace['status']} {archived.trace['answer']['layer']}")
    assert severities == {"critical", "high", "medium", "low"}
    assert {"unknown None", "answered 0", "answered 2"} <= statuses
    remembered = found(root, ids[-5]).trace["curation"]["context"]
    assert remembered["visits"] > 0


def test_a_query_that_was_archived_is_logged_and_decays(client: Client) -> None:
    query_id = ask(client)
    before = client.runtime.redis.ttl(keys.query_keys(query_id).L0)
    client.archive()
    assert client.trace(query_id).lifecycle == Lifecycle.LOGGED
    decay_s = client.runtime.settings.coupling.decay_s
    assert decay_s - 5 <= client.runtime.redis.ttl(keys.query_keys(query_id).L0) <= decay_s < before  # pyright: ignore[reportOperatorIssue]


def test_a_query_that_ran_out_of_time_while_it_was_coupled_replays_the_same(client: Client, root: Path) -> None:
    board = client.runtime.board
    with pytest.MonkeyPatch.context() as patched:
        consider = board.consider

        def expires(query_id: QueryId, *args: object, **more: object) -> object:
            found = consider(query_id, *args, **more)  # pyright: ignore[reportArgumentType]
            board.finish(query_id, late())
            return found

        patched.setattr(board, "consider", expires)
        result = client.ask(MERCURY, mode=AskMode.DIRECT)
    assert result.answer.status is Status.EXPIRED
    client.archive()
    archived = found(root, parse_query_id(result.query_id))
    assert archived.lines[Kind.STRUCTURAL_DELTAS]
    assert compare(archived.trace, Digests.of_query(archived), Overrides()) is None
    differing = compare(archived.trace, Digests.of_query(archived), overrides(["kappa=0.3"]))
    assert differing is not None
    assert json.dumps(differing.to_json())
