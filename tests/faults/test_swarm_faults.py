"""Agents that die, and a server that dies under them: nothing is done twice, nothing that was kept is lost."""

import multiprocessing
import os
import signal
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from kitbash.errors import StoreUnavailable
from kitbash.swarm import RedisBusClient, TaskStatus
from kitbash.swarm.commands import findings, tasks
from kitbash.swarm.request import RunScript, Steps
from tests import servers
from tests.servers import Server
from tests.swarms import bus_client, finding, fresh_prefix, keys_of, raw, task
from tests.waiting import until

BRIEF_S: Final = 0.2
_spawn: Final = multiprocessing.get_context("spawn")


def claim_and_hang(url: str, prefix: str) -> None:
    """Claim whatever is next and never finish it."""
    with RedisBusClient(url=url, prefix=prefix, agent_id="doomed") as client:
        assert client.next_task(lease_s=BRIEF_S)
        time.sleep(60)


def test_the_task_of_an_agent_that_was_killed_is_done_by_another(plain_server: Server) -> None:
    prefix, posted = fresh_prefix(), task()
    with bus_client(plain_server, prefix=prefix) as client:
        client.post_task(posted)
        process = _spawn.Process(target=claim_and_hang, args=(plain_server.url, prefix))
        process.start()
        until(lambda: (it := client.get_task(posted)) and it.status is TaskStatus.IN_PROGRESS, 30)
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join(10)
        assert client.get_task(posted) is not None
        taken = until(client.next_task)
        assert taken is not None
        assert (taken.id, taken.attempts) == (posted.id, 2)
        assert client.complete_task(taken, "by another")


class ReplyLost(Exception):
    """The agent dies, or the line breaks, after the server did it and before the agent knows."""


def lose_reply(client: RedisBusClient, steps: Steps[Any]) -> RunScript:
    """Run a command up to its script, have the server do that, and lose the reply; return what was sent."""
    world: Any = client._world  # pyright: ignore[reportPrivateUsage] - the line between client and server breaks here
    reply: Any = None
    while True:
        request = steps.send(reply)
        reply = world._serve(request)
        if isinstance(request, RunScript):
            return request


def test_a_finding_posted_again_after_a_lost_reply_is_kept_once(plain_server: Server) -> None:
    posted = finding(task_id="t1")
    with bus_client(plain_server, prefix=fresh_prefix()) as client:
        lose_reply(client, findings.post(client.bus, posted, "ann"))
        assert client.post_finding(posted)
        assert client.get_findings_for_task("t1") == [posted]


def test_a_claim_sent_again_after_a_lost_reply_gets_the_same_lease(plain_server: Server) -> None:
    posted = task()
    with bus_client(plain_server, prefix=fresh_prefix()) as client:
        sent = lose_reply(client, tasks.claim(client.bus, posted, "ann", "ann", 60_000))
        world: Any = client._world  # pyright: ignore[reportPrivateUsage] - what redis-py does when a connection breaks
        code, token, _ = world._serve(sent)
        assert (code, token) == (2, 1)
        found = client.get_task(posted)
        assert found is not None
        assert found.attempts == 1


def test_a_completion_sent_again_after_a_lost_reply_is_done_once(plain_server: Server) -> None:
    posted = task()
    with bus_client(plain_server, prefix=fresh_prefix()) as client:
        client.claim_task(posted)
        token = client.leases[posted.id].token
        status = TaskStatus.COMPLETED
        lose_reply(client, tasks.leave(client.bus, posted.id, "ann", token, status=status, result="one"))
        assert client.complete_task(posted, "one")
        assert [it.kind for it in client.events("0")] == ["task_claimed", "task_completed"]


def test_work_goes_on_where_it_was_when_the_server_comes_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = Path(tmp_path_factory.mktemp("s"))
    prefix, posted, held, doubt = fresh_prefix(), task(), task(), finding(task_id="t1")
    with servers.plain(appendonly=True, folder=folder) as server, bus_client(server, prefix=prefix) as client:
        client.post_task(posted)
        client.claim_task(held)
        client.post_finding(doubt)
        token = client.leases[held.id].token
        # What was acknowledged is in the file at the latest a second later (appendfsync everysec).
        with closing(raw(server)) as node:
            until(lambda: node.info("persistence")["aof_pending_bio_fsync"] == 0)
        server.kill()
        assert not client.health_check()
        with pytest.raises(StoreUnavailable, match="does not answer"):
            client.post_finding(finding())
        with servers.plain(appendonly=True, folder=folder):
            assert until(client.health_check)
            assert client.get_findings_for_task("t1") == [doubt]
            assert client.complete_task(held, "after all", token=token)
            taken = client.next_task()
            assert taken is not None
            assert taken.id == posted.id


def test_scripts_are_sent_again_to_a_server_that_forgot_them(plain_server: Server) -> None:
    with bus_client(plain_server, prefix=fresh_prefix()) as client, closing(raw(plain_server)) as node:
        client.post_task(task())
        node.script_flush()
        assert client.post_task(task())


def test_a_server_that_hangs_is_not_waited_for_for_ever(tmp_path_factory: pytest.TempPathFactory) -> None:
    with servers.plain() as server, closing(server.connect(socket_timeout_s=0.5)) as connected:
        client = RedisBusClient(client=connected, prefix=fresh_prefix())
        assert client.health_check()
        server.pause()
        with pytest.raises(StoreUnavailable):
            client.post_task(task())
        assert not client.health_check()
        server.resume()
        assert until(client.health_check)


def test_two_agents_racing_for_one_queue_do_every_task_once(plain_server: Server) -> None:
    prefix = fresh_prefix()
    with bus_client(plain_server, prefix=prefix) as client, closing(raw(plain_server)) as node:
        posted = [task() for _ in range(60)]
        for each in posted:
            client.post_task(each)
        racers = [_spawn.Process(target=work_off, args=(plain_server.url, prefix, str(n))) for n in range(3)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join(60)
        assert node.zcard(keys_of(client).unassigned) == 0
        done = [it.id for it in client.events("0", most=1000) if it.kind == "task_completed"]
    assert sorted(done) == sorted(it.id for it in posted)


def work_off(url: str, prefix: str, name: str) -> None:
    """Complete whatever is next until there is nothing."""
    with RedisBusClient(url=url, prefix=prefix, agent_id=name) as client:
        while taken := client.next_task():
            assert client.complete_task(taken)
