"""Every script on a cluster, which refuses a key that a script does not declare or that lies in another slot."""

import re
from collections.abc import Generator
from contextlib import closing

import pytest
import redis

from kitbash.blackboard import keys, scripts
from kitbash.blackboard.redis_board import RedisBlackboard
from kitbash.blackboard.scripts import Scripts
from kitbash.domain.ids import new_query_id
from kitbash.domain.layer import Queue
from tests.boards import redis_board
from tests.lua.calls import CALLS, ELSEWHERE
from tests.servers import Server


def _keys_of_query(verb: str) -> int:
    """Return how many keys of one query a script declares."""
    return len(re.findall(r"KEYS\[\d+\] kb:\{q:", scripts.source(verb)))


@pytest.fixture
def board(fresh_cluster: Server) -> Generator[RedisBlackboard]:
    """Return a board on the cluster."""
    with redis_board(fresh_cluster) as board:
        yield board


def ran(server: Server) -> int:
    """Return how many scripts the node has run by now."""
    with closing(server.node()) as node:
        stats = node.info("commandstats")
        return sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("eval", "evalsha"))


def test_every_script_is_called_here() -> None:
    assert {*CALLS, *ELSEWHERE} == set(Scripts.__dataclass_fields__)


@pytest.mark.parametrize("verb", CALLS)
def test_it_runs_on_a_cluster(verb: str, board: RedisBlackboard, cluster_server: Server) -> None:
    before = ran(cluster_server)
    assert CALLS[verb](board)
    assert ran(cluster_server) > before


@pytest.mark.parametrize("verb", [verb for verb in CALLS if _keys_of_query(verb) > 1])
def test_keys_of_two_queries_are_refused(verb: str, cluster_server: Server) -> None:
    source, wanted = scripts.source(verb), _keys_of_query(verb)
    one, other = keys.query_keys(new_query_id()), keys.query_keys(new_query_id())
    with closing(cluster_server.node()) as node, pytest.raises(redis.ResponseError, match="same slot"):
        node.eval(source, wanted, *one[: wanted - 1], other[wanted - 1], *["1"] * 16)


def test_a_key_of_another_slot_built_inside_a_script_is_refused(cluster_server: Server) -> None:
    wrong = "#!lua\nreturn redis.call('EXISTS', 'kb:{q:2}:query')"
    with closing(cluster_server.node()) as node, pytest.raises(redis.ResponseError, match="same slot"):
        node.eval(wrong, 1, "kb:{q:1}:query")


@pytest.mark.parametrize("queue", Queue)
def test_the_keys_of_one_thing_lie_in_one_slot(queue: Queue, cluster_server: Server) -> None:
    with closing(cluster_server.node()) as node:
        of_query = {node.execute_command("CLUSTER", "KEYSLOT", key) for key in keys.query_keys(new_query_id())}
        lane = (keys.slots(queue), keys.workers(queue), keys.dead(queue))
        of_lane = {node.execute_command("CLUSTER", "KEYSLOT", key) for key in lane}
    assert (len(of_query), len(of_lane)) == (1, 1)
