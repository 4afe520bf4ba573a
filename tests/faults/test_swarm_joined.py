"""Bus and cascade under faults: a bus that is down holds up no archive, and what was not told is told later."""

from contextlib import closing
from pathlib import Path

import pytest

from kitbash.blackboard import keys
from kitbash.blackboard.board import EventKind
from kitbash.client import Client
from kitbash.domain.answer import AskMode, Status
from kitbash.domain.ids import QueryId, parse_query_id
from kitbash.errors import StoreUnavailable
from kitbash.settings import load
from kitbash.swarm.opening import task_id_of
from kitbash.swarm.returning import Relay
from tests import servers
from tests.boards import OTHER_ANSWER, new_query, redis_board
from tests.servers import Server
from tests.swarms import bus_client, finding, fresh_prefix, task
from tests.waiting import until

QUESTION = "How deep is Lake Inari?"


@pytest.fixture
def joined(fresh_plain: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the prefix of a bus whose client opens tasks, in this process's settings."""
    prefix = fresh_prefix()
    monkeypatch.setenv("KITBASH_REDIS_URL", fresh_plain.url)
    monkeypatch.setenv("KITBASH_SWARM__PREFIX", prefix)
    monkeypatch.setenv("KITBASH_SWARM__OPEN_TASKS", "true")
    monkeypatch.setenv("KITBASH_CARTRIDGE__STARTER", "false")
    return prefix


def asked(client: Client) -> QueryId:
    result = client.ask(QUESTION, mode=AskMode.DIRECT)
    assert result.answer.status is Status.UNKNOWN
    return parse_query_id(result.query_id)


def test_a_bus_that_is_down_holds_up_no_archive(joined: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    del joined
    monkeypatch.setenv("KITBASH_SWARM__URL", f"unix://{tmp_path}/nobody")
    with Client(load().settings) as client:
        query_ids = [asked(client) for _ in range(3)]
        client.archive()
        assert until(lambda: client.runtime.board.count_ended() == 0)
        assert {client.trace(it).lifecycle for it in query_ids} == {"logged"}


def test_a_key_of_another_type_in_the_way_of_a_task_holds_up_no_archive(joined: str, fresh_plain: Server) -> None:
    with closing(fresh_plain.node()) as node, Client(load().settings) as client:
        node.set(f"{joined}tasks:unassigned", "in the way")
        query_id = asked(client)
        client.archive()
        assert until(lambda: client.trace(query_id).lifecycle == "logged")
        assert not node.exists(f"{joined}task:{task_id_of(query_id)}")


def test_a_query_that_is_gone_when_its_answer_comes_is_told_nothing_and_the_feed_is(
    joined: str, fresh_plain: Server
) -> None:
    with Client(load().settings) as client, bus_client(fresh_plain, prefix=joined) as bus:
        query_id = asked(client)
        client.archive()
        work = until(bus.next_task)
        assert work is not None
        with closing(fresh_plain.node()) as node:
            node.delete(*keys.query_keys(query_id))
            bus.post_finding(finding(task_id=work.id))
            bus.complete_task(work, "done")
            client.archive()
            assert not node.exists(*keys.query_keys(query_id))
        events = client.runtime.board.feed(after="0", block_ms=1)
        assert [it.query_id for it in events if it.kind is EventKind.FOUND] == [query_id]


def test_what_could_not_be_told_while_the_server_was_down_is_told_when_it_is_back(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder, prefix, query = Path(tmp_path_factory.mktemp("s")), fresh_prefix(), new_query()
    with (
        servers.plain() as home,
        redis_board(home) as board,
        servers.plain(appendonly=True, folder=folder) as server,
        bus_client(server, prefix=prefix) as bus,
    ):
        board.open(query)
        board.finish(query.query_id, OTHER_ANSWER)
        board.settle(query.query_id, decay_s=60, is_logged=True)
        relay = Relay(bus, board, "upkeep", propose_from=0.9)
        work = task(data={"query_id": query.query_id})
        bus.claim_task(work)
        bus.post_finding(finding(task_id=work.id))
        bus.complete_task(work, "done")
        with closing(server.node()) as node:
            until(lambda: node.info("persistence")["aof_pending_bio_fsync"] == 0)
        server.kill()
        with pytest.raises(StoreUnavailable):
            relay.run()
        with servers.plain(appendonly=True, folder=folder):
            assert until(bus.health_check)
            assert relay.run() > 0
        trace = board.trace(query.query_id)
        assert trace is not None
        assert [it.kind for it in trace.events].count(EventKind.FOUND) == 1
