"""That every script is given what its header names: as many keys and as many arguments."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from redis.commands.core import Script

from kitbash.blackboard import scripts
from tests.boards import redis_board
from tests.lua.calls import CALLS
from tests.servers import Server

BESIDE = "only where all keys are on one server"


def told(verb: str, kind: str, *, is_cluster: bool = False) -> int:
    """Return how many keys or arguments a header names; on a cluster, without those that it leaves out."""
    header = [line for line in scripts.source(verb).splitlines() if line.startswith("--")]
    lines = [line for line in header if not (is_cluster and BESIDE in line)]
    return max((int(number) for number in re.findall(rf"\b{kind}\[(\d+)\]", "\n".join(lines))), default=0)


@pytest.mark.parametrize("kind", ["plain", "cluster"])
@pytest.mark.parametrize("verb", CALLS)
def test_it_is_given_as_many_keys_and_arguments_as_its_header_names(
    verb: str, kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    server: Server = request.getfixturevalue(f"{kind}_server")
    given: list[tuple[int, int]] = []
    call: Any = Script.__call__

    def noted(script: Any, keys: Sequence[Any], args: Sequence[Any], client: Any = None) -> Any:
        if script.script == scripts.source(verb):
            given.append((len(keys), len(args)))
        return call(script, keys, args, client)

    monkeypatch.setattr(Script, "__call__", noted)
    with redis_board(server) as board:
        assert CALLS[verb](board)
    ((keys, args),) = given
    assert keys == told(verb, "KEYS", is_cluster=server.is_cluster)
    # `tally` is called with two names: the header shows the first, and that there may be more.
    assert args == told(verb, "ARGV") + (2 if verb == "tally" else 0)
